import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  type Clock,
  isPortreeveError,
  type KeyId,
  type KeyWrapper,
  KeyWrapperError,
  newId,
  PortreeveError,
  type Purpose,
} from '@portreeve/contract';
import type { KeyStore, StoredKey } from './ports.ts';

const KEY_BYTES = 32;
/** Keys that are held open at once, for sealing and for opening each. */
const OPEN_MAX = 20_000;
/** How long a key is used for sealing without asking whether it is still there, in milliseconds. */
const RECHECK_MS = 30_000;
/**
 * How often this process seals with one key. Nonces are random: at 2^32 uses two would be the same with a chance of
 * 2^-32 (NIST SP 800-38D, 8.3); several processes may use one key.
 */
const USES_MAX = 2 ** 28;

/** What seals one thing: the keys of all whom it is about, joined. */
export interface SealingKey {
  readonly ids: readonly KeyId[];
  readonly key: KeyObject;
}

export interface KeyRing {
  /** The key that seals now what is about these subjects. Made where there is none; at least one subject. */
  sealing(subjects: readonly string[], purpose: Purpose): SealingKey | Promise<SealingKey>;
  /**
   * What opens things sealed by these sets of keys, by {@link setName}. A set is missing where one of its keys is not in
   * the store any more, whatever this process still remembers.
   */
  opening(sets: readonly (readonly KeyId[])[]): Promise<ReadonlyMap<string, KeyObject>>;
  /** Forgets every open key. */
  forget(): void;
}

interface Open {
  readonly id: KeyId;
  readonly key: KeyObject;
  readonly until: number;
  uses: number;
}

export const setName = (ids: readonly KeyId[]): string => ids.join(',');

/** What a wrapped key is bound to. */
export function bindingOf({ id, subject, purpose, period }: Omit<StoredKey, 'root' | 'wrapped'>): string {
  return `portreeve/subject-key/1/${id}/${subject}/${purpose}/${period}`;
}

/** Keys of subjects, opened once and held in memory (envelope encryption). They are never written or shown. */
export function createKeyRing(options: {
  readonly store: KeyStore;
  readonly wrapper: KeyWrapper;
  readonly clock: Clock;
}): KeyRing {
  const { store, wrapper, clock } = options;
  const sealingByName = new Map<string, Open>();
  const making = new Map<string, Promise<Open>>();
  const openById = new Map<KeyId, KeyObject>();
  const joined = new Map<string, KeyObject>();
  /** Counts {@link KeyRing.forget}: what was begun before is not kept. */
  let age = 0;

  const current = (subject: string, purpose: Purpose): Open | Promise<Open> => {
    const now = clock.now();
    const period = now.toISOString().slice(0, 7);
    const name = `${subject} ${purpose} ${period}`;
    const held = sealingByName.get(name);
    if (held && held.uses < USES_MAX && now.getTime() < held.until) {
      held.uses++;
      return held;
    }
    const under_way = making.get(name);
    if (under_way) return under_way;
    const begun = age;
    const made = findOrMake({ subject, purpose, period }, (held?.uses ?? 0) >= USES_MAX)
      .then(({ id, key }) => {
        const open = { id, key, until: clock.now().getTime() + RECHECK_MS, uses: held?.id === id ? held.uses + 1 : 1 };
        if (age === begun) keep(sealingByName, name, open);
        return open;
      })
      .finally(() => making.delete(name));
    making.set(name, made);
    return made;
  };

  async function findOrMake(
    wanted: Pick<StoredKey, 'subject' | 'purpose' | 'period'>,
    worn: boolean,
  ): Promise<{ id: KeyId; key: KeyObject }> {
    const found = worn ? null : await store.newest(wanted.subject, wanted.purpose, wanted.period);
    if (found) return { id: found.id, key: await opened(found) };
    const bytes = randomBytes(KEY_BYTES);
    const id = newId('key', clock);
    const { root, wrapped } = await kept(wrapper.wrap(bytes, bindingOf({ ...wanted, id })));
    await store.insert({ ...wanted, id, root, wrapped });
    const key = createSecretKey(bytes);
    bytes.fill(0);
    keep(openById, id, key);
    return { id, key };
  }

  async function opened(stored: StoredKey): Promise<KeyObject> {
    const held = openById.get(stored.id);
    if (held) return held;
    const begun = age;
    const bytes = await kept(wrapper.unwrap(stored, bindingOf(stored)));
    const key = createSecretKey(bytes);
    if (age === begun) keep(openById, stored.id, key);
    return key;
  }

  function join(keys: readonly Open[]): SealingKey {
    if (keys.length === 1) return { ids: [keys[0]!.id], key: keys[0]!.key };
    const sorted = [...keys].sort((a, b) => (a.id < b.id ? -1 : 1));
    const ids = sorted.map(({ id }) => id);
    return {
      ids,
      key: together(
        ids,
        sorted.map(({ key }) => key),
      ),
    };
  }

  /** INVARIANT: without each single key there is no way to the joined one (HKDF-SHA-256, RFC 5869, over all of them). */
  function together(ids: readonly KeyId[], keys: readonly KeyObject[]): KeyObject {
    if (keys.length === 1) return keys[0]!;
    const name = setName(ids);
    const held = joined.get(name);
    if (held) return held;
    const material = Buffer.concat(keys.map((key) => key.export()));
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', material, '', `portreeve/joined/1/${name}`, KEY_BYTES)));
    material.fill(0);
    keep(joined, name, key);
    return key;
  }

  return {
    sealing(subjects, purpose) {
      const keys = [...new Set(subjects)].map((subject) => current(subject, purpose));
      if (keys.length === 0) throw new TypeError('what nobody is about is sealed for the house');
      // Without a wait where all are held: this stands in the way of every record.
      return keys.every((key) => !(key instanceof Promise)) ? join(keys as Open[]) : Promise.all(keys).then(join);
    },
    async opening(sets) {
      const stored = new Map((await store.get([...new Set(sets.flat())])).map((key) => [key.id, key]));
      const found = new Map<string, KeyObject>();
      for (const ids of sets) {
        const name = setName(ids);
        if (ids.length === 0 || found.has(name)) continue;
        const keys = ids.map((id) => stored.get(id));
        if (keys.some((key) => key === undefined)) {
          joined.delete(name);
          for (const id of ids) if (!stored.has(id)) openById.delete(id);
        } else found.set(name, together(ids, await Promise.all(keys.map((key) => opened(key!)))));
      }
      return found;
    },
    forget() {
      age++;
      sealingByName.clear();
      openById.clear();
      joined.clear();
    },
  };
}

function keep<K, V>(map: Map<K, V>, name: K, value: V): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > OPEN_MAX) map.delete(map.keys().next().value as K);
}

/** INVARIANT: where a key cannot be wrapped or opened nothing is recorded, and so nothing is done (G3). */
export function kept<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((cause: unknown) => {
    if (isPortreeveError(cause)) throw cause;
    const why = cause instanceof KeyWrapperError ? `: ${cause.message}` : '';
    throw new PortreeveError(
      'audit_unavailable',
      `The keeper of the root key does not do what the record needs${why}.`,
      {
        next: 'Bring the keeper back (docs/guides/erase-a-person.md, "Root key"); work continues by itself.',
        cause,
      },
    );
  });
}
