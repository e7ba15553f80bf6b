import { createSecretKey, randomBytes } from 'node:crypto';
import { fixedClock, isPortreeveError, type KeyId } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryKeyStore, memoryKeyWrapper } from '../testing/index.ts';
import { createKeyRing, setName } from './key-ring.ts';
import { seal, sealedSize, unseal } from './sealed.ts';

const made = (at = '2026-11-20T08:00:00.000Z') => {
  const [store, wrapper, clock] = [memoryKeyStore(), memoryKeyWrapper(), fixedClock(at)];
  return { store, wrapper, clock, ring: createKeyRing({ store, wrapper, clock }) };
};

describe('G6: sealing', () => {
  test('opens at its own place alone, whole and unchanged', () => {
    const key = createSecretKey(randomBytes(32));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.nat(), (text, binding, at) => {
        const sealed = seal(key, binding, text);
        expect(unseal(key, binding, sealed)).toBe(text);
        expect(sealed.length).toBe(sealedSize(Buffer.byteLength(text)));
        expect(unseal(key, `${binding}x`, sealed)).toBeNull();
        expect(unseal(createSecretKey(randomBytes(32)), binding, sealed)).toBeNull();
        const bytes = Buffer.from(sealed, 'base64url');
        bytes[at % bytes.length]! ^= 1;
        expect(unseal(key, binding, bytes.toString('base64url'))).toBeNull();
        expect(unseal(key, binding, bytes.subarray(0, at % 28).toString('base64url'))).toBeNull();
      }),
      { seed: 20261121 },
    );
  });
});

describe('G6: the key ring', () => {
  test('one key a subject, purpose and month; asked for once, however many ask at once', async () => {
    const { ring, store, clock } = made();
    const all = await Promise.all(Array.from({ length: 10 }, () => ring.sealing(['prn_a'], 'work')));
    expect(new Set(all.map(({ ids }) => setName(ids))).size).toBe(1);
    expect(ring.sealing(['prn_a'], 'work')).not.toBeInstanceOf(Promise);
    await ring.sealing(['prn_a'], 'access');
    await ring.sealing(['prn_b'], 'work');
    expect(store.keys.size).toBe(3);
    clock.set('2026-12-01T00:00:00.000Z');
    await ring.sealing(['prn_a'], 'work');
    expect([...store.keys.values()].map(({ period }) => period)).toEqual(['2026-11', '2026-11', '2026-11', '2026-12']);
    // Another process takes the one that is there.
    await createKeyRing({ store, wrapper: memoryKeyWrapper(), clock }).sealing(['prn_a'], 'work');
    expect(store.keys.size).toBe(4);
  });

  test('what is about two opens with both keys alone', async () => {
    const { ring, store } = made();
    const both = await ring.sealing(['prn_a', 'prn_b'], 'work');
    const same = await ring.sealing(['prn_b', 'prn_a'], 'work');
    expect(same.ids).toEqual(both.ids);
    const sealed = seal(both.key, 'x', 'text');
    const single = await ring.sealing(['prn_a'], 'work');
    expect(unseal(single.key, 'x', sealed)).toBeNull();
    const opening = () => ring.opening([both.ids, single.ids]);
    expect(unseal((await opening()).get(setName(both.ids))!, 'x', sealed)).toBe('text');
    store.erase(({ subject }) => subject === 'prn_b');
    expect([...(await opening()).keys()]).toEqual([setName(single.ids)]);
  });

  test('a key that is gone from the store opens nothing, whatever is remembered; a new one takes its place', async () => {
    const { ring, store, clock } = made();
    const first = await ring.sealing(['prn_a'], 'work');
    store.erase(() => true);
    expect((await ring.opening([first.ids])).size).toBe(0);
    clock.set('2026-11-20T08:01:00.000Z');
    const second = await ring.sealing(['prn_a'], 'work');
    expect(second.ids).not.toEqual(first.ids);
    ring.forget();
    store.erase(() => true);
    expect((await ring.sealing(['prn_a'], 'work')).ids).not.toEqual(second.ids);
  });

  test('G3: where the keeper of the root key does not answer nothing is sealed', async () => {
    const { ring, wrapper, store } = made();
    const key = await ring.sealing(['prn_a'], 'work');
    wrapper.fail(true);
    ring.forget();
    const unavailable = (error: unknown) => isPortreeveError(error, 'audit_unavailable');
    await expect(ring.sealing(['prn_b'], 'work')).rejects.toSatisfy(unavailable);
    await expect(ring.opening([key.ids])).rejects.toSatisfy(unavailable);
    expect(store.keys.size).toBe(1);
    wrapper.fail(false);
    expect((await ring.opening([key.ids])).size).toBe(1);
  });

  test('a wrapped key in the place of another one does not open', async () => {
    const { ring, store } = made();
    const [a, b] = [await ring.sealing(['prn_a'], 'work'), await ring.sealing(['prn_b'], 'work')];
    const [idA, idB] = [a.ids[0] as KeyId, b.ids[0] as KeyId];
    store.keys.set(idA, { ...store.keys.get(idA)!, wrapped: store.keys.get(idB)!.wrapped });
    ring.forget();
    await expect(ring.opening([a.ids])).rejects.toThrow(/root key/);
  });
});
