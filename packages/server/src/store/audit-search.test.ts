import type { SearchValues, StoredRecord, StoreSearch } from '@portreeve/audit';
import { canonicalJson } from '@portreeve/contract';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { blocksOf } from './audit-search.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

const LOG = 'test.example/search';
const COUNT = 20_000;
const START = Date.UTC(2026, 0, 1);

interface Row {
  readonly index: number;
  readonly time: number;
  readonly refs: Record<string, string | string[]>;
  readonly actor: string;
  readonly type: string;
  readonly outcome: string;
  readonly note: string;
}

/** Skewed, and different in the first half: what was common then is gone now, and the other way round. */
function rowAt(index: number): Row {
  const old = index < COUNT / 2;
  const roll = (n: number, salt: number) => Math.floor(Math.abs(Math.sin(index * 12.9898 + salt) * 43758.5453)) % n;
  return {
    index,
    time: START + Math.floor(index / 3) * 1000,
    actor: `prn_${roll(40, 1)}`,
    type: ['decision.made', 'model.answered', 'source.read'][roll(3, 2)]!,
    outcome: ['permit', 'permit', 'permit', 'refuse', ''][roll(5, 3)]!,
    note: `case ${roll(2000, 4)} ${old ? 'legacy' : 'current'} ${roll(900, 5) === 0 ? 'needle' : 'hay'}`,
    refs: {
      run: `run_${Math.floor(index / 25)}`,
      workflow: `flow-${roll(4, 6)}`,
      ...(roll(2, 7) === 0 ? { tool: old ? 'old_tool' : `tool_${roll(6, 8)}` } : {}),
      ...(roll(5, 9) === 0
        ? { model: `claude-${roll(3, 10)}`, prompt: 'summary', prompt_version: `${roll(3, 11)}` }
        : {}),
      ...(roll(7, 12) === 0 ? { codes: ['default_deny', `code_${roll(5, 13)}`] } : {}),
    },
  };
}

const ROWS = Array.from({ length: COUNT }, (_, index) => rowAt(index));

function naive(search: StoreSearch): number[] {
  const words = search.words?.split(' ') ?? [];
  const found = ROWS.filter((row) => {
    const values: Record<string, unknown> = { ...row.refs, actor_id: row.actor, type: row.type, outcome: row.outcome };
    const agree = Object.entries(search.equals).every(([name, value]) =>
      name === 'code' ? (row.refs.codes ?? []).includes(value) : values[name] === value,
    );
    return (
      agree &&
      (search.types === null || search.types.includes(row.type)) &&
      (search.workflows === null || search.workflows.includes(row.refs.workflow as string)) &&
      (search.since === null || row.time >= search.since.getTime()) &&
      (search.until === null || row.time < search.until.getTime()) &&
      (search.after === null || (search.order === 'newest' ? row.index < search.after : row.index > search.after)) &&
      words.every((word) => row.note.split(' ').includes(word))
    );
  }).map(({ index }) => index);
  return (search.order === 'newest' ? found.reverse() : found).slice(0, search.limit);
}

const value = (...all: string[]) => fc.option(fc.constantFrom(...all), { nil: undefined, freq: 3 });
const equals = fc.record({
  run: fc.option(
    fc.integer({ min: 0, max: COUNT / 25 }).map((n) => `run_${n}`),
    { nil: undefined, freq: 1 },
  ),
  actor_id: value('prn_0', 'prn_7', 'prn_nobody'),
  type: value('decision.made', 'model.answered'),
  outcome: value('permit', 'refuse'),
  workflow: value('flow-0', 'flow-3'),
  tool: value('old_tool', 'tool_1', 'no_tool'),
  model: value('claude-1'),
  prompt: value('summary'),
  prompt_version: value('2'),
  code: value('default_deny', 'code_3', "it's \\"),
});
const moment = fc.option(
  fc.integer({ min: -10, max: Math.ceil(COUNT / 3) + 10 }).map((second) => new Date(START + second * 1000)),
  { nil: null, freq: 2 },
);
const searches: fc.Arbitrary<StoreSearch> = fc.record({
  equals: equals.map((all) => Object.fromEntries(Object.entries(all).filter(([, v]) => v)) as SearchValues),
  types: fc.option(fc.subarray(['decision.made', 'source.read'], { minLength: 1 }), { nil: null, freq: 1 }),
  workflows: fc.option(fc.subarray(['flow-1', 'flow-2']), { nil: null, freq: 1 }),
  since: moment,
  until: moment,
  words: fc.option(fc.constantFrom('legacy', 'current', 'needle', 'case 17', 'needle legacy', 'nothing'), {
    nil: null,
  }),
  after: fc.option(fc.integer({ min: 0, max: COUNT }), { nil: null }),
  limit: fc.integer({ min: 1, max: 120 }),
  order: fc.constantFrom('newest', 'oldest'),
});

