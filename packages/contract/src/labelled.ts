import { type Label, labelSchema } from './labels.ts';

const values = new WeakMap<object, unknown>();
const lineages = new WeakMap<object, Lineage>();

/** Which labelled value a part was taken from, and by which JSON pointer in all. */
export interface Lineage {
  readonly root: Labelled<unknown>;
  readonly pointer: string;
}

/**
 * A value with its label. The value cannot be read from here: not as a property, not by JSON, not by the inspector.
 * Only `context`, `model` and `gate` may import `@portreeve/contract/open`, which reads it; `test/layers.test.ts`
 * holds them to that.
 */
export class Labelled<out T> {
  declare private readonly brand: T;
  readonly label: Label;

  constructor(value: T, label: Label) {
    const { categories, origins, ...rest } = labelSchema.parse(label);
    this.label = Object.freeze({ ...rest, categories: Object.freeze(categories), origins: Object.freeze(origins) });
    values.set(this, value);
    Object.freeze(this);
  }

  toJSON(): never {
    throw new TypeError('A labelled value has no JSON form: pass it to a prompt or to an action as it is.');
  }

  toString(): string {
    return `Labelled(${this.label.integrity}, ${this.label.confidentiality})`;
  }
}

/**
 * A part of a labelled value, by JSON pointer (RFC 6901), without reading it: the part keeps the whole label. A pointer
 * that leads nowhere gives a labelled `undefined`, which no prompt and no action accepts.
 */
export function at<T = unknown>(labelled: Labelled<unknown>, pointer: string): Labelled<T> {
  if (pointer !== '' && !pointer.startsWith('/')) throw new TypeError('a JSON pointer begins with a slash');
  let node: unknown = readLabelled(labelled);
  for (const raw of pointer.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    node = typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? Reflect.get(node, key) : undefined;
  }
  const part = new Labelled(node as T, labelled.label);
  const { root, pointer: before } = lineageOf(labelled);
  lineages.set(part, { root, pointer: `${before}${pointer}` });
  return part;
}

/** Where a labelled value was taken from by {@link at}; a value that is no part is its own root. Reads nothing of it. */
export function lineageOf(labelled: Labelled<unknown>): Lineage {
  return lineages.get(labelled) ?? { root: labelled, pointer: '' };
}

/** INVARIANT: exported to `open.ts` alone. */
export function readLabelled<T>(labelled: Labelled<T>): T {
  if (!values.has(labelled)) throw new TypeError('not a labelled value');
  return values.get(labelled) as T;
}
