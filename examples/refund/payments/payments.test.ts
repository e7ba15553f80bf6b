import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrantInfo } from '@portreeve/verify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPayments } from './payments.ts';

const grant = { subject: 'prn_clerk', approvers: ['prn_lead'] } as unknown as GrantInfo;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payments-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('F9: an order is paid back once for each key, also after a restart, and never twice', async () => {
  const first = await openPayments(folder);
  await first.refund('R-1001', 2490, 'key-1', grant);
  await first.refund('R-1001', 2490, 'key-1', grant);
  expect(first.openCents('R-1001')).toBe(0);
  await first.close();

  const second = await openPayments(folder);
  await second.refund('R-1001', 2490, 'key-1', grant);
  await expect(second.refund('R-1001', 2490, 'key-2', grant)).rejects.toMatchObject({ code: 'nothing_open' });
  await second.cancel('R-1001', 'key-3', grant);
  expect(second.openCents('R-1001')).toBe(2490);
  await second.close();
});

test.each([
  ['R-1002', 199_900, 'another_sum'],
  ['R-1002', 8899, 'another_sum'],
  ['R-9999', 100, 'unknown_order'],
])('%s with %i cents is refused as %s and nothing is written down', async (order, cents, code) => {
  const payments = await openPayments(folder);
  await expect(payments.refund(order, cents, `key-${order}-${cents}`, grant)).rejects.toMatchObject({ code });
  expect(payments.openCents('R-1002')).toBe(8900);
  await payments.close();
});

test('what was not paid back cannot be taken back', async () => {
  const payments = await openPayments(folder);
  await expect(payments.cancel('R-1003', 'key-9', grant)).rejects.toMatchObject({ code: 'no_refund' });
  await payments.close();
});