describe('G4: search on PostgreSQL', () => {
  let made: TestDatabase;
  beforeAll(async () => {
    made = await testDatabase();
    const store = auditStore(made.database);
    await store.prepare(LOG, 0, COUNT);
    const entries = ROWS.map(({ index, time, actor, type, outcome, refs }) =>
      canonicalJson({
        ...{ v: 1, log: LOG, index, type, outcome, refs },
        time: new Date(time).toISOString(),
        actor: { id: actor, kind: 'person', name: 'x', act: [] },
      }),
    );
    await sql`INSERT INTO audit_records (log, index, entry, payload, leaf)
      SELECT ${LOG}, n - 1, entry, payload, sha256('x')
      FROM unnest(${entries}::text[], ${ROWS.map(({ note }) => canonicalJson({ data: { note }, nonce: 'n' }))}::text[])
        WITH ORDINALITY AS r (entry, payload, n)`.execute(made.database.read);
    // Words in clear here: what stands in for them is of no matter to the search.
    const words = async (records: readonly StoredRecord[]) => records.map(({ index }) => ROWS[index]!.note);
    while ((await store.index(LOG, 5000, words)) > 0);
  });
  afterAll(() => made.close());

  test('every combination of filters, order and page gives what a plain filter over all records gives', async () => {
    const store = auditStore(made.database);
    await fc.assert(
      fc.asyncProperty(searches, async (search) => {
        const found = await store.search(LOG, search);
        expect(found.map(({ index }) => index)).toEqual(naive(search));
      }),
      { numRuns: 250 },
    );
  });

  test.each(['actor_id', 'type', 'tool', 'outcome'] as const)(
    'sorted by %s, page by page, either way, with bounds of time',
    async (column) => {
      const store = auditStore(made.database);
      const between = { since: new Date(ROWS[3000]!.time), until: new Date(ROWS[9000]!.time) };
      const plain = { equals: {}, types: null, workflows: null, words: null, order: 'newest' as const };
      const filedAs = (row: Row) => {
        const values: Record<string, unknown> = {
          ...row.refs,
          actor_id: row.actor,
          type: row.type,
          outcome: row.outcome,
        };
        return String(values[column] ?? '');
      };
      const expected = ROWS.slice(3000, 9000)
        .filter((row) => filedAs(row) !== '')
        .sort((a, b) => (filedAs(a) < filedAs(b) ? -1 : filedAs(a) > filedAs(b) ? 1 : b.index - a.index))
        .map(({ index }) => index);
      expect(expected.length).toBeGreaterThan(1000);
      for (const descending of [false, true]) {
        const paged: number[] = [];
        for (let after: number | null = null; ; after = paged.at(-1)!) {
          const page = await store.search(LOG, {
            ...plain,
            ...between,
            after,
            limit: 977,
            sort: { column, descending },
          });
          paged.push(...page.map(({ index }) => index));
          if (page.length < 977) break;
        }
        expect(paged).toEqual(descending ? [...expected].reverse() : expected);
      }
    },
  );

  test('sorted within a run, with what else is asked; a page that no record ended is refused', async () => {
    const store = auditStore(made.database);
    const run = 'run_7';
    const own = ROWS.filter((row) => row.refs.run === run && row.outcome !== '');
    const search = { equals: { run }, types: null, workflows: null, since: null, until: null, words: null };
    const more = {
      after: null,
      limit: 500,
      order: 'newest' as const,
      sort: { column: 'type' as const, descending: false },
    };
    const found = await store.search(LOG, { ...search, ...more, types: [own[0]!.type] });
    expect(found.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
      ROWS.filter((row) => row.refs.run === run && row.type === own[0]!.type).map(({ index }) => index),
    );
    await expect(store.search(LOG, { ...search, ...more, after: COUNT + 5 })).rejects.toMatchObject({
      code: 'bad_request',
    });
  });

  test('a page in the order of a column is read from its index, and nothing is sorted', async () => {
    const plan = await made.database.transaction(async (tx) => {
      const db = made.database.on(tx);
      await sql`ANALYZE audit_index`.execute(db);
      const { rows } = await sql<{ 'QUERY PLAN': string }>`EXPLAIN SELECT index FROM audit_index
        WHERE log = ${LOG} AND index >= 0 AND index < ${COUNT} AND type IS NOT NULL AND (type, -index) > ('run.ended', -9)
        ORDER BY type ASC, -index ASC LIMIT 50`.execute(db);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/Index (Only )?Scan/);
    expect(plan).not.toMatch(/Sort|Seq Scan/);
  });

  test('a page ends where the next one begins, over all records that a combination selects', async () => {
    const store = auditStore(made.database);
    const all: StoreSearch = {
      ...{ equals: { workflow: 'flow-1', outcome: 'permit' }, types: null, workflows: null, since: null, until: null },
      ...{ words: 'legacy', after: null, limit: 100_000, order: 'newest' },
    };
    const paged: number[] = [];
    for (let after: number | null = null; ; after = paged.at(-1)!) {
      const page = await store.search(LOG, { ...all, after, limit: 97 });
      paged.push(...page.map(({ index }) => index));
      if (page.length < 97) break;
    }
    expect(paged.length).toBeGreaterThan(1000);
    expect(paged).toEqual(naive(all));
  });
});

test('G4: blocks cover a range once, in order, and the first is small', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 24 }),
      fc.integer({ min: 1, max: 2 ** 24 }),
      fc.boolean(),
      (low, n, newest) => {
        const high = low + n;
        const covered = [...blocksOf({ low, high }, newest)];
        expect(covered[0]!.bits).toBe(13);
        const spans = covered.flatMap(({ bits, blocks }) =>
          blocks.map((b) => [b * 2 ** bits, (b + 1) * 2 ** bits] as const),
        );
        const ordered = newest ? [...spans].reverse() : spans;
        for (let i = 1; i < ordered.length; i++) expect(ordered[i]![0]).toBe(ordered[i - 1]![1]);
        expect(ordered[0]![0]).toBeLessThanOrEqual(low);
        expect(ordered.at(-1)![1]).toBeGreaterThanOrEqual(high);
        expect(covered.every(({ blocks }) => blocks.length <= 8)).toBe(true);
      },
    ),
  );
});
