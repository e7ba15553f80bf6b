import { asId, type Digest, type RunId, SYSTEM_ACTOR } from '@portreeve/contract';
import { openChange } from '@portreeve/govern';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commitmentOf } from '../planting.ts';
import { changeStore } from '../store/changes.ts';
import { type ReleaseShop, releaseShop } from '../testing/releases.ts';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

const SECRETS = /plant|says-more|anybody agreed|commitment/i;
let shop: ReleaseShop;
let house: TestServer;
let lead: SignedInClient;
let auditor: SignedInClient;
beforeAll(async () => {
  shop = await releaseShop();
  house = await testServer({
    config: {
      oversight: { planted: { per_thousand: 1, requesters: ['analyst'], delay_minutes_max: 0 } },
      releases: { keys: [shop.key] },
    },
  });
  [lead, auditor] = [await house.as('lead'), await house.as('auditor')];
}, 60_000);
afterAll(async () => {
  await house?.close();
  await shop?.close();
});

const db = () => house.server.services.database.read;
let planned = 0;
/** Has the case planted, by the server's own sweep, and gives the run. */
async function plant(): Promise<RunId> {
  const before = (await db().selectFrom('planted_runs').select('run').execute()).map(({ run }) => run);
  await db()
    .insertInto('planting_due')
    .values({ id: `due-${++planned}`, workflow: WORKFLOW, case_id: 'says-more', due_at: new Date(0) })
    .execute();
  const planted = async () => {
    const runs = await db().selectFrom('planted_runs').select('run').execute();
    return runs.map(({ run }) => run).find((run) => !before.includes(run));
  };
  await expect.poll(planted, { timeout: 20_000 }).toBeDefined();
  return asId('run', (await planted())!);
}

/** What differs between any two: ids, times, digests, counters, and the text of the note. */
function normal(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(/\b(run|prop|appr|dec|prn|ev|call|val|rec|exec|pk|ses)_[0-9a-z-]+/g, '$1_ID')
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:DIGEST')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/"(note|text|before|after|value)":"(?:[^"\\]|\\.)*"/g, '"$1":"TEXT"')
    .replace(
      /"(index|id|start|end|looked_at|approved|denied|amended|expired|withdrawn|duration_ms|latency_ms)":\d+/g,
      '"$1":0',
    );
  return JSON.parse(text);
}

async function eventsOf(run: RunId): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of lead.events(run)) {
    events.push(event);
    if (event.type === 'approval.requested') return events;
  }
  return events;
}

/** Everything that a reviewer can reach of a run that waits for them. */
async function reachable(run: RunId) {
  const shown = await house.approvalOf(run);
  const { id, proposal } = shown.approval;
  const list = (await lead.get('/v1/approvals?state=pending&limit=200')).body.approvals;
  const runs = (await lead.get('/v1/runs?limit=200')).body.runs;
  const page = await fetchPage(id);
  return {
    shown,
    seen: {
      row: list.find((each: { id: string }) => each.id === id),
      view: shown,
      run: (await lead.get(`/v1/runs/${run}`)).body,
      inList: runs.find((each: { id: string }) => each.id === run),
      events: (await eventsOf(run)).map((event) => {
        const { type, entry } = event as { type: string; entry: { actor: unknown; refs: object; outcome: unknown } };
        return { type, actor: entry.actor, refs: entry.refs, outcome: entry.outcome };
      }),
      explained: (await lead.get(`/v1/policy/explain?proposal=${proposal}`)).status,
      page,
    },
  };
}

/** Opens the change of a release, of what the comparison of the two tells. */
async function openedFrom(from: Digest, to: Digest): Promise<string> {
  const { database, audit, clock, releaseChanges } = house.server.services;
  const changes = changeStore(database);
  const pieces = await releaseChanges.shown(from, to);
  await database.transaction(async (tx) => {
    const about = { kind: 'release', subject: to, from, to, pieces, reason: 'a test', actor: SYSTEM_ACTOR } as const;
    const touched = { workflows: [WORKFLOW], owners: ['business'], risk: 'medium' } as const;
    await audit.append(tx, await openChange({ changes, clock }, tx, { ...about, touched }));
  });
  return (await changes.list({ kind: 'release' }))[0]!.change;
}

async function fetchPage(id: string): Promise<string[]> {
  const answer = await lead.get(`/approve/${id}`);
  const markup = String(answer.body);
  return [String(answer.status), ...(markup.match(/<[a-z0-9]+|class="[^"]*"|id="[^"]*"/g) ?? [])];
}

