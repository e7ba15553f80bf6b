import type { ChangePiece, Json, PlantedCase } from '@portreeve/contract';

/*
 * Planted cases test those who review releases, too (requirement H7). A difference that shows one is told twice: in full to
 * who oversees, and to everybody else without the case.
 */

/** The pieces of a change as somebody may read them. */
export const toldTo = <T extends Pick<ChangePiece, 'told_to'>>(pieces: readonly T[], oversees: boolean): T[] =>
  pieces.filter(({ told_to }) => told_to === undefined || (told_to === 'overseers') === oversees);

/** What stands for the lines of a declaration, so that nothing of it is a difference. */
const IN_PLACE = '(planted cases)';

/** Shorter words of an argument stand in any code, and tell nothing. */
const TELLING_CHARS_MIN = 12;

/**
 * The text of a file without the lines that declare cases; null where a case is shown elsewhere in it, or it cannot be told
 * where the declaration ends: then no line of it may be told.
 */
export function withoutPlanted(text: string, cases: readonly PlantedCase[]): string | null {
  const kept: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(/\bplanted['"]?\s*:\s*\[/g)) {
    if (index < from) continue;
    const end = endOfList(text, text.indexOf('[', index));
    if (end === null) return null;
    const start = text.lastIndexOf('\n', index) + 1;
    const next = text.indexOf('\n', end);
    kept.push(text.slice(from, Math.max(from, start)), `${IN_PLACE}\n`);
    from = next < 0 ? text.length : next + 1;
  }
  const rest = kept.join('') + text.slice(from);
  return shows(rest, cases) ? null : rest;
}

/** Where a list of TypeScript ends, by its brackets; those in texts and comments do not count. */
function endOfList(text: string, start: number): number | null {
  const tokens = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[[\]'"`]/g;
  tokens.lastIndex = start;
  let depth = 0;
  for (let found = tokens.exec(text); found; found = tokens.exec(text)) {
    const [token] = found;
    // A text that does not end: what follows is not understood.
    if (token === "'" || token === '"' || token === '`') return null;
    if (token === '[') depth++;
    if (token === ']' && --depth === 0) return found.index;
  }
  return null;
}

/** Whether a text names a case, or has the words of one; how they are quoted, broken or put together does not matter. */
function shows(text: string, cases: readonly PlantedCase[]): boolean {
  const said = wordsOf(text);
  return cases.some(({ id, wrong, args }) => {
    if (["'", '"', '`'].some((quote) => text.includes(quote + id + quote))) return true;
    const telling = [wrong, ...stringsIn(args)].map(wordsOf).filter(({ length }) => length >= TELLING_CHARS_MIN);
    return telling.some((words) => said.includes(words));
  });
}

const wordsOf = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, '');

function stringsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(stringsIn) : [];
}
