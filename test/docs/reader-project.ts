import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from '../repository.ts';
import { temporaryFolder } from '../support/processes.ts';

/** An empty project as a reader has it: ours and other packages are found by the names under which they are published. */
export async function readerProject(): Promise<string> {
  const folder = await temporaryFolder();
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
  return folder;
}

/** A copy of a project of the repository, in which a reader may try things. */
export async function copyOf(project: string): Promise<string> {
  const folder = await readerProject();
  await cp(join(ROOT, project), folder, {
    recursive: true,
    filter: (from) => !/\/(node_modules|\.portreeve|package\.json)$/.test(from),
  });
  // What a release lists as installed.
  await cp(join(ROOT, 'package-lock.json'), join(folder, 'package-lock.json'));
  return folder;
}

export async function put(folder: string, path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const MARK = /^( *)(?:\/\/|#) the block: (members|statements)$/m;

/** A block put where `test/docs/around/PATH` has its mark. */
export async function putAround(path: string, block: string): Promise<string> {
  const around = await readFile(join(ROOT, 'test/docs/around', path), 'utf8');
  const [mark, , form] = MARK.exec(around) ?? [];
  if (mark === undefined) throw new Error(`test/docs/around/${path} has no mark`);
  const text = block.trim();
  const isMember = form === 'members' && path.endsWith('.ts') && !/,(\s*\/\/.*)?$/.test(text);
  return around.replace(mark, () => (isMember ? `${text},` : text));
}