describe('H7: planted test proposals', () => {
  test('nothing that a reviewer can reach tells one from a real one: fields, forms, ids, order, page', async () => {
    const real = await reachable((await house.submit({ case_id: 'CASE-1' })).id);
    const planted = await reachable(await plant());
    expect(planted.shown.args.note).toContain('The head office agreed to it.');
    expect(normal(planted.seen)).toEqual(normal(real.seen));
    // Ids are made by the same clock and chance: their form and length are one.
    const form = (text: string) => text.replace(/[0-9a-z]/g, 'x');
    for (const field of ['id', 'proposal', 'decision'] as const)
      expect(form(planted.shown.approval[field])).toBe(form(real.shown.approval[field]));
    const { note, ...rest } = (await lead.get('/v1/approvals?limit=200')).body;
    expect(note).toContain('planted to test the oversight');
    const views = [
      rest,
      (await lead.get('/v1/workflows')).body,
      (await lead.get('/v1/notices')).body,
      (await lead.get('/v1/oversight')).body.reviewers,
    ];
    for (const body of views) expect(JSON.stringify(body)).not.toMatch(SECRETS);
    const { note: told, ...view } = planted.shown as unknown as Record<string, unknown>;
    expect(told).toBe(note);
    expect(JSON.stringify([view, planted.seen.run, planted.seen.events])).not.toMatch(SECRETS);
    expect((await lead.get('/v1/oversight?days=1')).body.planted).toBeNull();
    expect((await lead.get('/v1/audit/records?type=oversight.planted')).status).toBe(403);
  });

  test('what changes from one release to another tells reviewers that cases are changed, and nothing of them', async () => {
    const added = async (change: (text: string) => string) => {
      const { text, release } = await shop.build(change);
      expect((await (await house.as('operator')).post('/v1/releases', { bundle: text })).status).toBe(201);
      return release;
    };
    const from = await added((text) => text);
    const to = await added((text) =>
      text
        .replace("wrong: 'No event says", "wrong: 'Not one event says")
        .replace('head office agreed', 'head office has agreed')
        .replace('approval_timeout_minutes: 60,', 'approval_timeout_minutes: 30,'),
    );
    const opened = await openedFrom(from, to);
    const asked = [`/v1/releases/${to}/changes?from=${from}`, `/v1/changes/${opened}`];
    const people = [lead, await house.as('operator')];
    for (const path of asked) {
      for (const person of people) {
        const { status, body } = await person.get(path);
        expect(status).toBe(200);
        const pieces: { text: string; lines: string[] }[] = body.changes ?? body.pieces;
        expect(pieces.map(({ text }) => text).sort()).toEqual([
          'the workflow: /approval_timeout_minutes from 60 to 30',
          'the workflow: its planted cases are changed',
          'workflow.ts is changed',
        ]);
        expect(pieces.find(({ text }) => text === 'workflow.ts is changed')?.lines).toEqual([
          '-     approval_timeout_minutes: 60,',
          '+     approval_timeout_minutes: 30,',
        ]);
        expect(JSON.stringify(body)).not.toMatch(/says-more|event says|head office|mallory/);
      }
      const seen = JSON.stringify((await auditor.get(path)).body);
      expect(seen).toMatch(/\/planted\/0\/wrong from No event says/);
      expect(seen).toMatch(/\+ +wrong: 'Not one event says/);
    }
    const list = (await lead.get('/v1/changes?kind=release')).body.changes;
    expect(list).toMatchObject([{ change: opened, pieces: 3 }]);
    await house.server.services.audit.settle();
    const { records } = (await auditor.get('/v1/audit/records?type=change.opened')).body;
    expect(JSON.stringify(records)).not.toMatch(/event says|head office/);
  });

  test('whoever reads the entries of the log cannot tell it by its seal: a real run has one, too, of the same form', async () => {
    const count = (type: string) =>
      db()
        .selectFrom('audit_records')
        .select(({ fn }) => fn.countAll<string>().as('n'))
        .where(sql<boolean>`entry::jsonb ->> 'type' = ${type}`)
        .executeTakeFirstOrThrow();
    const runs = [(await house.submit({ case_id: 'CASE-1' })).id, await plant()];
    for (const run of runs) await house.approvalOf(run);
    await house.server.services.audit.settle();
    expect(await count('oversight.planted')).toEqual(await count('run.admitted'));
    const { records } = (await auditor.get('/v1/audit/records?type=oversight.planted&limit=200')).body;
    const form = ({ entry, payload }: { entry: Record<string, unknown>; payload: { data: object } }) => {
      const { actor, refs, keys, outcome } = entry;
      return JSON.stringify([actor, refs, keys, outcome, JSON.stringify(payload.data).length]);
    };
    expect(new Set(records.map(form)).size).toBe(1);
  });

  test('sealed in the record from the start, opened when it is closed, and then it proves itself', async () => {
    const run = await plant();
    const shown = await house.approvalOf(run);
    const find = async (type: string) => (await auditor.get(`/v1/audit/records?type=${type}&limit=200`)).body.records;
    const row = await db().selectFrom('planted_runs').selectAll().where('run', '=', run).executeTakeFirstOrThrow();
    const sealed = (await find('oversight.planted')).find(
      (each: { payload: { data: { commitment: string } } }) => each.payload.data.commitment === row.commitment,
    );
    expect(sealed.entry.refs).toEqual({});
    expect(Object.keys(sealed.payload.data)).toEqual(['commitment']);
    const submitted = (await auditor.get(`/v1/audit/records?run=${run}&type=proposal.submitted`)).body.records[0];
    expect(sealed.entry.index).toBeLessThan(submitted.entry.index);
    const opened = async () =>
      (await find('oversight.opened')).filter(
        (each: { payload: { data: { run: string } } }) => each.payload.data.run === run,
      );
    expect(await opened()).toEqual([]);
    await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, await house.verdict('lead', shown, 'deny'));
    const [record] = await opened();
    const { data } = record.payload;
    expect(data).toMatchObject({
      run,
      workflow: WORKFLOW,
      case: 'says-more',
      state: 'denied',
      approval: shown.approval.id,
    });
    expect(commitmentOf({ ...data, case_id: data.case })).toBe(row.commitment);
    expect(data.commitment).toBe(row.commitment);
    await house.ended(run);
    expect(record.entry.refs).toEqual({});
    expect(JSON.stringify(await eventsOf(run))).not.toMatch(SECRETS);
  });

  test('INV1: approved, nothing is granted or called; the team\u2019s catch rate says that it was missed', async () => {
    const calls = house.downstream.calls.length;
    const run = await plant();
    const shown = await house.approvalOf(run);
    const { status } = await lead.post(
      `/v1/approvals/${shown.approval.id}/verdicts`,
      await house.verdict('lead', shown, 'approve'),
    );
    expect(status).toBe(201);
    expect(await house.ended(run)).toMatchObject({ result: { status: 'refused' } });
    expect(house.downstream.calls).toHaveLength(calls);
    expect((await auditor.get(`/v1/audit/records?run=${run}&type=grant.issued`)).body.records).toEqual([]);
    const { planted } = (await auditor.get('/v1/oversight?days=1')).body;
    expect(planted).toMatchObject([{ team: 'note-leads', missed: 1, caught: 1, caught_percent: 50 }]);
    expect(planted[0].records).toHaveLength(planted[0].planted);
    const [real, test] = [planted[0].real_to_verdict_p50_ms, planted[0].to_verdict_p50_ms];
    expect([real, test > 0]).toEqual([null, true]);
    const analyst = (await house.as('analyst')).principal.id;
    const { planted_by } = (await auditor.get('/v1/oversight?days=1')).body;
    const { total } = await db()
      .selectFrom('approvals')
      .select((row) => row.fn.countAll<string>().as('total'))
      .executeTakeFirstOrThrow();
    expect(planted_by).toEqual([
      { requester: analyst, asked: Number(total), planted: 2, planted_percent: Math.ceil(200 / Number(total)) },
    ]);
    expect((await lead.get('/v1/oversight?days=1')).body.planted_by).toBeNull();
  });

  test('INV1: the database makes no grant for it, and its mark stays, whoever asks', async () => {
    const run = await plant();
    const { proposal } = (await house.approvalOf(run)).approval;
    const grant = (id: string, of: string) =>
      sql`
      INSERT INTO grants (id, proposal, proposal_digest, args_digest, audience, state, issued_at, expires_at)
      VALUES (${id}, ${of}, 'd', 'd', 'a', 'issued', now(), now())`.execute(db());
    await expect(grant('grt_one', proposal)).rejects.toThrow(/never be carried out/);
    await grant('grt_two', 'prop_of_nobody');
    await expect(sql`UPDATE grants SET proposal = ${proposal} WHERE id = 'grt_two'`.execute(db())).rejects.toThrow(
      /never be carried out|nothing else of it changes/,
    );
    for (const change of [
      sql`DELETE FROM planted_proposals`,
      sql`UPDATE planted_proposals SET proposal = 'prop_other'`,
      sql`TRUNCATE planted_proposals`,
    ])
      await expect(change.execute(db())).rejects.toThrow(/stays marked/);
    expect(await db().selectFrom('grants').select('id').where('proposal', '=', proposal).execute()).toEqual([]);
  });
});
