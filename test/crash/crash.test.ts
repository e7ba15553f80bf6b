import { join } from 'node:path';
import { verifyExport } from '@portreeve/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, exportOf, recordsOf } from '../support/people.ts';
import { cleanUp, namedIn, until } from '../support/processes.ts';
import { askForSummary, endOf, INSTANTS, Installation, type Instant, type People } from './portreeve.ts';

/** What must be true after a death at each instant, whatever else happens. */
interface Expected {
  /** Whether the verdict that was being given is on record. */
  readonly verdict: boolean;
  /** Publications in the case system at the moment of death, and in the end. */
  readonly published: readonly [then: 0 | 1, finally_: 0 | 1];
  /** How often the call is made, the one that died included: its tool honours the key, so it is made again. */
  readonly calls: 1 | 2;
}

const EXPECTED: Record<Instant, Expected> = {
  'before-verdict': { verdict: false, published: [0, 1], calls: 1 },
  'after-verdict': { verdict: true, published: [0, 1], calls: 1 },
  'before-grant': { verdict: true, published: [0, 1], calls: 1 },
  // The grant, its use and the intent are one transaction: nothing of them is kept.
  'before-intent': { verdict: true, published: [0, 1], calls: 1 },
  // From the intent on nobody can know from the record alone whether the call was made: it is made with the same key.
  'after-intent': { verdict: true, published: [0, 1], calls: 2 },
  'before-call': { verdict: true, published: [0, 1], calls: 2 },
  'after-call': { verdict: true, published: [1, 1], calls: 2 },
  'before-result': { verdict: true, published: [1, 1], calls: 2 },
  'after-result': { verdict: true, published: [1, 1], calls: 1 },
};

let installation: Installation;
let people: People;
/** Every run of this file: none may ever be published twice, also not by a later start. */
const runs: { run: string; published: number }[] = [];

beforeAll(async () => {
  installation = await Installation.make();
  people = await installation.start();
}, 120_000);
afterAll(cleanUp, 60_000);

const publications = async (run: string) =>
  (await installation.caseSystem.journal()).filter((line) => line.type === 'published' && line.by?.run === run);

describe.each(INSTANTS)('killed with -9 at %s', (instant) => {
  const expected = EXPECTED[instant];
  let run: string;
  let approval: string;
  let records: Answer[];
  const indexesOf = (type: string, more: (record: Answer) => boolean = () => true): number[] =>
    records.filter((record) => record.entry.type === type && more(record)).map((record) => record.entry.index);

  beforeAll(async () => {
    ({ run, approval } = await askForSummary(people.analyst));
    await installation.arm(instant);
    // At the instants of the verdict the connection breaks; at the later ones the answer comes first.
    const answer = await people.lead.approve(approval).catch(() => null);
    expect(answer === null).toBe(instant.endsWith('-verdict'));
    expect(await installation.death()).toMatchObject({ signal: 'SIGKILL' });
    expect(await publications(run)).toHaveLength(expected.published[0]);
    await installation.start();
  }, 60_000);

  test('F9 G3: the run comes to its end, with one verdict, and with what was published at most once', async () => {
    const view = await people.lead.get(`/v1/approvals/${approval}`);
    expect(view.approval).toMatchObject({ state: expected.verdict ? 'approved' : 'pending' });
    // An approver whose connection broke tries again.
    const again = await people.lead.approve(approval);
    if (expected.verdict) expect(again).toMatchObject({ code: 'approval_closed' });
    else expect(again).toMatchObject({ state: 'approved' });

    const ended = await endOf(people.analyst, run);
    expect(ended).toMatchObject({ state: 'completed' });
    expect(ended.result).toMatchObject({ status: 'published', published: true });

    const published = await publications(run);
    expect(published).toHaveLength(expected.published[1]);
    runs.push({ run, published: published.length });
    records = await recordsOf(people.auditor, run);
  });

  test('INV1 INV3 INV6: before what was published stand the approval, the grant and the intent, once each', async () => {
    const verdicts = indexesOf(
      'approval.verdict',
      ({ payload }) => payload.data.verdict.statement.verdict === 'approve',
    );
    const grants = indexesOf('grant.issued');
    const intents = records.filter((record) => record.entry.type === 'execution.intent');
    expect(verdicts).toHaveLength(1);
    expect(indexesOf('approval.closed')).toHaveLength(1);
    expect(intents).toHaveLength(expected.calls);
    expect(indexesOf('execution.result')).toHaveLength(expected.calls);
    // A call that is made again has a grant of its own.
    expect(grants).toHaveLength(expected.calls);
    expect(new Set(intents.map(({ payload }) => payload.data.idempotency_key)).size).toBe(1);
    expect(new Set(intents.map(({ entry }) => entry.refs.grant)).size).toBe(expected.calls);

    const publishedBy = (await publications(run)).map(({ by }) => by?.grant);
    const intent = intents.find(({ entry }) => publishedBy.includes(entry.refs.grant));
    const granted = records.find(
      ({ entry }) => entry.type === 'grant.issued' && entry.refs.grant === intent.entry.refs.grant,
    );
    const result = records.find(
      ({ entry }) => entry.type === 'execution.result' && entry.refs.grant === intent.entry.refs.grant,
    );
    const order = [verdicts[0], granted?.entry.index, intent.entry.index, result?.entry.index];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    for (const { by, at } of await publications(run)) {
      expect(by?.grant).toBe(intent.entry.refs.grant);
      expect(Date.parse(at)).toBeGreaterThanOrEqual(Date.parse(intent.entry.time));
    }
  });

  test('F9 INV8: a lost answer is settled by the same key, on record, and leaves nothing to a person', async () => {
    expect((await people.operator.get(`/v1/queue?run=${run}`)).handoffs).toEqual([]);
    const results = records.filter((record) => record.entry.type === 'execution.result');
    const outcomes = results.map(({ entry }) => entry.outcome);
    expect(outcomes).toEqual(expected.calls === 2 ? ['unknown', 'succeeded'] : ['succeeded']);
    expect(indexesOf('settlement.planned')).toHaveLength(expected.calls - 1);
    expect(indexesOf('settlement.ended')).toHaveLength(expected.calls - 1);
  });

  test('G2: the log verifies', async () => {
    expect(await people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true, problem: null });
  });
});

