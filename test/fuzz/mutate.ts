/** Numbers that look random and are the same for the same seed (mulberry32). */
export function numbersOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Texts that parsers stumble over. */
const NASTY = [
  ...['', '\u0000', '\n', '\r\n', '\u2028', '\ufeff', '\u202e', '\ud800', '\udfff', '\u00e9\u0301', '💥'],
  ...[
    '"',
    "'",
    '\\',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    '&',
    '*',
    '%',
    '/',
    '//',
    '../',
    ':',
    ',',
    '=',
    '+',
    '-',
    '_',
    '#',
  ],
  ...['__proto__', 'constructor', 'toString', 'null', 'true', 'NaN', '-0', '1e999', '9007199254740993', '0x10', '٣'],
  ...[
    'a'.repeat(300),
    '['.repeat(2000),
    '{"a":'.repeat(500),
    '('.repeat(1000),
    ' '.repeat(4000),
    'a.'.repeat(500),
    '\n'.repeat(3000),
  ],
];

/** The most that is tried: what is larger is refused before it is parsed. */
const CHARS_MAX = 20_000;

/** A text with a few things wrong: cut, repeated, swapped, or with something nasty in it. */
export function mutate(seeds: readonly string[], below: (n: number) => number): string {
  let text = seeds[below(seeds.length)] ?? '';
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(text.length + 1);
    const to = Math.min(text.length, at + below(16));
    const part = [
      () => '',
      () => NASTY[below(NASTY.length)]!,
      () => text.slice(at, to).repeat(1 + below(20)),
      () => String.fromCharCode(below(0x10000)),
      () => (seeds[below(seeds.length)] ?? '').slice(below(40)),
      () => [...text.slice(at, to)].reverse().join(''),
    ][below(6)]!();
    text = (text.slice(0, at) + part + text.slice(to)).slice(0, CHARS_MAX);
  }
  return text;
}
