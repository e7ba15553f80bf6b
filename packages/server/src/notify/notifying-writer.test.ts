import { type AuditWriter, draft, fixedClock, SYSTEM_ACTOR } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { expect, test } from 'vitest';
import { notifyingWriter } from './notifying-writer.ts';

test('G1: what concerns nobody is recorded where it was wanted: next, or behind what was committed before', async () => {
  const given: unknown[][] = [];
  const audit: AuditWriter = {
    append: async () => undefined,
    record: async (...all) => void given.push(all),
  };
  const writer = notifyingWriter({
    ...{ audit, uow: memoryUnitOfWork(), clock: fixedClock('2026-11-21T00:00:00.000Z') },
    outbox: { insert: async () => undefined },
    channels: [{ name: 'chat' }] as unknown as Parameters<typeof notifyingWriter>[0]['channels'],
  });
  const stopped = draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason: 'the test is over' } });
  await writer.record([stopped], 'behind');
  await writer.record([stopped]);
  expect(given).toEqual([
    [[stopped], 'behind'],
    [[stopped], undefined],
  ]);
});
