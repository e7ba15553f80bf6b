import type { Long } from './long.ts';

/** An entity's name. Two with the same type and id are the same entity. */
export class EntityRef {
  readonly type: string;
  readonly id: string;
  /** What the request says of it; `null`: it is only named. */
  data: EntityData | null = null;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
  }
}

export const sameEntity = (a: EntityRef, b: EntityRef): boolean => a.id === b.id && a.type === b.type;

export interface EntityData {
  readonly attrs: RecordValue;
  readonly tags: RecordValue;
  /** Everything that it is in, each once, itself left out. */
  readonly ancestors: EntitySet;
}

/** How many members are compared one by one; beyond, they are found by hash. */
const SCANNED_MAX = 8;

/** Entities by name. Most sets are small, where comparing is cheaper than hashing. */
export class EntitySet {
  readonly #refs: EntityRef[] = [];
  #byType: Map<string, Map<string, EntityRef>> | undefined;

  /** In the order in which they were added. */
  get refs(): readonly EntityRef[] {
    return this.#refs;
  }

  find(type: string, id: string): EntityRef | undefined {
    if (this.#byType !== undefined) return this.#byType.get(type)?.get(id);
    for (const ref of this.#refs) if (ref.id === id && ref.type === type) return ref;
    return undefined;
  }

  /** Adds what is not there yet; the caller has looked. */
  add(ref: EntityRef): void {
    this.#refs.push(ref);
    if (this.#byType !== undefined) this.#hash(ref);
    else if (this.#refs.length > SCANNED_MAX) {
      this.#byType = new Map();
      for (const known of this.#refs) this.#hash(known);
    }
  }

  #hash(ref: EntityRef): void {
    const byId = this.#byType!.get(ref.type);
    if (byId === undefined) this.#byType!.set(ref.type, new Map([[ref.id, ref]]));
    else byId.set(ref.id, ref);
  }
}

export type RecordValue = ReadonlyMap<string, Value>;

export class SetValue {
  readonly items: readonly Value[];
  #keys: Set<string> | undefined;

  constructor(items: readonly Value[]) {
    this.items = items;
  }

  has(value: Value): boolean {
    const { items } = this;
    if (items.length <= SCANNED_MAX) {
      for (const item of items) if (equal(item, value)) return true;
      return false;
    }
    this.#keys ??= new Set(items.map(keyOf));
    return this.#keys.has(keyOf(value));
  }

  hasAll(other: SetValue): boolean {
    return other.items.every((item) => this.has(item));
  }
}

/** Ten-thousandths, in 64 bits. */
export class DecimalValue {
  readonly units: bigint;
  constructor(units: bigint) {
    this.units = units;
  }
}

/** Milliseconds since 1970. */
export class DatetimeValue {
  readonly ms: bigint;
  constructor(ms: bigint) {
    this.ms = ms;
  }
}

/** Milliseconds. */
export class DurationValue {
  readonly ms: bigint;
  constructor(ms: bigint) {
    this.ms = ms;
  }
}

/** An address with its prefix; `width` is 32 or 128. */
export class IpValue {
  readonly width: 32 | 128;
  readonly address: bigint;
  readonly prefix: number;
  constructor(width: 32 | 128, address: bigint, prefix: number) {
    this.width = width;
    this.address = address;
    this.prefix = prefix;
  }
}

export type ExtensionValue = DecimalValue | DatetimeValue | DurationValue | IpValue;
export type Value = boolean | Long | string | EntityRef | SetValue | RecordValue | ExtensionValue;

/** Cedar's `==`: structural, and false between different types. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof EntityRef) return b instanceof EntityRef && sameEntity(a, b);
  if (a instanceof SetValue) return b instanceof SetValue && a.hasAll(b) && b.hasAll(a);
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    for (const [name, value] of a) {
      const other = b.get(name);
      if (other === undefined || !equal(value, other)) return false;
    }
    return true;
  }
  return keyOf(a) === keyOf(b);
}

/** A text that two values share exactly when they are equal. */
export function keyOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'number':
    case 'bigint':
      return `n${value};`;
  }
  if (value instanceof EntityRef) return `e${value.type}:${value.id.length}:${value.id}`;
  if (value instanceof SetValue) return `[${[...new Set(value.items.map(keyOf))].sort().join('')}]`;
  if (value instanceof DecimalValue) return `d${value.units};`;
  if (value instanceof DatetimeValue) return `w${value.ms};`;
  if (value instanceof DurationValue) return `l${value.ms};`;
  if (value instanceof IpValue) return `i${value.width}/${value.address}/${value.prefix};`;
  const members = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => keyOf(name) + keyOf(member)).join('')}}`;
}
