import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrantInfo } from '@portreeve/verify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDesk } from './desk.ts';

const grant = { subject: 'prn_agent', approvers: ['prn_lead'] } as unknown as GrantInfo;
const reply = { ticket: 'T-1001', to: 'dana@customer.example', body: 'Hello.', summary: ['A question.'] };
const labels = { category: 'billing', urgency: 'low', language: 'english' };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mail-desk-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('F9: a reply is sent once for each key, and a used grant stays used, also after a restart', async () => {
  const first = await openDesk(folder);
  expect(await first.replay.use('jti-1', new Date('2026-11-20T10:00:00Z'))).toBe(true);
  const [one, two] = await Promise.all([first.send(reply, 'key-1', grant), first.send(reply, 'key-1', grant)]);
  expect(two).toEqual(one);
  await first.close();

  const second = await openDesk(folder);
  expect(await second.replay.use('jti-1', new Date('2026-11-20T10:00:00Z'))).toBe(false);
  expect(await second.send(reply, 'key-1', grant)).toEqual(one);
  expect(second.stateOf('T-1001').replies).toEqual([one]);
  expect(second.stateOf('T-1002').replies).toEqual([]);
  await second.close();
});

test('a classification can be taken off, and a late repeat does not bring it back', async () => {
  const desk = await openDesk(folder);
  await desk.classify('T-1002', labels, 'set-1');
  expect(desk.stateOf('T-1002').classification).toEqual(labels);
  await desk.classify('T-1002', null, 'clear-1');
  await desk.classify('T-1002', labels, 'set-1');
  expect(desk.stateOf('T-1002').classification).toBeNull();
  await desk.close();
});
