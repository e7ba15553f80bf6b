import type { Tx, UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafHash } from '../merkle.ts';
import type { AuditStore, NewRecord, RecordColumns, StoreSearch } from '../ports.ts';

export interface AuditStoreUnderTest {
  readonly store: AuditStore;
  readonly uow: UnitOfWork;
  close?(): Promise<void>;
}

const ALL: StoreSearch = {
  equals: {},
  since: null,
  until: null,
  types: null,
  words: null,
  after: null,
  limit: 100,
  order: 'oldest',
};
const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 8, minute));

function record(index: number, columns: Partial<RecordColumns> = {}, more: Partial<NewRecord> = {}): NewRecord {
  return {
    index,
    entry: `{"index":${index}}`,
    payload: `{"data":{"note":"hello ${index}\\nworld"},"nonce":"random-nonce"}`,
    key: null,
    columns: {
      type: 'handoff.closed',
      time: at(index),
      actor_id: 'system',
      outcome: '',
      run: null,
      workflow: null,
      tool: null,
      proposal: null,
      approval: null,
      policy_version: null,
      release: null,
      ...columns,
    },
    ...more,
  };
}

const node = (index: number) => ({ level: 0, index, hash: leafHash(`${index}`) });

/** What every {@link AuditStore} must do. `make` gives an empty one. */
export function auditStoreContract(name: string, make: () => Promise<AuditStoreUnderTest>): void {
  describe(`audit store: ${name}`, () => {
    let made: AuditStoreUnderTest;
    let store: AuditStore;
    let run: (fn: (tx: Tx) => Promise<void>) => Promise<void>;
    beforeAll(async () => {
      made = await make();
      store = made.store;
      run = (fn) => made.uow.transaction(fn);
    });
    afterAll(() => made.close?.());

    test('an empty log has no head, no record, no node, no checkpoint', async () => {
      expect(await store.head(null, 'empty')).toEqual({ size: 0, time: null, signed_size: 0 });
      expect(await store.record('empty', 0)).toBeNull();
      expect(await store.records('empty', 0, 10)).toEqual([]);
      expect(await store.nodes(null, 'empty', [{ level: 0, from: 0, to: 4 }])).toEqual([]);
      expect(await store.nodes(null, 'empty', [])).toEqual([]);
      expect(await store.newestCheckpoint(null, 'empty')).toBeNull();
      expect(await store.checkpoints('empty', 0, 10)).toEqual([]);
      expect(await store.search('empty', ALL)).toEqual([]);
    });

    test('keeps entry, payload and columns to the byte', async () => {
      const wild = record(
        0,
        { tool: 'publish' },
        { entry: '{"\\u0000":"\u27e6\u00e9\ud83d\ude00\\\\"}', payload: null },
      );
      const plain = record(1, {
        run: 'run_a',
        workflow: 'w',
        proposal: 'prop_a',
        approval: 'appr_a',
        outcome: 'permit',
      });
      await run(async (tx) => {
        await store.lock(tx, 'bytes');
        await store.append(tx, 'bytes', [wild, plain], [node(0), node(1), { level: 1, index: 0, hash: leafHash('p') }]);
      });
      const { key: _, ...expected } = wild;
      expect(await store.record('bytes', 0)).toEqual(expected);
      expect((await store.records('bytes', 0, 10)).map((found) => found.columns)).toEqual([
        wild.columns,
        plain.columns,
      ]);
      expect(await store.records('bytes', 1, 10)).toHaveLength(1);
      expect(await store.records('bytes', 0, 1)).toHaveLength(1);
      expect(await store.head(null, 'bytes')).toEqual({ size: 2, time: at(1), signed_size: 0 });
      const nodes = await store.nodes(null, 'bytes', [
        { level: 1, from: 0, to: 1 },
        { level: 0, from: 1, to: 5 },
      ]);
      expect(nodes.map(({ level, index, hash }) => [level, index, Buffer.from(hash).toString('hex')]).sort()).toEqual([
        [0, 1, leafHash('1').toString('hex')],
        [1, 0, leafHash('p').toString('hex')],
      ]);
    });

    test('a transaction sees its own records; a rolled back one leaves nothing', async () => {
      const stopped = run(async (tx) => {
        await store.append(tx, 'rollback', [record(0)], [node(0)]);
        await store.appendCheckpoint(tx, 'rollback', { seq: 0, size: 1, time: at(0), note: 'n\n' });
        expect(await store.head(tx, 'rollback')).toEqual({ size: 1, time: at(0), signed_size: 1 });
        throw new Error('stop');
      });
      await expect(stopped).rejects.toThrow('stop');
      expect(await store.head(null, 'rollback')).toEqual({ size: 0, time: null, signed_size: 0 });
      expect(await store.nodes(null, 'rollback', [{ level: 0, from: 0, to: 1 }])).toEqual([]);
    });

    test('an index, a node, a key and a checkpoint number are used once', async () => {
      await run(async (tx) => {
        await store.append(tx, 'once', [record(0, {}, { key: 'a' })], [node(0)]);
        await store.appendCheckpoint(tx, 'once', { seq: 0, size: 1, time: at(0), note: 'n\n' });
        expect(await store.usedKeys(tx, 'once', ['a', 'b'])).toEqual(['a']);
        expect(await store.usedKeys(tx, 'bytes', ['a', 'b'])).toEqual([]);
      });
      await expect(run((tx) => store.append(tx, 'once', [record(0)], []))).rejects.toThrow();
      await expect(run((tx) => store.append(tx, 'once', [record(1, {}, { key: 'a' })], []))).rejects.toThrow();
      await expect(run((tx) => store.append(tx, 'once', [record(1)], [node(0)]))).rejects.toThrow();
      const again = { seq: 0, size: 1, time: at(0), note: 'n\n' };
      await expect(run((tx) => store.appendCheckpoint(tx, 'once', again))).rejects.toThrow();
      expect((await store.head(null, 'once')).size).toBe(1);
    });

    test('checkpoints come in the order of their number', async () => {
      const checkpoints = [0, 1, 2].map((seq) => ({ seq, size: seq, time: at(seq), note: `note ${seq}\n` }));
      for (const checkpoint of checkpoints) await run((tx) => store.appendCheckpoint(tx, 'points', checkpoint));
      expect(await store.checkpoints('points', 1, 10)).toEqual(checkpoints.slice(1));
      expect(await store.checkpoints('points', 0, 2)).toEqual(checkpoints.slice(0, 2));
      expect(await store.newestCheckpoint(null, 'points')).toEqual(checkpoints[2]);
      expect((await store.head(null, 'points')).signed_size).toBe(2);
    });

    test('G4: searches by every column, time, words and cursor', async () => {
      const columns: Partial<RecordColumns>[] = [
        { type: 'run.submitted', run: 'run_a', workflow: 'refund', actor_id: 'prn_a' },
        { type: 'decision.made', run: 'run_a', proposal: 'prop_a', outcome: 'approve', policy_version: 'sha256:1' },
        { type: 'approval.verdict', run: 'run_a', approval: 'appr_a', outcome: 'approve', actor_id: 'prn_b' },
        { type: 'execution.result', run: 'run_b', tool: 'publish', outcome: 'succeeded', release: 'sha256:2' },
      ];
      const records = columns.map((some, i) => record(i, some));
      await run((tx) => store.append(tx, 'search', records, []));
      const find = async (search: Partial<StoreSearch>) =>
        (await store.search('search', { ...ALL, ...search })).map((found) => found.index);
      expect(await find({})).toEqual([0, 1, 2, 3]);
      expect(await find({ equals: { run: 'run_a' } })).toEqual([0, 1, 2]);
      expect(await find({ equals: { run: 'run_a', outcome: 'approve' } })).toEqual([1, 2]);
      expect(await find({ equals: { type: 'run.submitted' } })).toEqual([0]);
      expect(await find({ types: ['run.submitted', 'approval.verdict'] })).toEqual([0, 2]);
      expect(await find({ types: ['decision.made'], equals: { run: 'run_b' } })).toEqual([]);
      expect(await find({ equals: { workflow: 'refund' } })).toEqual([0]);
      expect(await find({ equals: { actor_id: 'prn_b' } })).toEqual([2]);
      expect(await find({ equals: { tool: 'publish' } })).toEqual([3]);
      expect(await find({ equals: { proposal: 'prop_a' } })).toEqual([1]);
      expect(await find({ equals: { approval: 'appr_a' } })).toEqual([2]);
      expect(await find({ equals: { policy_version: 'sha256:1' } })).toEqual([1]);
      expect(await find({ equals: { release: 'sha256:2' } })).toEqual([3]);
      expect(await find({ since: at(1), until: at(3) })).toEqual([1, 2]);
      expect(await find({ words: 'HELLO world' })).toEqual([0, 1, 2, 3]);
      expect(await find({ words: 'hello 2' })).toEqual([2]);
      expect(await find({ words: 'world -2' })).toEqual([0, 1, 3]);
      expect(await find({ words: 'absent' })).toEqual([]);
      expect(await find({ words: 'random' })).toEqual([]);
      expect(await find({ words: `'); drop table audit_records; -- ! & | ( :*` })).toEqual([]);
      expect(await find({ order: 'newest', limit: 2 })).toEqual([3, 2]);
      expect(await find({ order: 'newest', after: 2 })).toEqual([1, 0]);
      expect(await find({ order: 'oldest', after: 1 })).toEqual([2, 3]);
    });
  });
}
