import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock, isPortreeveError } from '@portreeve/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileKeyWrapper } from './file-wrapper.ts';

describe('G6: root keys in a file', () => {
  let folder: string;
  let file: string;
  const clock = fixedClock('2026-11-21T03:00:00.000Z');
  const key = Buffer.alloc(32, 1);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-root-'));
    file = join(folder, 'keys', 'root-keys.json');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = () => fileKeyWrapper({ file, clock });

  test('wraps and unwraps; many that begin at once share one root key', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open().wrap(key, 'place')));
    expect(new Set(all.map(({ root }) => root)).size).toBe(1);
    for (const wrapped of all) expect(await open().unwrap(wrapped, 'place')).toEqual(key);
    await expect(open().unwrap(all[0]!, 'elsewhere')).rejects.toThrow('does not open');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(JSON.stringify(all)).not.toContain(JSON.parse(text)[0].key);
  });

  test('rotates: what earlier root keys wrapped opens until they are retired, a minute later at the least', async () => {
    const one = open();
    const wrapped = await one.wrap(key, 'place');
    const other = open();
    await other.unwrap(wrapped, 'place');
    expect(await one.rotate()).not.toBe(wrapped.root);
    // A process that knew the old root key wraps with the new one.
    expect((await other.wrap(key, 'place')).root).toBe(await one.root());
    await one.retire();
    expect(await open().unwrap(wrapped, 'place')).toEqual(key);
    clock.set('2026-11-21T03:02:00.000Z');
    await one.retire();
    await expect(open().unwrap(wrapped, 'place')).rejects.toThrow('does not open');
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveLength(1);
  });

  test('a file that is damaged or cannot be read stops; no new root key takes its place', async () => {
    await open().root();
    await writeFile(file, '[]');
    await expect(open().root()).rejects.toSatisfy((error) => isPortreeveError(error, 'misconfigured'));
    expect(await readFile(file, 'utf8')).toBe('[]');
    await chmod(file, 0o644);
    await expect(open().root()).rejects.toThrow(/others/);
  });
});
