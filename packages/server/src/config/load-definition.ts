import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import {
  bindingFaults,
  type Digest,
  dryRunFault,
  fieldErrors,
  historyProblems,
  PortreeveError,
  type ProjectConfig,
  sourceContractSchema,
  toolContractSchema,
  type WorkflowDefinition,
  workflowContractSchema,
} from '@portreeve/contract';
import {
  PROJECT_POLICIES,
  RELEASE_BYTES_MAX,
  RELEASE_FILES_MAX,
  type ReleaseFile,
  type ReleaseManifest,
  releaseId,
  releaseManifest,
} from '@portreeve/govern/manifest';
import { z } from 'zod';
import { CORE } from '../version.ts';
import { importDefault } from './load-config.ts';
import { moduleFile } from './module-file.ts';
import { assertOneCopy } from './one-copy.ts';
import { type OutsideImport, watchImports } from './outside-imports.ts';

/** A workflow's code and contracts, and the release that all of it together is. */
export interface Definition {
  readonly folder: string;
  readonly definition: WorkflowDefinition;
  readonly release: Digest;
  readonly manifest: ReleaseManifest;
  readonly files: readonly ReleaseFile[];
  /** What the workflow's `ACCEPTABLE_USE.md` says; null without one. */
  readonly acceptable_use: string | null;
  /** Code that it imports and that the release does not hold. */
  readonly outside: readonly OutsideImport[];
}

/** What the releases of a project have in common. */
export interface SharedParts {
  readonly models: ProjectConfig['models'];
  /** The project's own `policies/`, where it has some. */
  readonly policies: readonly ReleaseFile[];
}

export async function sharedParts(root: string, { models }: Pick<ProjectConfig, 'models'>): Promise<SharedParts> {
  const folder = join(root, 'policies');
  const policies = (await stat(folder).catch(() => null)) ? await filesIn(folder) : [];
  return { models, policies: policies.map(({ path, bytes }) => ({ path: PROJECT_POLICIES + path, bytes })) };
}

/** Loads the `workflow.ts` of a folder. Throws `misconfigured` with file and field. */
export async function loadDefinition(folder: string, shared: SharedParts): Promise<Definition> {
  const file = moduleFile(folder, 'workflow');
  assertOneCopy(file);
  const outside = watchImports(folder);
  const definition = parseDefinition(await importDefault(file), file);
  const files = [...(await filesIn(folder)), ...shared.policies];
  const manifest = releaseManifest({ portreeve: CORE, definition, models: shared.models, files });
  return {
    ...{ folder, definition, files, manifest },
    acceptable_use: acceptableUse(files),
    // Read again when all is loaded: a prompt may be a module too.
    get outside() {
      return outside();
    },
    release: releaseId(manifest),
  };
}

const ACCEPTABLE_USE_BYTES_MAX = 50_000;

function acceptableUse(files: readonly ReleaseFile[]): string | null {
  const file = files.find(({ path }) => path === 'ACCEPTABLE_USE.md');
  if (!file) return null;
  if (file.bytes.length > ACCEPTABLE_USE_BYTES_MAX)
    throw new PortreeveError('misconfigured', 'ACCEPTABLE_USE.md is too long to be read by anybody.');
  return new TextDecoder().decode(file.bytes);
}

const partsSchema = z.object({ tools: z.array(toolContractSchema), sources: z.array(sourceContractSchema) });

/** Everything behind this relies on the contracts, whether or not the SDK has made them (requirements A3, F2). */
function parseDefinition(exported: unknown, file: string): WorkflowDefinition {
  const { contract: head, run, tools, sources } = (exported ?? {}) as Partial<WorkflowDefinition>;
  const contract = workflowContractSchema.safeParse(head);
  if (typeof head !== 'object' || head === null || typeof run !== 'function') {
    throw new PortreeveError('misconfigured', `${file} exports no workflow.`, {
      next: 'Export `defineWorkflow({ … })` of @portreeve/sdk by default.',
    });
  }
  if (!contract.success) {
    const errors = fieldErrors(contract.error);
    throw new PortreeveError('misconfigured', `${file}: ${errors[0]?.path} ${errors[0]?.message}`, { errors });
  }
  const parts = partsSchema.safeParse({ tools, sources });
  if (!parts.success) {
    const errors = fieldErrors(parts.error);
    throw new PortreeveError('misconfigured', `${file}: ${errors[0]?.path} ${errors[0]?.message}`, { errors });
  }
  const faults = [
    ...historyProblems(contract.data.history, parts.data.tools),
    ...parts.data.tools.flatMap((tool) =>
      bindingFaults(tool).map(({ path, message }) => ({ path: `${tool.name}.${path}`, message })),
    ),
    ...parts.data.tools.flatMap((tool) => {
      const message = dryRunFault(tool, parts.data.tools);
      return message === null ? [] : [{ path: `${tool.name}.dry_run`, message }];
    }),
  ];
  if (faults.length > 0) {
    throw new PortreeveError('misconfigured', `${file}: ${faults[0]?.path}: ${faults[0]?.message}`, { errors: faults });
  }
  return { contract: contract.data, ...parts.data, run };
}

/** Every file of a folder, sorted by its path in it. */
export async function filesIn(folder: string): Promise<ReleaseFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (paths.length > RELEASE_FILES_MAX) {
    throw new PortreeveError('misconfigured', `${basename(folder)} holds more than ${RELEASE_FILES_MAX} files.`);
  }
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  if (sizes.reduce((sum, size) => sum + size, 0) > RELEASE_BYTES_MAX) {
    throw new PortreeveError('misconfigured', `${basename(folder)} holds more than ${RELEASE_BYTES_MAX} bytes.`, {
      next: 'Keep data that no release consists of outside of the folder of the workflow.',
    });
  }
  const files = await Promise.all(
    paths.map(async (path) => ({
      path: relative(folder, path).replaceAll('\\', '/'),
      bytes: await readFile(path),
    })),
  );
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
