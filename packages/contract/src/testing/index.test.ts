import { describe, expect, test } from 'vitest';
import { draft, SYSTEM_ACTOR } from '../records.ts';
import { memoryAuditWriter, memoryUnitOfWork } from './index.ts';

const stopped = (reason: string, key?: string) =>
  draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason }, ...(key === undefined ? {} : { key }) });

describe('memoryUnitOfWork', () => {
  test('INV6: what is written in one transaction stays together or not at all', async () => {
    const audit = memoryAuditWriter();
    const unit = memoryUnitOfWork(audit);
    await unit.transaction((tx) => audit.append(tx, [stopped('kept')]));
    const failing = unit.transaction(async (tx) => {
      await audit.append(tx, [stopped('lost')]);
      throw new Error('after the record');
    });
    await expect(failing).rejects.toThrow('after the record');
    expect(audit.drafts.map((entry) => entry.data)).toEqual([{ reason: 'kept' }]);
  });

  test('runs one transaction after the other, and goes on after a failed one', async () => {
    const unit = memoryUnitOfWork();
    const order: string[] = [];
    const first = unit.transaction(async () => {
      order.push('first begins');
      await Promise.resolve();
      order.push('first ends');
      throw new Error('first');
    });
    const second = unit.transaction(async () => {
      order.push('second');
      return 2;
    });
    await expect(first).rejects.toThrow('first');
    expect(await second).toBe(2);
    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });
});

describe('memoryAuditWriter', () => {
  test('writes once for a key', async () => {
    const audit = memoryAuditWriter();
    const { tx } = memoryUnitOfWork(audit);
    await audit.append(tx, [stopped('a', 'k'), stopped('b', 'k')]);
    await audit.append(tx, [stopped('c', 'k'), stopped('d')]);
    expect(audit.of('system.stopped').map((entry) => entry.data.reason)).toEqual(['a', 'd']);
    expect(audit.types()).toEqual(['system.stopped', 'system.stopped']);
  });

  test('refuses data that its type does not allow, and fails when told to', async () => {
    const audit = memoryAuditWriter();
    const { tx } = memoryUnitOfWork(audit);
    await expect(audit.append(tx, [stopped(1 as unknown as string)])).rejects.toThrow();
    audit.failWith(new Error('disk full'));
    await expect(audit.append(tx, [stopped('x')])).rejects.toThrow('disk full');
    expect(audit.drafts).toEqual([]);
  });
});
