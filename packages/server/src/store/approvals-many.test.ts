import type { ApprovalStore } from '@portreeve/approve';
import { asId, fixedClock } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalStore } from './approvals.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

const FEW = 100;
const MANY = 100_000;
const NOW = '2026-11-02T09:00:00.000Z';

/** `count` pending approvals of 200 groups and 500 people who asked, beside twice as many closed ones. */
async function filled(count: number): Promise<{ db: TestDatabase; store: ApprovalStore }> {
  const db = await testDatabase();
  await sql`
    INSERT INTO approvals (id, proposal, proposal_digest, decision, requesters, groups, quorum, signature, reason_chars_min, state, refs,
      created_at, expires_at, closed_at, remind_at, escalate_at)
    SELECT 'appr_' || lpad(n::text, 8, '0'), 'prop_' || n, 'sha256:' || repeat('0', 64), 'dec_' || n,
      ARRAY['prn_r' || (n % 500)], ARRAY['g' || (n % 200)], 1, 'key', 0,
      CASE WHEN n % 3 = 0 THEN 'pending' ELSE 'approved' END, '{}',
      ${NOW}::timestamptz, ${NOW}::timestamptz + make_interval(mins => 60 + n % 60),
      CASE WHEN n % 3 = 0 THEN NULL ELSE ${NOW}::timestamptz END,
      ${NOW}::timestamptz + interval '30 minutes', ${NOW}::timestamptz + interval '50 minutes'
    FROM generate_series(1, ${3 * count}) AS n`.execute(db.database.read);
  await sql`ANALYZE approvals`.execute(db.database.read);
  return { db, store: approvalStore(db.database, testSealing(db.database)) };
}

const all = { state: 'pending', groups: null, confirm_by: null, requester: null, limit: 50, after: null } as const;
const middle = asId('approval', `appr_${String(MANY).padStart(8, '0')}`);

/** Milliseconds at the median of 15 runs. */
async function median(work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < 15; i++) {
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[7]!;
}

describe('F4: 100,000 approvals that wait', () => {
  let few: Awaited<ReturnType<typeof filled>>;
  let many: Awaited<ReturnType<typeof filled>>;
  beforeAll(async () => {
    few = await filled(FEW);
    many = await filled(MANY);
  }, 300_000);
  afterAll(async () => {
    await few?.db.close();
    await many?.db.close();
  });

  test.each<[string, ReturnType<typeof sql>]>([
    ['the newest page', sql`SELECT id FROM approvals WHERE state = 'pending' ORDER BY id LIMIT 50`],
    ['the next page', sql`SELECT id FROM approvals WHERE state = 'pending' AND id > ${middle} ORDER BY id LIMIT 50`],
    [
      'of my groups',
      sql`SELECT id FROM approvals WHERE state = 'pending' AND groups && ARRAY['g7'] ORDER BY id LIMIT 50`,
    ],
    [
      'of what I asked for',
      sql`SELECT id FROM approvals WHERE state = 'pending' AND requesters @> ARRAY['prn_r9'] ORDER BY id LIMIT 50`,
    ],
    [
      'what expires',
      sql`SELECT id FROM approvals WHERE state = 'pending' AND expires_at <= ${NOW} ORDER BY expires_at, id LIMIT 200`,
    ],
    [
      'what is reminded',
      sql`SELECT id FROM approvals WHERE state = 'pending' AND remind_at <= ${NOW} ORDER BY remind_at LIMIT 200`,
    ],
    [
      'what is escalated',
      sql`SELECT id FROM approvals WHERE state = 'pending' AND escalate_at <= ${NOW} ORDER BY escalate_at LIMIT 200`,
    ],
    ['one by its id', sql`SELECT id FROM approvals WHERE id = ${middle} FOR UPDATE`],
  ])('%s is found by an index, and nothing is walked over', async (_name, query) => {
    const { rows } = await sql<{ 'QUERY PLAN': string }>`EXPLAIN ${query}`.execute(many.db.database.read);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index/);
    expect(plan).not.toMatch(/Seq Scan/);
  });

  test('lists, and what is due, take about as long as of a hundred', async () => {
    const work: readonly [string, (store: ApprovalStore) => Promise<unknown>][] = [
      ['a page', (store) => store.list(all)],
      ['a page of my groups', (store) => store.list({ ...all, groups: ['g0', 'g3', 'g6'] })],
      ['a page of mine', (store) => store.list({ ...all, requester: asId('principal', 'prn_r9') })],
      ['due', (store) => store.due(NOW, 200)],
      ['one', (store) => store.get(asId('approval', 'appr_00000003'))],
    ];
    const ratios: Record<string, number> = {};
    for (const [name, run] of work) {
      const [small, large] = [await median(() => run(few.store)), await median(() => run(many.store))];
      ratios[name] = Number((large / small).toFixed(1));
      // A page of some groups is put in order first: of 100,000 that wait, 1,500 are in three of 200 groups.
      expect(large, name).toBeLessThan(Math.max(12 * small, 50));
    }
    console.log(`100,000 approvals against 100, times as long: ${JSON.stringify(ratios)}`);
  });

  test('of 100,000, one is closed once, as fast as of a hundred', async () => {
    const close = async ({ db, store }: typeof few, from: number) => {
      let n = from;
      return median(() => {
        n += 3;
        const id = asId('approval', `appr_${String(n).padStart(8, '0')}`);
        return db.database.transaction(async (tx) => {
          expect((await store.lock(tx, id))?.state).toBe('pending');
          expect(await store.close(tx, id, 'denied', fixedClock(NOW).now().toISOString())).toBe(true);
        });
      });
    };
    const [small, large] = [await close(few, 0), await close(many, 150_000)];
    console.log(`closing one of 100,000 against one of 100, times as long: ${(large / small).toFixed(1)}`);
    expect(large).toBeLessThan(Math.max(12 * small, 50));
  });
});
