import { canonicalJson, type Tx, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafHash } from '../merkle.ts';
import {
  type AuditStore,
  type Batch,
  type Lead,
  type NewRecord,
  type RecordColumns,
  SORT_COLUMNS,
  type StoredRecord,
  type StoreSearch,
} from '../ports.ts';

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
  workflows: null,
  words: null,
  after: null,
  limit: 100,
  order: 'oldest',
};
/** Every order and its reverse, whole and page by page: the same records, each once, in one order. */
async function sortsByColumns(find: (change: Partial<StoreSearch>) => Promise<number[]>): Promise<void> {
  for (const column of SORT_COLUMNS) {
    const ascending = await find({ sort: { column, descending: false } });
    const descending = await find({ sort: { column, descending: true } });
    expect(descending, column).toEqual([...ascending].reverse());
    for (const [whole, way] of [
      [ascending, false],
      [descending, true],
    ] as const) {
      const paged: number[] = [];
      for (let after: number | null = null; ; ) {
        const page: number[] = await find({ sort: { column, descending: way }, limit: 1, after });
        if (page.length === 0) break;
        paged.push(...page);
        after = page.at(-1)!;
      }
      expect(paged, column).toEqual(whole);
    }
  }
  expect((await find({ sort: { column: 'type', descending: false } })).length).toBeGreaterThan(2);
  expect(await find({ sort: { column: 'type', descending: false }, since: at(1), until: at(3) })).toHaveLength(2);
}

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 8, minute));

/** What a test files records under: as the log does, without keys. */
const words = async (records: readonly StoredRecord[]) => records.map(({ index }) => `hello ${index} world`);

type Filed = Partial<Omit<RecordColumns, 'time'>> & { readonly actor_name?: string };

function record(index: number, filed: Filed = {}): NewRecord {
  const { type = 'handoff.closed', actor_id = 'system', actor_name = 'system', outcome = '', ...refs } = filed;
  const entry = canonicalJson({
    v: 1,
    log: 'any',
    index,
    time: at(index).toISOString(),
    type,
    actor: { id: actor_id, kind: 'system', name: actor_name, act: [] },
    refs,
    keys: [],
    outcome,
  });
  const payload = `sealed ${index}`;
  return { index, entry, payload, leaf: leafHash(entry) };
}

const batch = (from: number, records: readonly NewRecord[], more: Partial<Batch> = {}): Batch => ({
  from,
  records,
  nodes: [],
  pending: [],
  ...more,
});

