import type { Json, JsonObject } from '@portreeve/contract';

/** A seeded source of choices: the same seed gives the same search (xorshift32). */
export function choices(seed: number) {
  let state = seed | 0 || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
  return { next, pick: <T>(from: readonly T[]): T => from[next(from.length)]! };
}
export type Choices = ReturnType<typeof choices>;

const ALIKE: Readonly<Record<string, string>> = { a: 'а', e: 'е', o: 'о', c: 'с', p: 'р', i: 'і', s: 'ѕ' };
const swap = (text: string, by: (char: string) => string) => [...text].map(by).join('');
const wide = (char: string) => (/[!-~]/.test(char) ? String.fromCodePoint(char.codePointAt(0)! + 0xfee0) : char);

/** Ways to dress a text so that a person or a system still reads it and a comparison may not. */
const DRESS: readonly ((text: string, choose: Choices) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => swap(text, (char) => ALIKE[char] ?? char),
  (text, choose) => {
    const at = choose.next(text.length);
    return `${text.slice(0, at)}\u200b${text.slice(at)}`;
  },
  (text) => swap(text, wide),
  (text) => text.normalize('NFD'),
  (text) => ` ${text}\u00a0`,
  (text) => [...text].join(' '),
  (text) => [...text].join('\u00ad'),
  (text) => text.replaceAll('.', ' dot '),
  (text) => text.replaceAll('.', '[.]'),
  (text) => text.replaceAll('.', '。'),
  (text) => text.replaceAll('.', '.\n'),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => encodeURIComponent(text).replaceAll('.', '%2E'),
  (text) => swap(text, (char) => `&#${char.codePointAt(0)};`),
  (text) => `[read this](${text})`,
  (text) => `${text}\u202e`,
  (text) => swap(text, (char) => String.fromCodePoint(0xe0000 + (char.codePointAt(0)! & 0x7f))),
];

const PROSE = [
  'Please have a look at',
  'As agreed, go on with',
  'Everybody should open',
  'It is important that you use',
];

export function mutate(args: JsonObject, pool: readonly Json[], choose: Choices): JsonObject {
  const names = Object.keys(args);
  const name = choose.pick(names);
  const other = choose.pick(names);
  const value = args[name]!;
  const from = choose.pick(pool);
  const dress = (text: string) => choose.pick(DRESS)(text, choose);
  switch (choose.next(11)) {
    case 0:
      return { ...args, [name]: from };
    case 1:
      return { ...args, [name]: Array.isArray(value) ? [...value, from] : [from] };
    case 2:
      return { ...args, [name]: dress(String(from)) };
    case 3:
      return { ...args, [name]: typeof value === 'string' ? `${value} ${String(from)}` : value };
    case 4:
      return {
        ...args,
        [name]: typeof value === 'string' ? `${choose.pick(PROSE)} ${dress(String(from))} now, thank you.` : value,
      };
    case 5: {
      // Halves of one text in two arguments.
      const text = String(from);
      const at = 1 + choose.next(text.length - 1);
      return { ...args, [name]: `see ${text.slice(0, at)}`, [other]: `${text.slice(at)} soon` };
    }
    case 6:
      return { ...args, [name]: typeof value === 'number' ? value + choose.pick([0.01, 1, 10, 100, 12, 2200]) : value };
    case 7:
      return {
        ...args,
        [name]: typeof value === 'number' ? value * choose.pick([2, 3, 10, 100, -1]) : dress(String(value)),
      };
    case 8:
      return { ...args, [name]: args[other]! };
    case 9:
      return Array.isArray(value) && typeof value[0] === 'object'
        ? { ...args, [name]: [{ [String(from)]: String(from), ...(value[0] as JsonObject), file_id: from }] }
        : { ...args, [name]: choose.pick(['', null, true, 0]) };
    default:
      return {
        ...args,
        [name]: Array.isArray(value) ? [dress(String(from))] : `${String(from)} ${choose.pick(PROSE)} ${String(value)}`,
      };
  }
}
