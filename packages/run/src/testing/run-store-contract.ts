import {
  asId,
  digestOf,
  fixedClock,
  newId,
  type Principal,
  type Run,
  type RunId,
  type UnitOfWork,
} from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunStore } from '../ports.ts';

export interface RunStoreHarness {
  readonly store: RunStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const clock = fixedClock('2026-11-20T12:00:00.123Z');

/** What every {@link RunStore} promises. Each test looks at a requester of its own, so one store may serve them all. */
export function runStoreContract(name: string, make: () => Promise<RunStoreHarness>): void {
  describe(`run store: ${name}`, () => {
    let harness: RunStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close?.());

    const inTx: UnitOfWork['transaction'] = (fn) => harness.uow.transaction(fn);
    const somebody = (): Principal => ({
      id: newId('principal', clock),
      kind: 'person',
      name: 'rita "ü" 😀',
      roles: ['requester'],
      groups: ['analysts'],
      act: [{ id: 'agent:incident-summary', kind: 'agent' }],
    });
    const fresh = (over: Partial<Run> = {}): Run => {
      clock.advance(1);
      return {
        id: newId('run', clock),
        workflow: 'incident-summary',
        release: digestOf('release'),
        policy_version: digestOf('policy'),
        principal: somebody(),
        state: 'queued',
        input: { case_id: 'case-7', text: "\u0000 '; drop table runs; --", nested: [{ n: 1.5 }, null] },
        result: null,
        ending: null,
        approval: null,
        created_at: clock.now().toISOString(),
        ended_at: null,
        ...over,
      };
    };
    type Extra = Parameters<RunStore['insert']>[2];
    const insert = (run: Run, extra: Partial<Extra> = {}) =>
      inTx((tx) => harness.store.insert(tx, run, { attachments: [], idempotency: null, ...extra }));
    const inserted = async (over: Partial<Run> = {}, extra: Partial<Extra> = {}): Promise<Run> => {
      const run = fresh(over);
      expect(await insert(run, extra)).toBeNull();
      return run;
    };

    test('a run comes back as it went in, read or locked, with its attachments', async () => {
      const attachments = [{ name: 'a.log', media_type: 'text/plain', text: 'line 1\r\n\u0000 ü 😀' }];
      const run = await inserted({}, { attachments });
      expect(await harness.store.get(run.id)).toEqual(run);
      expect(await inTx((tx) => harness.store.lock(tx, run.id))).toEqual(run);
      expect(await harness.store.attachments(run.id)).toEqual(attachments);
    });

    test('what is not there is null', async () => {
      const nobody = asId('run', 'run_nobody');
      expect(await harness.store.get(nobody)).toBeNull();
      expect(await inTx((tx) => harness.store.lock(tx, nobody))).toBeNull();
      expect(await harness.store.attachments(nobody)).toEqual([]);
    });

    test('an update writes what it names and leaves the rest', async () => {
      const run = await inserted();
      const approval = newId('approval', clock);
      await inTx((tx) => harness.store.update(tx, run.id, { state: 'waiting', approval }));
      expect(await harness.store.get(run.id)).toEqual({ ...run, state: 'waiting', approval });
      const ended = {
        state: 'completed' as const,
        approval: null,
        result: { ok: [1, 'ü'] },
        ending: 'done',
        ended_at: clock.now().toISOString(),
      };
      await inTx((tx) => harness.store.update(tx, run.id, ended));
      expect(await harness.store.get(run.id)).toEqual({ ...run, ...ended });
    });

    test('I3: one key of one requester is one run; the digest says whether it was for the same task', async () => {
      const principal = somebody();
      const idempotency = { key: 'key-1', digest: digestOf('task') };
      const run = await inserted({ principal }, { idempotency });
      const again = { id: run.id, digest: idempotency.digest };
      expect(await insert(fresh({ principal }), { idempotency })).toEqual(again);
      expect(await insert(fresh({ principal }), { idempotency: { key: 'key-1', digest: digestOf('other') } })).toEqual(
        again,
      );
      await inserted({}, { idempotency });
      await inserted({ principal }, { idempotency: { ...idempotency, key: 'key-2' } });
      await inserted({ principal });
      await inserted({ principal });
      expect(await harness.store.list({ requester: principal.id })).toHaveLength(4);
    });

    test('I3: of twenty with one key at once, one is inserted', async () => {
      const principal = somebody();
      const idempotency = { key: 'key-1', digest: digestOf('task') };
      const all = await Promise.all(Array.from({ length: 20 }, () => insert(fresh({ principal }), { idempotency })));
      expect(all.filter((earlier) => earlier === null)).toHaveLength(1);
      const [only, ...more] = await harness.store.list({ requester: principal.id });
      expect(more).toEqual([]);
      expect(new Set(all.flatMap((earlier) => (earlier ? [earlier.id] : [])))).toEqual(new Set([only!.id]));
    });

    test('G3: nothing of a transaction that fails stays, the key included', async () => {
      const run = await inserted();
      const other = fresh();
      const idempotency = { key: 'key-1', digest: digestOf('task') };
      await expect(
        inTx(async (tx) => {
          await harness.store.update(tx, run.id, { state: 'running' });
          await harness.store.insert(tx, other, { attachments: [], idempotency });
          throw new Error('disk full');
        }),
      ).rejects.toThrow('disk full');
      expect(await harness.store.get(run.id)).toEqual(run);
      expect(await harness.store.get(other.id)).toBeNull();
      expect(await insert(other, { idempotency })).toBeNull();
    });

    test('who holds the lock is alone: of twenty that start a run at once, one does', async () => {
      const run = await inserted();
      const moves = await Promise.all(
        Array.from({ length: 20 }, () =>
          inTx(async (tx) => {
            if ((await harness.store.lock(tx, run.id))?.state !== 'queued') return false;
            await harness.store.update(tx, run.id, { state: 'running' });
            return true;
          }),
        ),
      );
      expect(moves.filter(Boolean)).toHaveLength(1);
    });

    test('runs are listed newest first, by state, workflow and requester, page by page', async () => {
      const principal = somebody();
      const requester = principal.id;
      const first = await inserted({ principal });
      const second = await inserted({ principal, workflow: 'refund' });
      const third = await inserted({ principal, state: 'running' });
      await inserted();
      const ids = async (filter: Parameters<RunStore['list']>[0]): Promise<RunId[]> =>
        (await harness.store.list({ requester, ...filter })).map((run) => run.id);
      expect(await ids({})).toEqual([third.id, second.id, first.id]);
      expect(await ids({ state: 'queued' })).toEqual([second.id, first.id]);
      expect(await ids({ workflow: 'refund' })).toEqual([second.id]);
      expect(await ids({ limit: 2 })).toEqual([third.id, second.id]);
      expect(await ids({ limit: 2, before: second.id })).toEqual([first.id]);
      const all = await ids({});
      expect(await ids({ order: 'oldest' })).toEqual([...all].reverse());
      expect(await ids({ order: 'oldest', before: first.id, limit: 1 })).toEqual([second.id]);
    });
  });
}
