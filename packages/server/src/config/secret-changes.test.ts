import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordSecretChanges, withNote } from './secret-changes.ts';

let stateFolder: string;
beforeEach(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'portreeve-changes-'));
});
afterEach(() => rm(stateFolder, { recursive: true, force: true }));

const clock = fixedClock('2026-11-20T12:00:00.000Z');
const note = (change: 'set' | 'removed' | 'rotated', secret: string | null) => {
  clock.advance(1000);
  return withNote(stateFolder, { change, secret, clock }, async () => 'done');
};

test('G1: changes of the keystore go on record once, oldest first, by name alone', async () => {
  expect(await note('set', 'case-token')).toBe('done');
  await note('rotated', null);
  await note('removed', 'case-token');
  const audit = memoryAuditWriter();
  const options = { stateFolder, audit, uow: memoryUnitOfWork(audit) };
  expect(await recordSecretChanges(options)).toBe(3);
  expect(await recordSecretChanges(options)).toBe(0);
  expect(audit.of('secret.changed').map(({ data }) => [data.change, data.secret])).toEqual([
    ['set', 'case-token'],
    ['rotated', null],
    ['removed', 'case-token'],
  ]);
  expect(await readdir(join(stateFolder, 'secrets', 'changes'))).toEqual([]);
});

test('a note that cannot be recorded stays, and a change that failed leaves none', async () => {
  await note('set', 'case-token');
  const failing = withNote(stateFolder, { change: 'set', secret: 'other', clock }, async () => {
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  const audit = memoryAuditWriter();
  const options = { stateFolder, audit, uow: memoryUnitOfWork(audit) };
  audit.failWith(new Error('the database is away'));
  await expect(recordSecretChanges(options)).rejects.toThrow('the database is away');
  audit.failWith(null);
  expect(await recordSecretChanges(options)).toBe(1);
});
