import { draft, fixedClock, SYSTEM_ACTOR, type Tx, type UnitOfWork } from '@portreeve/contract';
import { expect, test } from 'vitest';
import type { StagedRecord } from './ports.ts';
import { memoryKeys } from './testing/memory-keys.ts';
import { createAuditWriter, createRedactor } from './writer.ts';

const TX = {} as Tx;
const uow: UnitOfWork = { transaction: (fn) => fn(TX) };
const started = draft({
  type: 'system.stopped',
  actor: SYSTEM_ACTOR,
  data: { reason: 'mail dana@customer.example' },
  key: 'k',
});

function writer(stage: (tx: Tx, log: string, records: readonly StagedRecord[]) => Promise<void>) {
  return createAuditWriter({
    ...{ store: { stage }, uow, clock: fixedClock('2026-11-21T12:00:00.000Z') },
    redactor: createRedactor({ key: Buffer.alloc(32, 1) }),
    keys: memoryKeys(),
    routes: { main: 'portreeve.test/audit', originByWorkflow: new Map() },
  });
}

test('F7 G5: a process that only adds stages its records, redacted, in the transaction of the change', async () => {
  const staged: [Tx, string, readonly StagedRecord[]][] = [];
  const { append, record } = writer(async (...call) => void staged.push(call));
  await append(TX, []);
  expect(staged).toEqual([]);
  await append(TX, [started]);
  await record([started]);
  expect(staged.map(([tx, log, records]) => [tx === TX, log, records.length])).toEqual([
    [true, 'portreeve.test/audit', 1],
    [true, 'portreeve.test/audit', 1],
  ]);
  const [only] = staged[0]![2];
  expect(only).toMatchObject({ key: 'k', entry: expect.stringContaining('"type":"system.stopped"') });
  expect(only!.payload).not.toContain('dana@customer.example');
});

test('G3: what cannot be written is said, so that nothing is done', async () => {
  const { append, record } = writer(async () => {
    throw new Error('connection refused');
  });
  for (const written of [append(TX, [started]), record([started])])
    await expect(written).rejects.toMatchObject({ code: 'audit_unavailable' });
});
