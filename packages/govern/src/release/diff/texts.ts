import { jsonDiff, type PlantedCase } from '@portreeve/contract';
import type { Release } from '../bundle.ts';
import { type FileKind, kindOf } from '../manifest.ts';
import type { Area, ReleaseChange } from './change.ts';
import { withoutPlanted } from './planted.ts';

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

/**
 * Files that came, went or changed, each with its lines. Fewer tests loosen; what rules now say is told by their decisions.
 * `planted`: cases that both declare, which not everybody is shown.
 */
export function fileChanges(
  before: Pick<Release, 'files'>,
  after: Pick<Release, 'files'>,
  planted: readonly PlantedCase[] = [],
): ReleaseChange[] {
  const byPath = (files: Release['files']) => new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes)]));
  const [was, is] = [byPath(before.files), byPath(after.files)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((path): ReleaseChange[] => {
    const [old, now] = [was.get(path), is.get(path)];
    if (old && now?.equals(old)) return [];
    const area = AREA[kindOf(path)];
    const word = old === undefined ? 'is new' : now === undefined ? 'is gone' : 'is changed';
    const loosens = area === 'tests' && now === undefined;
    const same = area === 'prompts' && old && now ? versionKept(old, now) : null;
    const kept = same === null ? '' : `, its version (${same}) is not: records of the two cannot be told apart by it`;
    const change = { area, text: `${path} ${word}${kept}`, loosens };
    const [left, right] = [textOf(old), textOf(now)];
    if (left === null || right === null) return [{ ...change, lines: ['(not a text)'] }];
    const lines = linesOf(left, right);
    const whole = planted.length === 0 || lines.length === 0 || !DECLARING.has(area);
    const told = whole ? lines : toldLines(left, right, planted);
    if (told.join('\n') === lines.join('\n')) return [{ ...change, lines }];
    return [
      { ...change, lines, told_to: 'overseers' },
      { ...change, lines: told, told_to: 'others' },
    ];
  });
}

/** Where cases may be declared: rules and prompts cannot. */
const DECLARING: ReadonlySet<Area> = new Set(['code', 'tests']);

function toldLines(before: string, after: string, planted: readonly PlantedCase[]): string[] {
  const [old, now] = [withoutPlanted(before, planted), withoutPlanted(after, planted)];
  const lines = old === null || now === null ? [] : linesOf(old, now);
  return lines.length > 0 ? lines : ['(lines that show planted cases: auditors and administrators are told them)'];
}

/** The version that a prompt's head says before and after a change (requirement D1); null where it is another, or none. */
function versionKept(before: Buffer, after: Buffer): string | null {
  const [was, is] = [before, after].map((bytes) => {
    const text = bytes.toString('utf8');
    const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
    // Of a module nothing is run: what it says of its version stands in it as a text, or is not told.
    const version = head === undefined ? /^\s*version:[ \t]*["']([^"']+)["']/m : /^version:[ \t]*["']?([^"'\s#]+)/m;
    return version.exec(head ?? text)?.[1] ?? null;
  });
  return was !== undefined && was === is ? was : null;
}

function linesOf(before: string, after: string): string[] {
  const [old, now] = [before, after].map((text) => (text === '' ? [] : text.split('\n'))) as [string[], string[]];
  const lines = jsonDiff(old, now).flatMap((change) => [
    ...(change.kind === 'added' ? [] : [`- ${String(change.before)}`]),
    ...(change.kind === 'removed' ? [] : [`+ ${String(change.after)}`]),
  ]);
  const hidden = lines.length - LINES_MAX;
  return hidden <= 0 ? lines : [...lines.slice(0, LINES_MAX), `(${hidden} lines more)`];
}

function textOf(bytes: Buffer | undefined): string | null {
  if (bytes === undefined) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