/** What every {@link AuditStore} must do. `make` gives an empty one. */
export function auditStoreContract(name: string, make: () => Promise<AuditStoreUnderTest>): void {
  describe(`audit store: ${name}`, () => {
    let made: AuditStoreUnderTest;
    let store: AuditStore;
    let run: (fn: (tx: Tx) => Promise<void>) => Promise<void>;
    const over = new AbortController();
    const lead = (log: string): Promise<Lead> => store.lead(log, { signal: over.signal, onStaged: () => undefined });
    beforeAll(async () => {
      made = await make();
      store = made.store;
      run = (fn) => made.uow.transaction(fn);
    });
    afterAll(async () => {
      over.abort();
      await made.close?.();
    });

    test('an empty log has no head, no record, no node, no checkpoint, and nothing staged', async () => {
      expect(await store.head(null, 'empty')).toEqual({ size: 0, time: null, signed_size: 0 });
      expect(await store.record('empty', 0)).toBeNull();
      expect(await store.records('empty', 0, 10)).toEqual([]);
      expect(await store.nodes(null, 'empty', [{ level: 0, from: 0, to: 4 }])).toEqual([]);
      expect(await store.nodes(null, 'empty', [])).toEqual([]);
      expect(await store.staged('empty')).toBeNull();
      expect(await store.index('empty', 10, words)).toBe(0);
      expect(await store.indexed('empty', 0, 10)).toEqual([]);
      expect(await store.newestCheckpoint(null, 'empty')).toBeNull();
      expect(await store.checkpoints('empty', 0, 10)).toEqual([]);
      expect(await store.search('empty', ALL)).toEqual([]);
    });

    test('keeps entry, payload and leaf to the byte', async () => {
      const wild = {
        ...record(0, { actor_name: '\u0000\u27e6\u00e9\ud83d\ude00\\' }),
        payload: '{"data":{"a":"\\u0000"}}',
      };
      const plain = record(1, {
        run: 'run_a',
        workflow: 'w',
        proposal: 'prop_a',
        approval: 'appr_a',
        outcome: 'permit',
      });
      const leader = await lead('bytes');
      await leader.append(batch(0, [wild, plain], { nodes: [{ level: 8, index: 3, hash: leafHash('p') }] }));
      const { leaf: _, ...expected } = wild;
      expect(await store.record('bytes', 0)).toEqual(expected);
      expect(await store.records('bytes', 1, 10)).toHaveLength(1);
      expect(await store.records('bytes', 0, 1)).toHaveLength(1);
      expect(await store.entries('bytes', 0, 10)).toEqual([wild.entry, plain.entry]);
      expect(await store.entries('bytes', 1, 2)).toEqual([plain.entry]);
      expect(await store.head(null, 'bytes')).toEqual({ size: 2, time: at(1).toISOString(), signed_size: 0 });
      const nodes = await store.nodes(null, 'bytes', [
        { level: 8, from: 3, to: 4 },
        { level: 0, from: 1, to: 5 },
      ]);
      expect(nodes.map(({ level, index, hash }) => [level, index, Buffer.from(hash).toString('hex')]).sort()).toEqual([
        [0, 1, Buffer.from(plain.leaf).toString('hex')],
        [8, 3, leafHash('p').toString('hex')],
      ]);
      expect(await store.index('bytes', 1, words)).toBe(1);
      expect(await store.index('bytes', 10, words)).toBe(1);
      expect(await store.index('bytes', 10, words)).toBe(0);
      const none = { agent: null, tool: null, model: null, prompt: null, prompt_version: null };
      const more = { policy_version: null, release: null, type: 'handoff.closed', actor_id: 'system', codes: [] };
      const columns = { ...none, ...more };
      expect(await store.indexed('bytes', 1, 5)).toEqual([
        {
          index: 1,
          columns: {
            ...columns,
            time: at(1),
            outcome: 'permit',
            run: 'run_a',
            workflow: 'w',
            proposal: 'prop_a',
            approval: 'appr_a',
          },
        },
      ]);
    });

    test('a batch that does not continue the log is refused, whole: no gap, no fork', async () => {
      const leader = await lead('chain');
      await leader.append(batch(0, [record(0), record(1)]));
      const gap = leader.append(batch(3, [record(3)], { nodes: [{ level: 8, index: 0, hash: leafHash('n') }] }));
      await expect(gap).rejects.toThrow();
      await expect(leader.append(batch(1, [record(1, { tool: 'other' })]))).rejects.toThrow();
      expect(await store.nodes(null, 'chain', [{ level: 8, from: 0, to: 1 }])).toEqual([]);
      expect((await store.head(null, 'chain')).size).toBe(2);
      // Sent without waiting: the second fails with the first.
      const first = leader.append(batch(2, [record(2)], { nodes: [{ level: 8, index: 0, hash: leafHash('n') }] }));
      const second = leader.append(batch(3, [record(3)]));
      await Promise.all([first, second]);
      const both = await Promise.allSettled([
        leader.append(batch(4, [record(4)], { nodes: [{ level: 8, index: 0, hash: leafHash('n') }] })),
        leader.append(batch(5, [record(5)])),
      ]);
      expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect((await store.head(null, 'chain')).size).toBe(4);
    });

    test('G3: what a transaction stages is there when it commits, in its order, and not when it is rolled back', async () => {
      const staged = (text: string, key: string | null = null) => ({ entry: text, payload: `p ${text}`, key });
      const leader = await lead('staged');
      await run((tx) => store.stage(tx, 'staged', [staged('a', 'k1'), staged('b'), staged('a again', 'k1')]));
      await run((tx) => store.stage(tx, 'staged', [staged('c', 'k2'), staged('again', 'k1')]));
      const stopped = run(async (tx) => {
        await store.stage(tx, 'staged', [staged('lost', 'k3')]);
        throw new Error('stop');
      });
      await expect(stopped).rejects.toThrow('stop');
      await run((tx) => store.stage(tx, 'staged', [staged('d', 'k3')]));
      await run((tx) => store.stage(tx, 'elsewhere', [staged('other log', 'k1')]));
      const pending = await leader.pending(10);
      expect(pending.map(({ entry, payload }) => [entry, payload])).toEqual(
        ['a', 'b', 'c', 'd'].map((text) => [text, `p ${text}`]),
      );
      expect(await leader.pending(2)).toEqual(pending.slice(0, 2));
      expect(await store.staged('staged')).toEqual({ oldest: pending[0]!.id, newest: pending[3]!.id });
      await leader.append(batch(0, [record(0), record(1)], { pending: [pending[0]!.id, pending[1]!.id] }));
      expect(await leader.pending(10)).toEqual(pending.slice(2));
      expect(await store.staged('elsewhere')).not.toBeNull();
    });

    test('checkpoint numbers are used once; a rolled back one leaves nothing', async () => {
      const point = { seq: 0, size: 1, time: at(0), note: 'n\n' };
      const stopped = run(async (tx) => {
        await store.lockCheckpoints(tx, 'once');
        await store.appendCheckpoint(tx, 'once', point);
        expect((await store.head(tx, 'once')).signed_size).toBe(1);
        throw new Error('stop');
      });
      await expect(stopped).rejects.toThrow('stop');
      await run((tx) => store.appendCheckpoint(tx, 'once', point));
      await expect(run((tx) => store.appendCheckpoint(tx, 'once', point))).rejects.toThrow();
    });

    test('checkpoints come in the order of their number', async () => {
      const checkpoints = [0, 1, 2].map((seq) => ({ seq, size: seq, time: at(seq), note: `note ${seq}\n` }));
      for (const checkpoint of checkpoints) await run((tx) => store.appendCheckpoint(tx, 'points', checkpoint));
      expect(await store.checkpoints('points', 1, 10)).toEqual(checkpoints.slice(1));
      expect(await store.checkpoints('points', 0, 2)).toEqual(checkpoints.slice(0, 2));
      expect(await store.newestCheckpoint(null, 'points')).toEqual(checkpoints[2]);
      expect((await store.head(null, 'points')).signed_size).toBe(2);
    });

    test('cosignatures stand behind the note of their checkpoint, one of each witness', async () => {
      const points = [0, 1].map((seq) => ({ seq, size: 4, time: at(seq), note: `note ${seq}\n` }));
      for (const point of points) await run((tx) => store.appendCheckpoint(tx, 'cosigned', point));
      for (const [witness, lines] of [
        ['b', 'line b\n'],
        ['a', 'line a\n'],
        ['a', 'another\n'],
      ] as const)
        await store.addCosignature('cosigned', { seq: 0, witness, lines });
      const cosigned = { ...points[0]!, note: 'note 0\nline a\nline b\n' };
      expect(await store.checkpoints('cosigned', 0, 10)).toEqual([cosigned, points[1]]);
      expect(await store.newestCheckpoint(null, 'cosigned')).toEqual(points[1]);
      for (const least of [1, 2]) expect(await store.newestCheckpoint(null, 'cosigned', least)).toEqual(cosigned);
      expect(await store.newestCheckpoint(null, 'cosigned', 3)).toBeNull();
    });

    test('G4: searches by every column, time, words and cursor', async () => {
      const columns: Filed[] = [
        { type: 'run.submitted', run: 'run_a', workflow: 'refund', actor_id: 'prn_a' },
        { type: 'decision.made', run: 'run_a', proposal: 'prop_a', outcome: 'approve', policy_version: 'sha256:1' },
        { type: 'approval.verdict', run: 'run_a', approval: 'appr_a', outcome: 'approve', actor_id: 'prn_b' },
        { type: 'execution.result', run: 'run_b', tool: 'publish', outcome: 'succeeded', release: 'sha256:2' },
      ];
      const records = columns.map((some, i) => record(i, some));
      await (await lead('search')).append(batch(0, records));
      expect(await store.search('search', ALL)).toEqual([]);
      expect(await store.index('search', 100, words)).toBe(4);
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
      expect(await find({ equals: { workflow: 'refund', release: 'sha256:2' } })).toEqual([]);
      expect(await find({ words: 'world', equals: { tool: 'publish' } })).toEqual([3]);
      expect(await find({ words: '-world' })).toEqual([]);
      expect(await find({ workflows: ['refund', 'other'] })).toEqual([0]);
      expect(await find({ workflows: [] })).toEqual([]);
      expect(await find({ workflows: ['refund'], equals: { run: 'run_a' } })).toEqual([0]);
      expect(await find({ equals: { code: "'" } })).toEqual([]);
      expect(await find({ since: at(1), until: at(3) })).toEqual([1, 2]);
      expect(await find({ words: 'hello world' })).toEqual([0, 1, 2, 3]);
      expect(await find({ words: 'hello 2' })).toEqual([2]);
      expect(await find({ words: 'world -2' })).toEqual([0, 1, 3]);
      expect(await find({ words: 'absent' })).toEqual([]);
      expect(await find({ words: 'random' })).toEqual([]);
      expect(await find({ words: `'); drop table audit_records; -- ! & | ( :*` })).toEqual([]);
      expect(await find({ order: 'newest', limit: 2 })).toEqual([3, 2]);
      expect(await find({ order: 'newest', after: 2 })).toEqual([1, 0]);
      expect(await find({ order: 'oldest', after: 1 })).toEqual([2, 3]);
      await sortsByColumns(find);
    });
  });
}
