/** Deeper values are refused: they come from outside, and reading them must not exhaust the stack. */
const DEPTH_MAX = 64;

/**
 * The RFC 8785 (JCS) text of a JSON value: members sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them. Throws a `TypeError` for what JSON cannot carry faithfully: `undefined`, NaN, infinities, lone
 * surrogates, objects that are not plain, and anything deeper than 64 levels.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypeError(`deeper than ${DEPTH_MAX} levels`);
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('a number is not finite');
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
      return writeObject(value, depth);
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`);
  }
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('not a plain object');
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${writeString(key)}:${write(item, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a string holds a lone surrogate');
  return JSON.stringify(text);
}
