import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../repository.ts';

/** A code block of a page that people read. */
export interface Block {
  /** From the root of the repository. */
  readonly file: string;
  /** Where its fence opens, from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language, such as `in=config`: how it is tried. A word without `=` has an empty value. */
  readonly words: ReadonlyMap<string, string>;
  /** Without the indentation that a list gives it. */
  readonly text: string;
}

/** Not the generated reference, nor the decisions, which are dated. */
const PAGES = ['README.md', 'docs/*.md', 'docs/{concepts,guides,how-to}/*.md', 'examples/*/README.md'];

export const pages: readonly { readonly file: string; readonly text: string }[] = globSync(PAGES, { cwd: ROOT })
  .map((file) => file.replaceAll('\\', '/'))
  .sort()
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

export const blocks: readonly Block[] = pages.flatMap(({ file, text }) =>
  [...text.matchAll(/^( *)```([\w-]*)([^\n]*)\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = '', language = '', words = '', body = ''], index, all) => ({
      file,
      line: text.slice(0, all[index]!.index).split('\n').length,
      language,
      words: wordsOf(words),
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  ),
);

function wordsOf(text: string): Map<string, string> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return new Map(words.map((word) => [word.split('=', 1)[0]!, word.slice(word.indexOf('=') + 1)]));
}

/** For messages, and as the name of what is made of it. */
export const placeOf = ({ file, line }: Block): string => `${file}:${line}`;

/** The project that a file of the repository belongs to, and the file's place in it. */
export function projectOf(path: string): { readonly project: string; readonly inside: string } {
  const parts = path.split('/');
  for (let count = parts.length - 1; count > 0; count--) {
    const project = parts.slice(0, count).join('/');
    if (existsSync(join(ROOT, project, 'portreeve.config.ts')))
      return { project, inside: parts.slice(count).join('/') };
  }
  throw new Error(`${path} lies in no project`);
}
