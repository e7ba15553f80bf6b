import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { secretStoreContract } from '../testing/secret-store-contract.ts';
import { type Keystore, openKeystore } from './keystore.ts';

const make = async () => {
  const base = await mkdtemp(join(tmpdir(), 'portreeve-keystore-'));
  const folder = join(base, 'secrets');
  const identityFile = join(base, 'keys', 'secrets.identity');
  const open = (environment: 'test' | 'production' = 'test') => openKeystore({ folder, identityFile, environment });
  return { base, folder, identityFile, open };
};

secretStoreContract('embedded keystore', async () => {
  const { base, identityFile, open } = await make();
  const store = open();
  return {
    store,
    put: (name, value) => store.set(name, value),
    remove: async (name) => void (await store.remove(name)),
    break: () => rm(identityFile),
    close: () => rm(base, { recursive: true, force: true }),
  };
});

describe('the keystore', () => {
  let here: Awaited<ReturnType<typeof make>>;
  let store: Keystore;
  beforeEach(async () => {
    here = await make();
    store = here.open();
  });
  afterEach(() => rm(here.base, { recursive: true, force: true }));
  const read = async (name: string) => (await store.fetch(name))?.value;

  test('E9: files for the owner alone, with nothing of a secret in them', async () => {
    await store.set('case-token', 'canary-of-the-keystore');
    expect(await store.list()).toEqual(['case-token']);
    for (const path of [here.folder, join(here.base, 'keys')]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const path of [here.identityFile, join(here.folder, 'case-token.age')])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    const sealed = await readFile(join(here.folder, 'case-token.age'));
    expect(sealed.toString('latin1')).toMatch(/^age-encryption\.org\/v1\n/);
    expect(sealed.includes('canary')).toBe(false);
    expect(await readdir(here.folder)).toEqual(['case-token.age']);
  });

  test('an identity that others can read is refused', async () => {
    await store.set('case-token', 'a');
    await chmod(here.identityFile, 0o640);
    await expect(store.fetch('case-token')).rejects.toMatchObject({
      code: 'misconfigured',
      next: expect.stringContaining('chmod 600'),
    });
  });

  test('a file in the place of another, of another environment, or damaged is refused', async () => {
    await store.set('case-token', 'a');
    await store.set('other-token', 'b');
    await copyFile(join(here.folder, 'other-token.age'), join(here.folder, 'case-token.age'));
    await expect(store.fetch('case-token')).rejects.toThrow('holds another one');
    await writeFile(join(here.folder, 'other-token.age'), 'age-encryption.org/v1\nnothing');
    await expect(store.fetch('other-token')).rejects.toThrow('is not encrypted to this keystore');
  });

  test('B6: a secret that was set for one environment is refused by another', async () => {
    await store.set('case-token', 'a');
    await expect(here.open('production').fetch('case-token')).rejects.toThrow(
      'the secret case-token was set for test and not for production',
    );
  });

  test('a rotation of the root identity keeps every secret, and the old identity opens none', async () => {
    await store.set('case-token', 'a');
    await store.set('other-token', 'b');
    const old = await readFile(here.identityFile, 'utf8');
    expect(await store.rotate()).toBe(2);
    expect(await read('case-token')).toBe('a');
    expect(await readFile(here.identityFile, 'utf8')).not.toContain(old.trim());
    await writeFile(here.identityFile, old, { mode: 0o600 });
    await expect(store.fetch('case-token')).rejects.toThrow('is not encrypted to this keystore');
  });

  test('a rotation that a crash cut short is finished by the next', async () => {
    await store.set('case-token', 'a');
    await store.set('other-token', 'b');
    const file = join(here.folder, 'other-token.age');
    const whole = await readFile(file);
    await writeFile(file, 'broken');
    await expect(store.rotate()).rejects.toThrow('is not encrypted');
    expect(await read('case-token')).toBe('a');
    await writeFile(file, whole);
    expect(await read('other-token')).toBe('b');
    expect(await store.rotate()).toBe(2);
    expect([await read('case-token'), await read('other-token')]).toEqual(['a', 'b']);
    expect((await readFile(here.identityFile, 'utf8')).trim().split('\n')).toHaveLength(1);
  });

  test('F7: rotations of the root identity while others fetch and set lose none', async () => {
    await store.set('case-token', 'a');
    const fetching = Array.from({ length: 40 }, () => read('case-token'));
    const writers = [1, 2, 3].map((i) => store.set(`new-${i}`, `value-${i}`));
    await Promise.all([...writers, store.rotate(), store.rotate(), ...fetching]);
    expect(new Set(await Promise.all(fetching))).toEqual(new Set(['a']));
    for (const i of [1, 2, 3]) expect(await read(`new-${i}`)).toBe(`value-${i}`);
  });

  test('a lock that a dead process left is taken over', async () => {
    await store.set('case-token', 'a');
    // A process id beyond the largest that the kernel gives.
    await writeFile(join(here.folder, '.lock'), '4194305');
    await store.set('case-token', 'b');
    expect(await read('case-token')).toBe('b');
  });

  test.each([
    ['nothing', ''],
    ['too much', 'x'.repeat(64 * 1024 + 1)],
    ['a lone surrogate', '\ud800'],
  ])('%s is no secret', async (_, value) => {
    await expect(store.set('case-token', value)).rejects.toMatchObject({ code: 'bad_request' });
  });

  test('what is not there cannot be removed', async () => {
    expect(await store.remove('case-token')).toBe(false);
    await expect(store.remove('../x')).rejects.toThrow();
    await expect(store.set('../x', 'y')).rejects.toThrow();
  });
});
