import { jsonDiff } from '@portreeve/contract';
import type { Release } from '../bundle.ts';
import { type FileKind, kindOf } from '../manifest.ts';
import type { Area, ReleaseChange } from './change.ts';

const AREA: Readonly<Record<FileKind, Area>> = {
  code: 'code',
  prompt: 'prompts',
  policy: 'policies',
  test: 'tests',
  'red-team': 'tests',
  'acceptable-use': 'acceptable use',
};
/** Lines of one file that are shown; the rest is counted. */
const LINES_MAX = 400;

/** Files that came, went or changed, each with its lines. Fewer tests loosen; what rules now say is told by their decisions. */
export function fileChanges(before: Pick<Release, 'files'>, after: Pick<Release, 'files'>): ReleaseChange[] {
  const byPath = (files: Release['files']) => new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes)]));
  const [was, is] = [byPath(before.files), byPath(after.files)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((path): ReleaseChange[] => {
    const [old, now] = [was.get(path), is.get(path)];
    if (old && now?.equals(old)) return [];
    const area = AREA[kindOf(path)];
    const word = old === undefined ? 'is new' : now === undefined ? 'is gone' : 'is changed';
    const loosens = area === 'tests' && now === undefined;
    return [{ area, text: `${path} ${word}`, loosens, lines: linesOf(old, now) }];
  });
}

function linesOf(before: Buffer | undefined, after: Buffer | undefined): string[] {
  const [old, now] = [textOf(before), textOf(after)];
  if (old === null || now === null) return ['(not a text)'];
  const lines = jsonDiff(old, now).flatMap((change) => [
    ...(change.kind === 'added' ? [] : [`- ${String(change.before)}`]),
    ...(change.kind === 'removed' ? [] : [`+ ${String(change.after)}`]),
  ]);
  const hidden = lines.length - LINES_MAX;
  return hidden <= 0 ? lines : [...lines.slice(0, LINES_MAX), `(${hidden} lines more)`];
}

function textOf(bytes: Buffer | undefined): string[] | null {
  if (bytes === undefined) return [];
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n');
  } catch {
    return null;
  }
}
