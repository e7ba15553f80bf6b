import type { Choices } from './choices.ts';

/** Repeats of `*`, `+` and open ranges. */
const REPEATS_MAX = 6;
const DEPTH_MAX = 8;
const SHORTHANDS: Readonly<Record<string, string>> = {
  d: '0123456789',
  w: 'abcdefghijklmnopqrstuvwxyz0123456789',
  s: ' ',
  S: 'x',
  D: 'x',
};

/**
 * A text that a pattern of a schema accepts, for the part of the language that schemas use for identifiers: literals,
 * classes, groups, alternatives and repeats. Whoever calls it checks the text against the pattern; `null` where the pattern
 * has something else.
 */
export function textOfPattern(pattern: string, choose: Choices): string | null {
  const reader = { text: pattern, at: 0 };
  const written = alternatives(reader, choose, 0);
  return written !== null && reader.at === pattern.length ? written : null;
}

interface Reader {
  readonly text: string;
  at: number;
}
const peek = (reader: Reader): string => reader.text[reader.at] ?? '';
const take = (reader: Reader): string => reader.text[reader.at++] ?? '';

function alternatives(reader: Reader, choose: Choices, depth: number): string | null {
  const all: string[] = [];
  do {
    const one = sequence(reader, choose, depth);
    if (one === null) return null;
    all.push(one);
  } while (peek(reader) === '|' && take(reader));
  return choose.pick(all);
}

function sequence(reader: Reader, choose: Choices, depth: number): string | null {
  let written = '';
  while (reader.at < reader.text.length && !'|)'.includes(peek(reader))) {
    const start = reader.at;
    const first = piece(reader, choose, depth);
    if (first === null) return null;
    const end = reader.at;
    const times = repeats(reader, choose);
    const after = reader.at;
    // Each repeat chooses anew.
    for (let n = 0; n < times; n++) {
      reader.at = start;
      written += n === 0 ? first : (piece(reader, choose, depth) ?? '');
    }
    reader.at = Math.max(after, end);
  }
  return written;
}

function piece(reader: Reader, choose: Choices, depth: number): string | null {
  const char = take(reader);
  if (char === '^' || char === '$') return '';
  if (char === '.') return 'x';
  if (char === '[') return classOf(reader, choose);
  if (char === '\\') {
    const escaped = take(reader);
    const set = SHORTHANDS[escaped];
    return set === undefined ? escaped : choose.pick([...set]);
  }
  if (char !== '(') return char;
  if (depth === DEPTH_MAX) return null;
  if (reader.text.startsWith('?:', reader.at)) reader.at += 2;
  else if (peek(reader) === '?') return null;
  const inner = alternatives(reader, choose, depth + 1);
  return take(reader) === ')' ? inner : null;
}

function classOf(reader: Reader, choose: Choices): string | null {
  const end = reader.text.indexOf(']', reader.at);
  const inside = reader.text.slice(reader.at, end);
  if (end === -1 || inside.startsWith('^')) return null;
  reader.at = end + 1;
  const members = [...inside.replace(/\\([dws])/g, (_, name: string) => SHORTHANDS[name] ?? '').replaceAll('\\', '')];
  const chars: string[] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at]!;
    const to = members[at + 2];
    if (members[at + 1] !== '-' || to === undefined) chars.push(from);
    else {
      for (let code = from.codePointAt(0)!; code <= to.codePointAt(0)!; code++) chars.push(String.fromCodePoint(code));
      at += 2;
    }
  }
  return chars.length === 0 ? null : choose.pick(chars);
}

function repeats(reader: Reader, choose: Choices): number {
  const sign = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/.exec(reader.text.slice(reader.at));
  if (!sign) return 1;
  reader.at += sign[0].length;
  const least = sign[1] === undefined ? (sign[0] === '+' ? 1 : 0) : Number(sign[1]);
  const open = sign[0] === '?' ? 1 : Math.max(least, REPEATS_MAX);
  const most = sign[1] === undefined ? open : sign[2] === undefined ? least : Number(sign[3] || open);
  return least + choose.next(Math.min(most, Math.max(least, REPEATS_MAX)) - least + 1);
}
