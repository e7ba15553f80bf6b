import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageFolder } from './build.ts';
import { lockFile, productionClosure } from './closure.ts';
import { type Published, ROOT } from './packages.ts';
import { sha256Of } from './provenance.ts';

const run = promisify(execFile);

/** Who runs in the image: a number, so that Kubernetes can see that it is not root. */
const IMAGE_USER = 10_001;
/** What stands under `/etc`: nobody can sign in, and names are looked up in files, then DNS. */
const ETC: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/:/none\nportreeve:x:${IMAGE_USER}:${IMAGE_USER}:portreeve:/var/lib/portreeve:/none\n`,
  group: `root:x:0:\nportreeve:x:${IMAGE_USER}:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/**
 * The whole file system of the image, in `OUT/rootfs`: the Node that runs this, the libraries that it is linked with, our
 * packages and what they depend on at the versions of the lock file, and nothing else. No shell, no package manager, no
 * PostgreSQL. `OUT/state` is the empty state folder, which belongs to the image's user. Gives the path.
 */
export async function assembleImage(out: string, packages: readonly Published[]): Promise<string> {
  const root = join(out, 'rootfs');
  await rm(root, { recursive: true, force: true });
  await addNode(root);
  const modules = join(root, 'app/node_modules');
  for (const each of packages) await cp(packageFolder(out, each), join(modules, each.name), { recursive: true });
  for (const path of dependencyPaths(packages)) await copyDependency(path, join(root, 'app', path));
  await cp(join(ROOT, 'deploy/take-files.mjs'), join(root, 'app/take-files.mjs'));
  await mkdir(join(root, 'etc'));
  for (const [name, text] of Object.entries(ETC)) await writeFile(join(root, 'etc', name), text);
  for (const folder of ['app/project', 'tmp', 'proc', 'dev', 'sys', 'run/secrets', 'run/portreeve', 'var/lib'])
    await mkdir(join(root, folder), { recursive: true });
  await mkdir(join(out, 'state'), { recursive: true, mode: 0o700 });
  await chmod(join(root, 'tmp'), 0o1777);
  return root;
}

/** Every file of the image with its SHA-256, one a line, as `sha256sum --check` reads them at its root. */
export async function imageSums(root: string): Promise<string> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const lines = [];
  for (const file of files.sort()) lines.push(`${await sha256Of(file)}  .${file.slice(root.length)}\n`);
  return lines.join('');
}

/** Of the bundle's parts none: they are in the bundle. Of the platforms' parts none: Node is there, PostgreSQL is elsewhere. */
function dependencyPaths(packages: readonly Published[]): readonly string[] {
  const installed = packages.filter(({ folder }) => folder !== 'console');
  const closure = productionClosure(installed, lockFile(), { platforms: false });
  return [...closure.keys()].filter((path) => existsSync(join(ROOT, path)));
}

/** A package without what is installed below it, which has a path of its own. */
async function copyDependency(path: string, to: string): Promise<void> {
  const from = join(ROOT, path);
  const nested = join(from, 'node_modules');
  await cp(from, to, {
    recursive: true,
    filter: (file) => file !== nested && !/\.(d\.[cm]?ts|map)$/.test(file),
  });
}

async function addNode(root: string): Promise<void> {
  const place = join(root, 'usr/bin/node');
  await mkdir(dirname(place), { recursive: true });
  await cp(process.execPath, place, { dereference: true });
  await chmod(place, 0o755);
  const { stdout } = await run('ldd', [process.execPath]);
  // `name => /path (address)`, or `/path (address)` for the loader itself.
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map((match) => match[1]!);
  if (libraries.length === 0) throw new Error(`ldd found no libraries of ${process.execPath}:\n${stdout}`);
  for (const library of libraries) {
    await mkdir(dirname(join(root, library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
}
