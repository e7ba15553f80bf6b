import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PortreeveError, type ReleaseReport, releaseReportSchema } from '@portreeve/contract';
import {
  diffReleases,
  type OpenedRelease,
  type Release,
  type ReleaseChange,
  type ReleaseFile,
  readBundle,
  type Sbom,
  sbomOf,
  sealReport,
  toldTo,
  writeBundle,
} from '@portreeve/govern';
import { baselinePolicies } from '@portreeve/policy';
import { publicKeysByName, releaseSigner } from '../config/keys.ts';
import { loadProject, type Project, type ProjectWorkflow } from '../config/project.ts';

const BUNDLE_BYTES_MAX = 128 * 1024 * 1024;

export interface ProjectRelease {
  readonly workflow: string;
  readonly version: string;
  readonly release: string;
}

export interface BuiltRelease extends ProjectRelease {
  /** The bundle, as it is written to a file. */
  readonly text: string;
  readonly signed_by: string | null;
  readonly files: number;
  /** Null where there is no lockfile to read it from. */
  readonly components: number | null;
}

/** The release that each workflow of a project is now. */
export async function projectReleases(folder: string): Promise<ProjectRelease[]> {
  return (await loadProject(folder)).workflows.map(named);
}

/**
 * The bundle of a workflow as its files are now, signed with the release key of a state folder, or unsigned where none is
 * given. The same files and key give the same bytes.
 */
export async function buildRelease(
  folder: string,
  workflow: string | undefined,
  stateFolder: string | null,
): Promise<BuiltRelease> {
  const project = await loadProject(folder);
  const loaded = chosen(project, workflow);
  assertWhole(loaded);
  const release = await releaseOf(project, loaded);
  const signer = stateFolder === null ? null : await releaseSigner(resolve(stateFolder));
  return {
    ...named(loaded),
    text: writeBundle(release, signer),
    signed_by: signer?.id ?? null,
    files: loaded.files.length,
    components: release.sbom?.components.length ?? null,
  };
}

/** What is loaded from a bundle finds no file beside it. */
function assertWhole({ definition, outside }: ProjectWorkflow): void {
  if (outside.length === 0) return;
  const errors = outside.map(({ file, imports }) => ({ path: file, message: `imports ${imports}` }));
  throw new PortreeveError(
    'misconfigured',
    `${definition.contract.name} imports files from outside of its folder, which no release of it would hold: ${errors.map(({ path, message }) => `${path} ${message}`).join(', ')}.`,
    { next: 'Move them into the folder, or make them a package and import it by its name.', errors },
  );
}

/** Reads a bundle. `keys`: the `x` of public keys of Ed25519 whose signatures are looked for. */
export async function openRelease(file: string, keys: readonly string[] = []): Promise<OpenedRelease> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new PortreeveError('not_found', `There is no file ${file}.`, { cause });
  });
  if (size > BUNDLE_BYTES_MAX)
    throw new PortreeveError('too_large', `${file} has more than ${BUNDLE_BYTES_MAX} bytes.`);
  return readBundle(await readFile(file, 'utf8'), publicKeysByName(keys));
}

/** A report of a file, signed with the release key of a state folder. Throws `bad_request` for what is none. */
export async function sealReportFile(
  file: string,
  stateFolder: string,
): Promise<{ readonly release: string; readonly text: string; readonly signed_by: string }> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PortreeveError('not_found', `There is no file ${file}.`, { cause });
  });
  const report = reportOf(text, file);
  const signer = await releaseSigner(stateFolder);
  return { release: report.release, text: sealReport(report, signer), signed_by: signer.id };
}

function reportOf(text: string, file: string): ReleaseReport {
  try {
    return releaseReportSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PortreeveError('bad_request', `${file} is no report on a release.`, {
      next: 'Write one with `portreeve test --report FILE` or `portreeve redteam --report FILE`.',
      cause,
    });
  }
}

/** What changes between two releases, each a bundle or a project's folder (as its files are now). */
export async function compareReleases(before: string, after: string, workflow?: string): Promise<ReleaseChange[]> {
  const read = async (given: string, name: string | undefined): Promise<Release> => {
    const at = resolve(given);
    if (!(await stat(at).catch(() => null))?.isDirectory()) return openRelease(at);
    const project = await loadProject(at);
    return releaseOf(project, chosen(project, name));
  };
  // A bundle knows which workflow it is; a project may have several.
  const [first, second] = await Promise.all(
    [before, after].map(async (path) =>
      (await stat(resolve(path)).catch(() => null))?.isDirectory() ? null : read(path, workflow),
    ),
  );
  const name = workflow ?? (first ?? second)?.manifest.contract.name;
  // Who has the files has what they declare.
  return toldTo(diffReleases(first ?? (await read(before, name)), second ?? (await read(after, name))), true);
}

async function releaseOf(project: Project, loaded: ProjectWorkflow): Promise<Release> {
  const { manifest, files, release } = loaded;
  return { id: release, manifest, files, baseline: baselineFiles(), sbom: await sbomFor(project, loaded) };
}

function chosen(project: Project, workflow: string | undefined): ProjectWorkflow {
  const { workflows } = project;
  const found =
    workflow === undefined && workflows.length === 1
      ? workflows[0]
      : workflows.find(({ definition }) => definition.contract.name === workflow);
  if (found) return found;
  const names = workflows.map(({ definition }) => definition.contract.name).join(', ');
  throw new PortreeveError(
    'unknown_workflow',
    workflow === undefined ? 'This project has several workflows.' : `There is no workflow ${workflow} here.`,
    { next: `Name one of: ${names}.` },
  );
}

const named = ({ definition, release }: ProjectWorkflow): ProjectRelease => ({
  workflow: definition.contract.name,
  version: definition.contract.version,
  release,
});

function baselineFiles(): ReleaseFile[] {
  return Object.values(baselinePolicies())
    .flat()
    .map(({ file, text }) => ({ path: `baseline/${basename(file)}`, bytes: Buffer.from(text, 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** From the nearest lockfile, upwards of the project. */
async function sbomFor({ folder }: Project, { definition }: ProjectWorkflow): Promise<Sbom | null> {
  for (let at = folder; ; at = dirname(at)) {
    const lock = await readFile(join(at, 'package-lock.json'), 'utf8').catch(() => null);
    if (lock !== null) return sbomOf(definition.contract, lock);
    if (dirname(at) === at) return null;
  }
}
