import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { buildConsole } from '@portreeve/console/bundle';
import { addDemo } from './demo.ts';
import { publishedManifest } from './manifest.ts';
import { type Published, publishedPackages, ROOT, ships } from './packages.ts';

const run = promisify(execFile);
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/**
 * Builds every package into `OUT/packages/FOLDER`, each as it is published: `package.json`, `dist`, what it reads at run
 * time, licence and read-me. Nothing is written into the sources. Rejects with what the compiler said.
 */
export async function build(out: string): Promise<readonly Published[]> {
  await rm(out, { recursive: true, force: true });
  const js = join(out, 'js');
  for (const project of ['tsconfig.build.json', 'tsconfig.types.json']) await compile(project, js);
  const packages = publishedPackages();
  for (const each of packages) await stage(each, js, packageFolder(out, each));
  const folderOf = (folder: string) => join(out, 'packages', folder, 'dist');
  await buildConsole(folderOf('console'));
  await addDemo(join(js, 'examples'), join(folderOf('cli'), 'demo'));
  await rm(js, { recursive: true });
  return packages;
}

export function packageFolder(out: string, { folder }: Published): string {
  return join(out, 'packages', folder);
}

async function compile(project: string, outDir: string): Promise<void> {
  const args = [TSC, '-p', project, '--outDir', outDir];
  await run(process.execPath, args, { cwd: ROOT }).catch((error: { stdout?: string }) => {
    throw new Error(`tsc -p ${project}:\n${error.stdout}`, { cause: error });
  });
}

async function stage(each: Published, js: string, to: string): Promise<void> {
  const from = join(ROOT, 'packages', each.folder);
  await mkdir(to, { recursive: true });
  const wanted = (root: string) => (path: string) => ships(each.folder, relative(root, path).replaceAll('\\', '/'));
  if (each.folder !== 'console') {
    await copyFiles(join(from, 'src'), join(to, 'dist'), (path) => ships(each.folder, path) && !/\.tsx?$/.test(path));
    await copyFiles(
      join(js, 'packages', each.folder, 'src'),
      join(to, 'dist'),
      (path) => ships(each.folder, path) && (each.isPublic || path.endsWith('.js')),
    );
  }
  for (const name of each.beside) await cp(join(from, name), join(to, name), { recursive: true, filter: wanted(from) });
  await cp(join(ROOT, 'LICENSE'), join(to, 'LICENSE'));
  await writeFile(join(to, 'README.md'), await readMe(each, from));
  await writeFile(join(to, 'package.json'), `${JSON.stringify(publishedManifest(each), null, 2)}\n`);
}

async function copyFiles(from: string, to: string, wanted: (path: string) => boolean): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = relative(from, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (entry.isFile() && wanted(path)) await cp(join(from, path), join(to, path));
  }
}

async function readMe({ name, manifest }: Published, from: string): Promise<string> {
  return readFile(join(from, 'README.md'), 'utf8').catch(
    () =>
      `# ${name}\n\n${manifest.description}\n\nA part of \`portreeve\`, which installs it. Nothing is promised to who imports it.\n`,
  );
}
