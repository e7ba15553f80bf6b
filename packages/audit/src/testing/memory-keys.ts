import { createSecretKey, type KeyObject } from 'node:crypto';
import {
  type ErasureMark,
  type KeyId,
  type KeyWrapper,
  KeyWrapperError,
  type RunId,
  systemClock,
} from '@portreeve/contract';
import { createKeyRing, type KeyRing } from '../keys/key-ring.ts';
import type { KeyStore, StoredKey } from '../keys/ports.ts';
import { seal, unseal } from '../keys/sealed.ts';
import { type SubjectDirectory, subjectDirectory } from '../keys/subjects.ts';
import { type WordTokens, wordTokens } from '../keys/words.ts';

/** Keys in memory. `erase` is what the real store does in the transaction of an erasure. */
export function memoryKeyStore(): KeyStore & {
  readonly keys: Map<KeyId, StoredKey>;
  readonly runs: Map<RunId, readonly string[]>;
  erase(which: (key: StoredKey) => boolean, mark?: ErasureMark): KeyId[];
} {
  const keys = new Map<KeyId, StoredKey>();
  const erased = new Map<KeyId, ErasureMark>();
  const runs = new Map<RunId, readonly string[]>();
  return {
    keys,
    runs,
    erase(which, mark) {
      const gone = [...keys.values()].filter(which).map(({ id }) => id);
      for (const id of gone) {
        keys.delete(id);
        if (mark) erased.set(id, mark);
      }
      return gone;
    },
    async insert(key) {
      keys.set(key.id, key);
    },
    async newest(subject, purpose, period) {
      const fits = [...keys.values()].filter(
        (key) => key.subject === subject && key.purpose === purpose && key.period === period,
      );
      return fits.at(-1) ?? null;
    },
    get: async (ids) => ids.flatMap((id) => keys.get(id) ?? []),
    marks: async (ids) => new Map(ids.flatMap((id) => (erased.has(id) ? [[id, erased.get(id)!] as const] : []))),
    async declare(_tx, run, _workflow, subjects) {
      runs.set(run, subjects);
    },
    subjectsOf: async (run) => [...(runs.get(run) ?? [])],
    wrappedOtherwise: async (root, limit) =>
      [...keys.values()]
        .filter((key) => key.root !== root)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    async rewrap(changes) {
      let there = 0;
      for (const change of changes) {
        const key = keys.get(change.id);
        if (!key) continue;
        keys.set(key.id, { ...key, ...change });
        there++;
      }
      return there;
    },
  };
}

/** Root keys in memory, one after the other, the same in every test: what one wraps, another opens. */
export function memoryKeyWrapper(): KeyWrapper & { fail(failing: boolean): void } {
  const rootOf = (n: number): KeyObject => createSecretKey(Buffer.alloc(32, n));
  const roots = new Map([['memory:1', rootOf(1)]]);
  let made = 1;
  let failing = false;
  const newest = () => [...roots.keys()].at(-1)!;
  const wrapper: ReturnType<typeof memoryKeyWrapper> = {
    fail(now) {
      failing = now;
    },
    root: async () => newest(),
    rewrap: async (key, binding) => wrapper.wrap(await wrapper.unwrap(key, binding), binding),
    async wrap(key, binding) {
      if (failing) throw new KeyWrapperError('the keeper does not answer');
      const root = newest();
      return { root, wrapped: seal(roots.get(root)!, binding, Buffer.from(key).toString('base64url')) };
    },
    async unwrap({ root, wrapped }, binding) {
      if (failing) throw new KeyWrapperError('the keeper does not answer');
      const key = roots.get(root);
      const text = key ? unseal(key, binding, wrapped) : null;
      if (text === null) throw new KeyWrapperError('the root key does not open it');
      return Buffer.from(text, 'base64url');
    },
    async rotate() {
      made++;
      roots.set(`memory:${made}`, rootOf(made));
      return newest();
    },
    async retire() {
      for (const root of [...roots.keys()].slice(0, -1)) roots.delete(root);
    },
    close: async () => undefined,
  };
  return wrapper;
}

/** All that a log needs for sealing: in memory, or with keys in a given store. */
export function testKeys<S extends KeyStore>(
  store: S,
): {
  readonly store: S;
  readonly wrapper: ReturnType<typeof memoryKeyWrapper>;
  readonly ring: KeyRing;
  readonly subjects: SubjectDirectory;
  readonly words: WordTokens;
} {
  const wrapper = memoryKeyWrapper();
  return {
    store,
    wrapper,
    ring: createKeyRing({ store, wrapper, clock: systemClock }),
    subjects: subjectDirectory(store),
    words: wordTokens(Buffer.alloc(32, 8)),
  };
}

export const memoryKeys = () => testKeys(memoryKeyStore());