describe('killed with -9 from outside', () => {
  test('F9: while the call is under way, after the case system has done it', { timeout: 60_000 }, async () => {
    const { run, approval } = await askForSummary(people.analyst);
    await installation.caseSystem.misbehave('timeout');
    await people.lead.approve(approval);
    await until('the case system to publish', 20_000, async () => (await publications(run)).length > 0);
    await installation.kill();
    await installation.caseSystem.misbehave('none');
    await installation.start();
    const ended = await endOf(people.analyst, run);
    expect(ended.result).toMatchObject({ status: 'published' });
    expect((await people.operator.get(`/v1/queue?run=${run}`)).handoffs).toEqual([]);
    runs.push({ run, published: (await publications(run)).length });
    expect(runs.at(-1)?.published).toBe(1);
  });

  test('J1: while runs wait: its PostgreSQL ends too, and the runs are there at the next start', {
    timeout: 60_000,
  }, async () => {
    const { run, approval } = await askForSummary(people.analyst);
    expect(namedIn(join(installation.state, 'postgres')).length).toBeGreaterThan(0);
    await installation.kill();
    await until('PostgreSQL to end', 15_000, () => namedIn(join(installation.state, 'postgres')).length === 0);
    await installation.start();
    expect(await people.analyst.get(`/v1/runs/${run}`)).toMatchObject({ state: 'waiting', approval });
    await people.lead.approve(approval);
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'published' });
    runs.push({ run, published: 1 });
  });
});

describe('after all deaths', () => {
  test('F9: no start has published anything of an earlier run again', async () => {
    expect(runs).toHaveLength(INSTANTS.length + 2);
    for (const { run, published } of runs) expect(await publications(run)).toHaveLength(published);
    const used = (await installation.caseSystem.journal()).filter((line) => line.type === 'grant_used');
    expect(new Set(used.map((line) => line.jti)).size).toBe(used.length);
    // Twice where the call was answered by nobody who lived: then, and in the kill from outside.
    const again = ['after-call', 'before-result', 'from outside'].length;
    expect(used).toHaveLength(runs.reduce((sum, { published }) => sum + published, 0) + again);
  });

  test('G2: the whole record verifies offline, verdict signatures included', async () => {
    const files = await exportOf(people.auditor);
    const result = await verifyExport({
      entries: files.get('entries.jsonl') ?? '',
      checkpoint: files.get('checkpoint') ?? '',
      vkey: files.get('log.vkey') ?? '',
    });
    expect(result).toMatchObject({ ok: true, problem: null, complete: true });
    expect(result.verdicts).toBe(runs.length);
    expect(result.verdicts_by_registered_key).toBe(runs.length);
  });
});
