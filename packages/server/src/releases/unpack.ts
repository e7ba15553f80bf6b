import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOfText, PortreeveError } from '@portreeve/contract';
import type { OpenedRelease } from '@portreeve/govern';
import { PROJECT_POLICIES, type ReleaseFile } from '@portreeve/govern/manifest';
import { filesIn } from '../config/load-definition.ts';

/** Where the files of a release lie once they are unpacked: the folder of its workflow, and that of a project's policies. */
const WORKFLOW = 'workflow';
const POLICIES = 'policies';

/**
 * Writes the files of a release under its digest, and gives the folder. Files that lie there already are read and compared:
 * where one is missing, too many or another, all are written anew, so that what is loaded is what was signed.
 */
export async function unpackRelease(release: OpenedRelease, root: string, project: string): Promise<string> {
  const folder = join(root, release.id.slice('sha256:'.length));
  const wanted = placesOf(release.files);
  if (!(await holds(folder, wanted))) {
    const fresh = join(root, `.${randomBytes(8).toString('hex')}`);
    for (const { path, bytes } of wanted) {
      await mkdir(dirname(join(fresh, path)), { recursive: true, mode: 0o700 });
      await writeFile(join(fresh, path), bytes, { mode: 0o600 });
    }
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
    if (!(await holds(folder, wanted)))
      throw new PortreeveError('release_broken', `The files of ${release.id} do not stay as they were written.`);
  }
  await linkPackages(root, project);
  return folder;
}

export const workflowFolder = (folder: string): string => join(folder, WORKFLOW);

function placesOf(files: readonly ReleaseFile[]): ReleaseFile[] {
  return files
    .map(({ path, bytes }) => ({
      path: path.startsWith(PROJECT_POLICIES)
        ? `${POLICIES}/${path.slice(PROJECT_POLICIES.length)}`
        : `${WORKFLOW}/${path}`,
      bytes,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function holds(folder: string, wanted: readonly ReleaseFile[]): Promise<boolean> {
  if (!(await stat(folder).catch(() => null))) return false;
  const found = await filesIn(folder);
  return (
    found.length === wanted.length &&
    found.every(
      ({ path, bytes }, n) => path === wanted[n]?.path && digestOfText(bytes) === digestOfText(wanted[n].bytes),
    )
  );
}

/** The packages that the project's own workflows are loaded with; what is unpacked finds them by going up. */
async function linkPackages(root: string, project: string): Promise<void> {
  const packages = await packagesOf(project);
  if (packages === null) return;
  await symlink(packages, join(root, 'node_modules'), 'dir').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function packagesOf(project: string): Promise<string | null> {
  for (let at = project; ; at = dirname(at)) {
    const packages = join(at, 'node_modules');
    if (await stat(join(packages, '@portreeve')).catch(() => null)) return packages;
    if (dirname(at) === at) return null;
  }
}
