import type { Json, JsonObject } from '@portreeve/contract';
import { type Choices, DRESSES } from '@portreeve/govern';

const DRESS = Object.values(DRESSES);

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
