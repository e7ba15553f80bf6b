import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrantInfo } from '@portreeve/verify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFleet } from './fleet.ts';

const grant = { subject: 'prn_analyst', approvers: ['prn_lead'] } as unknown as GrantInfo;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('F9: a host is isolated once for each key, and a late repeat does not isolate it again, also after a restart', async () => {
  const first = await openFleet(folder);
  await first.setIsolation('ws-114', true, 'key-1', grant);
  expect(first.isIsolated('ws-114')).toBe(true);
  await first.setIsolation('ws-114', false, 'key-2', grant);
  await first.close();

  const second = await openFleet(folder);
  await second.setIsolation('ws-114', true, 'key-1', grant);
  expect(second.isIsolated('ws-114')).toBe(false);
  await second.close();
});

test.each([
  ['dc-01', 'protected'],
  ['ws-999', 'unknown_host'],
])('%s is refused as %s and nothing is written down', async (host, code) => {
  const fleet = await openFleet(folder);
  await expect(fleet.setIsolation(host, true, `key-${host}`, grant)).rejects.toMatchObject({ code });
  expect(fleet.isIsolated(host)).toBe(false);
  await fleet.close();
});

test('a rating can be taken off', async () => {
  const fleet = await openFleet(folder);
  await fleet.rate('A-1001', 'critical', 'set-1');
  expect(fleet.severityOf('A-1001')).toBe('critical');
  await fleet.rate('A-1001', null, 'clear-1');
  expect(fleet.severityOf('A-1001')).toBeNull();
  await fleet.close();
});
