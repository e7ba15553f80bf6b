import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortreeveError } from '@portreeve/contract';

const BUILD_MS = 120_000;

/**
 * The folder with the built console. A published package brings it. In a checkout of the sources it is built once for what
 * the sources are, in a process of its own, into the state folder: seconds, and nothing from the network (docs/decisions).
 * Throws `misconfigured` where it cannot be built.
 */
export async function consoleFolder(stateFolder: string): Promise<string> {
  const root = fileURLToPath(new URL('./', import.meta.resolve('@portreeve/console/package.json')));
  if (!existsSync(join(root, 'index.html'))) return join(root, 'dist');
  const all = join(stateFolder, 'console');
  const folder = join(all, (await digestOfSources(root)).slice(0, 16));
  if (existsSync(join(folder, 'index.html'))) return folder;
  await mkdir(all, { recursive: true, mode: 0o700 });
  const making = `${folder}.${process.pid}`;
  await build(join(root, 'src/bundle/index.ts'), making);
  // Whole or not at all: a start that was interrupted leaves nothing that looks like a console.
  await rm(folder, { recursive: true, force: true });
  await rename(making, folder);
  const old = (await readdir(all)).filter((name) => !folder.endsWith(name));
  await Promise.all(old.map((name) => rm(join(all, name), { recursive: true, force: true })));
  return folder;
}

async function digestOfSources(root: string): Promise<string> {
  const entries = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of [join(root, 'index.html'), join(root, 'package.json'), ...files.sort()])
    hash.update(`${file.slice(root.length)}\n`).update(await readFile(file));
  return hash.digest('hex');
}

function build(script: string, folder: string): Promise<void> {
  return new Promise((done, refuse) => {
    const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'ignore', 'pipe'], timeout: BUILD_MS });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    const failed = (cause: unknown) =>
      refuse(
        new PortreeveError('misconfigured', 'The console could not be built.', {
          next: 'Run `npm ci` in the checkout, or start with --no-console.',
          cause,
        }),
      );
    child.once('error', failed);
    child.once('exit', (code) => (code === 0 ? done() : failed(new Error(said))));
  });
}
