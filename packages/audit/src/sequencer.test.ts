import { isPortreeveError } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test, vi } from 'vitest';
import type { AuditStore, Lead } from './ports.ts';
import { memoryAuditStore, noteDraft, TEST_ORIGIN, testAuditLog } from './testing/index.ts';

/** A store whose lead somebody else may take, and whose writes may fail. */
function contested(elapsed?: () => number) {
  const memory = memoryAuditStore();
  const turns: (() => void)[] = [];
  let lose: () => void = () => undefined;
  let held = false;
  let hold: Promise<void> | null = null;
  const store: AuditStore = {
    ...memory,
    staged: (log) => memory.staged(log),
    async lead(log, options) {
      if (held) await new Promise<void>((resolve) => turns.push(resolve));
      const real = await memory.lead(log, options);
      const lost = new Promise<void>((resolve) => {
        lose = resolve;
        options.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      const lead: Lead = {
        ...real,
        lost,
        async pending(limit) {
          await hold;
          return real.pending(limit);
        },
      };
      return lead;
    },
  };
  return {
    memory,
    ...testAuditLog({ store, uow: memoryUnitOfWork(memory), ...(elapsed ? { elapsed } : {}) }),
    /** Another process leads from now on. */
    usurp() {
      held = true;
      lose();
    },
    /** This one may lead again. */
    restore() {
      held = false;
      for (const turn of turns.splice(0)) turn();
    },
    /** The leader stands still before it sees what is staged, until it is let go, or its database fails it. */
    stall() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      hold = promise;
      return (failure?: Error) => {
        hold = null;
        if (failure) reject(failure);
        else resolve();
      };
    },
  };
}

/** The other process gives everything its place. */
async function placeByOther(memory: AuditStore) {
  const other = testAuditLog({ store: memory });
  await other.log.settle();
  await other.log.close();
}

describe('G3: the lead of the log', () => {
  test('who waits to read while the lead goes to another process reads on when that one has placed the records', async () => {
    const { log, uow, memory, usurp, stall } = contested();
    await log.record([noteDraft('first')]);
    const go = stall();
    await uow.transaction((tx) => log.append(tx, [noteDraft('second')]));
    const reading = log.size();
    // The reader has asked the leader, which loses its lead before it answers.
    await vi.waitFor(async () => expect(await memory.staged(TEST_ORIGIN)).not.toBeNull());
    usurp();
    go();
    await placeByOther(memory);
    expect(await reading).toBe(2);
    await log.close();
  });

  test('who waits to read while the database fails the leader is answered by the next one', async () => {
    const { log, uow, memory, stall } = contested();
    await log.record([noteDraft('first')]);
    const go = stall();
    await uow.transaction((tx) => log.append(tx, [noteDraft('second')]));
    const checkpoint = log.checkpoint();
    await vi.waitFor(async () => expect(await memory.staged(TEST_ORIGIN)).not.toBeNull());
    go(new Error('the connection was lost'));
    expect(await checkpoint).toMatchObject({ size: 2 });
    await log.close();
  });

  test('a staged record that cannot be placed fails who gives one with it, and holds up nobody for ever', async () => {
    const memory = memoryAuditStore();
    let broken = false;
    const store: AuditStore = {
      ...memory,
      async lead(log, options) {
        const lead = await memory.lead(log, options);
        const unplaceable = { id: 1, entry: 'no entry at all', payload: 'none' };
        return { ...lead, pending: async (limit) => (broken ? [unplaceable] : lead.pending(limit)) };
      },
    };
    const { log } = testAuditLog({ store, uow: memoryUnitOfWork(memory) });
    await log.record([noteDraft('first')]);
    broken = true;
    // Behind what is staged, and so in one write with it.
    await expect(log.record([noteDraft('with it')], 'behind')).rejects.toSatisfy((error: unknown) =>
      isPortreeveError(error, 'audit_unavailable'),
    );
    await log.close();
  });

  test('a record without a place for five seconds stops all recording, and recording goes on by itself', async () => {
    let now = 0;
    const { log, uow, memory, usurp, restore } = contested(() => now);
    await log.record([noteDraft('first')]);
    usurp();
    const looked = vi.spyOn(memory, 'staged');
    await uow.transaction((tx) => log.append(tx, [noteDraft('nobody places this')]));
    const append = () => uow.transaction((tx) => log.append(tx, [noteDraft('more')]));
    const unavailable = (error: unknown) => isPortreeveError(error, 'audit_unavailable');
    await vi.waitFor(() => expect(looked.mock.settledResults.at(-1)?.value).toBeTruthy(), { timeout: 5000 });
    now = 4900;
    await append();
    now = 5100;
    await expect(append()).rejects.toSatisfy(unavailable);
    await expect(log.record([noteDraft('neither')])).rejects.toSatisfy(unavailable);
    restore();
    await vi.waitFor(append, { timeout: 5000 });
    const notes = (await log.search({ order: 'oldest' })).records.map(({ payload }) => payload?.data.note);
    expect(notes.slice(0, 2)).toEqual(['first', 'nobody places this']);
    expect(notes.at(-1)).toBe('more');
    await log.close();
  });

  test.each([1, 2, 3])(
    'INV3 G2: who has written records writes nothing to a standby that has %i others',
    async (many) => {
      const primary = memoryAuditStore();
      const standby = memoryAuditStore();
      let now = primary;
      let fail: () => void = () => undefined;
      const store = new Proxy(primary, {
        get: (_primary, name) => (name === 'lead' ? lead : Reflect.get(now, name)),
      });
      const lead: AuditStore['lead'] = async (log, options) => {
        const lost = new Promise<void>((resolve) => {
          fail = resolve;
        });
        return { ...(await now.lead(log, options)), lost };
      };
      const { log } = testAuditLog({ store, uow: memoryUnitOfWork(primary) });
      await log.record([noteDraft('first')]);
      await log.record([noteDraft('second')]);
      const other = testAuditLog({ store: standby, uow: memoryUnitOfWork(standby) });
      for (let index = 0; index < many; index++) await other.log.record([noteDraft(`another ${index}`)]);
      await other.log.close();

      now = standby;
      fail();
      const isBroken = (error: unknown) => isPortreeveError(error, 'log_broken');
      await vi.waitFor(() => expect(log.record([noteDraft('third')])).rejects.toSatisfy(isBroken), { timeout: 5000 });
      expect((await standby.head(null, TEST_ORIGIN)).size).toBe(many);

      // The primary is back, and nothing of it is lost.
      now = primary;
      await vi.waitFor(() => log.record([noteDraft('third')]), { timeout: 5000 });
      await log.close();
    },
  );
});
