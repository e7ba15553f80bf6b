import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SecretStore } from '../ports.ts';
import { SecretStoreError } from '../secrets/store-error.ts';

export interface SecretStoreUnderTest {
  readonly store: SecretStore;
  /** Sets a secret, or puts another value in its place, as whoever rotates it does. */
  put(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** From now on nothing can be read: the server is away, the folder is not readable. */
  break(): Promise<void>;
  close?(): Promise<void>;
}

const CANARY = 'canary-7Hq2-Zz9-"quoted"-\u00fc';

/** What every {@link SecretStore} must do with secrets that stand in it. */
export function secretStoreContract(name: string, make: () => Promise<SecretStoreUnderTest>): void {
  describe(`secret store: ${name}`, () => {
    let under: SecretStoreUnderTest;
    beforeEach(async () => {
      under = await make();
    });
    afterEach(async () => {
      await under.store.close();
      await under.close?.();
    });
    const read = async (secret: string) => (await under.store.fetch(secret))?.value ?? null;

    test('F7: gives a secret as it was set, without a lease, and null for one that is not there', async () => {
      await under.put('case-token', CANARY);
      expect(await under.store.fetch('case-token')).toEqual({ value: CANARY, lease: null });
      expect(await under.store.fetch('other-token')).toBeNull();
    });

    test.each([
      ['several lines', '-----BEGIN X-----\nabc\n-----END X-----'],
      ['an object', '{"password":"p4ss-word","username":"reader"}'],
      ['not ASCII', 'p\u00e4ss w\u00f6rt \u{1f511}'],
      ['32 KiB', 'x'.repeat(32 * 1024)],
    ])('keeps it to the byte: %s', async (_, value) => {
      await under.put('case-token', value);
      expect(await read('case-token')).toBe(value);
    });

    test('the next fetch sees another value, and none once it is removed', async () => {
      await under.put('case-token', 'first-value');
      expect(await read('case-token')).toBe('first-value');
      await under.put('case-token', 'second-value');
      expect(await read('case-token')).toBe('second-value');
      await under.remove('case-token');
      expect(await read('case-token')).toBeNull();
    });

    test('F7: a rotation while others fetch loses none: each gets the old value or the new', async () => {
      const values = Array.from({ length: 12 }, (_, i) => `value-${i}-of-the-secret`);
      await under.put('case-token', values[0]!);
      let done = false;
      const rotating = (async () => {
        for (const value of values) {
          await under.put('case-token', value);
          await read('case-token');
        }
        done = true;
      })();
      const seen: (string | null)[] = [];
      const reader = async () => {
        while (!done) seen.push(await read('case-token'));
      };
      await Promise.all([rotating, ...Array.from({ length: 8 }, reader)]);
      expect(seen.length).toBeGreaterThan(8);
      expect(seen.filter((value) => value === null || !values.includes(value))).toEqual([]);
      expect(await read('case-token')).toBe(values.at(-1));
    });

    test.each(['../outside', '..', '.', '', 'a/b', '/etc/passwd', 'a\\b', 'a\u0000', 'API-KEY', 'a b', 'x'.repeat(65)])(
      'the name %j leads nowhere',
      async (bad) => {
        await expect(under.store.fetch(bad)).rejects.toThrow();
      },
    );

    test('E9: neither the store nor its errors hold a value', async () => {
      await under.put('case-token', CANARY);
      expect(await read('case-token')).toBe(CANARY);
      const parts = ['canary-7Hq2', Buffer.from(CANARY).toString('base64').slice(0, 12)];
      const shown = inspect(under.store, { depth: 20, showHidden: true });
      for (const part of parts) expect(shown).not.toContain(part);
      await under.break();
      const error: unknown = await under.store.fetch('case-token').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SecretStoreError);
      const told = inspect(error, { depth: 20, showHidden: true });
      for (const part of parts) expect(told).not.toContain(part);
      expect((error as Error).cause).toBeUndefined();
    });
  });
}
