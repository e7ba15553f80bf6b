import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock } from '@portreeve/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AccessKeyring, type CreatedKey, openAccessKeyring } from './access-keys.ts';

const clock = fixedClock('2026-11-02T09:00:00.000Z');
const HOUR_MS = 3_600_000;
let folder: string;
let created: CreatedKey[];
beforeEach(async () => {
  clock.set('2026-11-02T09:00:00.000Z');
  folder = await mkdtemp(join(tmpdir(), 'portreeve-access-keys-'));
  created = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (): Promise<AccessKeyring> =>
  openAccessKeyring({ stateFolder: folder, environment: 'test', clock, key_days: 10, key_overlap_hours: 24 });
const file = () => join(folder, 'keys', 'access-tokens.json');
const record = async (key: CreatedKey) => {
  created.push(key);
};
const kids = (ring: AccessKeyring) => ring.keys().map(({ kid }) => kid);

test('B4: the first start makes a key, which the next one reads; only its owner may', async () => {
  const ring = await open();
  expect(ring.keys()).toEqual([]);
  await ring.rotate(record);
  expect(created).toEqual([{ purpose: 'access-token', key_id: kids(ring)[0], public_key: expect.any(String) }]);
  expect(kids(ring)[0]).toMatch(/^at-/);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  const again = await open();
  await again.rotate(record);
  expect(kids(again)).toEqual(kids(ring));
  expect(created).toHaveLength(1);
});

test('B4: a successor is published a day before it signs, and the old key goes when its tokens have expired', async () => {
  const ring = await open();
  await ring.rotate(record);
  clock.advance(9 * 24 * HOUR_MS);
  await ring.rotate(record);
  expect(created).toHaveLength(1);
  clock.advance(1);
  await ring.rotate(record);
  const [first, second] = ring.keys();
  expect(ring.keys()).toHaveLength(2);
  expect(second?.not_before).toBe(first?.not_after);
  await ring.rotate(record);
  expect(ring.keys()).toHaveLength(2);
  clock.set(first!.not_after);
  clock.advance(900_000 - 1);
  await ring.rotate(record);
  expect(ring.keys()).toHaveLength(2);
  clock.advance(1);
  await ring.rotate(record);
  expect(kids(ring)).toEqual([second!.kid]);
  expect(JSON.parse(await readFile(file(), 'utf8'))).toHaveLength(1);
});

test('J2 B4: a key with the id of a version before signs nothing more, and its tokens are good until they expire', async () => {
  await (await open()).rotate(record);
  const [key] = JSON.parse(await readFile(file(), 'utf8'));
  await writeFile(file(), JSON.stringify([{ ...key, kid: 'at-11qYAYKxCrfV' }]));
  clock.advance(HOUR_MS);
  const ring = await open();
  await ring.rotate(record);
  const now = clock.now().toISOString();
  expect(ring.keys()).toMatchObject([{ kid: 'at-11qYAYKxCrfV', not_after: now }, { not_before: now }]);
  expect(kids(ring)[1]).toMatch(/^at-[A-Za-z0-9_-]{43}$/);
  expect(created.map(({ key_id }) => key_id)).toEqual([key.kid, kids(ring)[1]]);
  clock.advance(900_000);
  await ring.rotate(record);
  expect(kids(ring)).toEqual([created[1]?.key_id]);
  expect(created).toHaveLength(2);
});

test('after a long stop the new key signs at once', async () => {
  const ring = await open();
  await ring.rotate(record);
  clock.advance(100 * 24 * HOUR_MS);
  await ring.rotate(record);
  expect(ring.keys()).toHaveLength(1);
  expect(ring.keys()[0]?.not_before).toBe(clock.now().toISOString());
});

test('INV3: a key that cannot be recorded is not made', async () => {
  const ring = await open();
  await expect(ring.rotate(() => Promise.reject(new Error('the disk is full')))).rejects.toThrow('disk');
  expect(ring.keys()).toEqual([]);
  await expect(stat(file())).rejects.toThrow();
});

test.each([
  'broken',
  '[{"kid":"x"}]',
  '[{"kid":"x","environment":"test","not_before":"2026-11-02T09:00:00Z","not_after":"2026-12-02T09:00:00Z","pem":"no key"}]',
])('a file that is not usable is named, and its content is not: %s', async (text) => {
  await (await open()).rotate(record);
  await writeFile(file(), text);
  const error = await open().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'misconfigured', detail: expect.stringContaining(file()) });
  expect(String((error as Error).cause ?? '')).toBe('');
});
