import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortreeveError } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import type { GlobalOptions } from '../session.ts';

const TEMPLATE = fileURLToPath(new URL('../../template/', import.meta.url));
/** npm leaves files of this name out of a package. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

export function addInit(
  program: Command,
  run: (
    action: (options: GlobalOptions, folder: string | undefined) => Promise<number>,
  ) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('init')
    .description('make a small project with one workflow, whose check and tests pass')
    .argument('[folder]', 'where to', '.')
    .action(run(init));
}

async function init(options: GlobalOptions, folder = '.'): Promise<number> {
  const root = resolve(folder);
  const files = await templateFiles();
  await refuseTaken(root, files);
  for (const { from, to } of files) {
    const place = join(root, to);
    await mkdir(dirname(place), { recursive: true });
    // Nothing that has come in between is overwritten either.
    await writeFile(place, await readFile(from), { flag: 'wx' });
  }
  const made = files.map(({ to }) => to);
  if (options.json) console.log(JSON.stringify({ folder: root, files: made }));
  else print(root, made);
  return EXIT.done;
}

interface TemplateFile {
  readonly from: string;
  /** Relative to the project, `/` between the parts. */
  readonly to: string;
}

async function templateFiles(): Promise<TemplateFile[]> {
  const entries = await readdir(TEMPLATE, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const from = join(entry.parentPath, entry.name);
      const path = relative(TEMPLATE, from).replaceAll('\\', '/');
      return { from, to: RENAMED[path] ?? path };
    })
    .sort((a, b) => (a.to < b.to ? -1 : 1));
}

/** Throws before anything is written where the target is no folder, or holds one of the files already. */
async function refuseTaken(root: string, files: readonly TemplateFile[]): Promise<void> {
  const found = await stat(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new PortreeveError('bad_request', `${root} cannot be used: ${error.code ?? error.message}.`, {
      next: 'Name a folder that you may write to.',
      cause: error,
    });
  });
  if (found === null) return;
  if (!found.isDirectory())
    throw new PortreeveError('bad_request', `${root} is no folder.`, {
      next: 'Name a folder, or one that is not there yet.',
    });
  const taken: string[] = [];
  for (const { to } of files) if (await stat(join(root, to)).catch(() => null)) taken.push(to);
  if (taken.length > 0)
    throw new PortreeveError(
      'conflict',
      `${root} has ${taken.slice(0, 3).join(', ')} already, and nothing is overwritten.`,
      {
        next: 'Name an empty folder: portreeve init my-workflows',
      },
    );
}

function print(root: string, files: readonly string[]): void {
  console.log(`${style('green', '✓')} ${printable(root)}`);
  for (const file of files) console.log(`  ${file}`);
  const there = relative(process.cwd(), root);
  console.log(`
Next${there === '' ? '' : `, in ${printable(there)}`}
  portreeve check    is it sound, and what does it lack to go live
  portreeve test     its tests, in memory
  portreeve up       start it here`);
}
