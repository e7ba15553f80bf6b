import { type HandoffId, newId, type Principal, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from './store/testing/database.ts';
import { AGENT_TOOLSET, APPROVERS, type SignedInClient, type TestServer, testServer } from './testing/server.ts';

const REASON = { reason: 'they asked for it (article 17)' };

describe('G6 INV10: the data of a person is erased', () => {
  let house: TestServer;
  let operator: SignedInClient;
  let admin: SignedInClient;
  let auditor: SignedInClient;
  beforeAll(async () => {
    house = await testServer({ config: { mcp: { toolsets: [AGENT_TOOLSET] } } });
    [operator, admin, auditor] = (await Promise.all(
      ['operator', 'admin', 'auditor'].map((name) => house.as(name)),
    )) as [SignedInClient, SignedInClient, SignedInClient];
  }, 60_000);
  afterAll(() => house.close());

  const audit = () => house.server.services.audit;
  /** A person with a run behind them. */
  async function leaver(name: string) {
    const person = await house.addAccount(name, ['requester']);
    const run = await house.submit({ case_id: 'CASE-1', publish: false }, person);
    await house.ended(run.id);
    return { id: person.principal.id, run: run.id };
  }
  const ask = async (subject: string) => (await operator.post('/v1/audit/erasures', { subject, ...REASON })).body;
  const confirm = (id: string, by = admin) => by.post(`/v1/audit/erasures/${id}/confirm`);

  test('its keys go, every proof stays, and whatever shows it says that it is erased', {
    timeout: 60_000,
  }, async () => {
    const { id, run } = await leaver('first-leaver');
    const stays = await leaver('who-stays');
    const before = (await audit().search({ run, limit: 100 })).records;
    expect(before.length).toBeGreaterThan(5);
    expect(before.every(({ payload, erased }) => payload !== null && erased === null)).toBe(true);
    const own = before.filter(({ entry }) => entry.type === 'run.submitted');
    const words = { run, words: 'first-leaver' };
    expect((await audit().search(words)).records.length).toBeGreaterThan(0);
    await audit().checkpoint();

    const asked = await ask(id);
    expect(asked).toMatchObject({ state: 'requested', subject: id });
    expect(await confirm(asked.id)).toMatchObject({ status: 200, body: { state: 'erased' } });

    const after = (await audit().search({ run, limit: 100 })).records;
    expect(after.map(({ entry }) => entry)).toEqual(before.map(({ entry }) => entry));
    expect(after.filter(({ payload }) => payload !== null)).toEqual([]);
    const [record] = (await audit().search({ type: 'audit.erased' })).records;
    for (const { erased } of after) expect(erased).toMatchObject({ cause: 'erasure', record: record!.entry.id });
    expect(record!.payload!.data).toMatchObject({
      subject: id,
      erasure: asked.id,
      requested_by: operator.principal.id,
    });
    expect(JSON.stringify(record)).not.toContain('first-leaver');
    expect(await audit().main.verify()).toMatchObject({ ok: true });
    expect((await audit().main.verify()).erased).toBeGreaterThanOrEqual(after.length);
    expect((await audit().main.receipt(own[0]!.entry.index)).payload).toBeNull();
    // Its words are gone from the index too, and the run says what is left of it.
    expect((await audit().search(words)).records).toEqual([]);
    expect((await house.server.services.runs.get(run))!).toMatchObject({
      input: {},
      principal: { id, name: 'erased' },
    });
    expect((await auditor.get(`/v1/audit/records/${own[0]!.entry.index}`)).body.erased.cause).toBe('erasure');
    expect((await house.server.services.runs.get(stays.run))!.principal.name).toBe('who-stays');
    const others = (await audit().search({ run: stays.run, limit: 100 })).records;
    expect(others.every(({ payload }) => payload !== null)).toBe(true);
  });

  test('G6 I8: the work that a refused call of an agent outside became goes with whoever it acted for', {
    timeout: 60_000,
  }, async () => {
    const person = await house.addAccount('outside-leaver', ['requester']);
    const json = { 'content-type': 'application/json' };
    house.downstream.replyWith((_call, response) => response.writeHead(200, json).end('{"revision":1,"owner":"a"}'));
    const wish = { tool: 'cases_keep_note', args: { case_id: 'CASE-1', note: 'outside-canary', evidence: [] } };
    await person.post('/v1/proposals', { tool: 'cases_find_secret_owner', args: { case_id: 'CASE-1' } });
    const refused = (await person.post('/v1/proposals', wish)).body;
    expect(refused).toMatchObject({ status: 'refused' });
    const all = (await operator.get('/v1/queue?kind=refused')).body.handoffs as { id: string; proposal: string }[];
    const { id } = all.find(({ proposal }) => proposal === refused.id)!;
    expect((await house.server.services.handoffs.get(id as HandoffId))?.context).toMatchObject({ args: wish.args });
    expect(await confirm((await ask(person.principal.id)).id)).toMatchObject({ status: 200 });
    const after = await operator.get(`/v1/queue/${id}`);
    expect(after).toMatchObject({ status: 410, body: { code: 'erased' } });
    expect(JSON.stringify(after.body)).not.toContain('outside-canary');
  });

  test('a second person is needed, and it happens once', { timeout: 60_000 }, async () => {
    const { id } = await leaver('second-leaver');
    const wish = (await admin.post('/v1/audit/erasures', { subject: id, ...REASON })).body;
    expect(await confirm(wish.id)).toMatchObject({ status: 403, body: { code: 'approver_is_requester' } });
    expect(await admin.post('/v1/audit/erasures', { subject: id, ...REASON })).toMatchObject({ status: 409 });
    expect(await confirm(wish.id, operator)).toMatchObject({ status: 403, body: { code: 'refused' } });
    await house.addAccount('second-admin', ['admin']);
    const both = await Promise.all([1, 2].map(async () => confirm(wish.id, await house.as('second-admin'))));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await operator.post('/v1/audit/erasures', { subject: 'prn_nobody', ...REASON })).toMatchObject({
      status: 404,
    });
    expect(await operator.post('/v1/audit/erasures', { subject: 'house', ...REASON })).toMatchObject({ status: 404 });
  });

  test('a legal hold stops it with a clear answer, and that is on record', { timeout: 60_000 }, async () => {
    const { id, run } = await leaver('held-leaver');
    const wish = await ask(id);
    const workflow = (await house.server.services.runs.get(run))!.workflow;
    const hold = (await operator.post('/v1/audit/holds', { kind: 'workflow', target: workflow, reason: 'claim 77' }))
      .body;
    const refused = await confirm(wish.id);
    expect(refused).toMatchObject({ status: 409, body: { code: 'held' } });
    expect(refused.body.detail).toContain(`${hold.id} on the workflow ${workflow}: claim 77`);
    expect(await operator.post('/v1/audit/erasures', { subject: id, ...REASON })).toMatchObject({
      body: { code: 'held' },
    });
    const [record] = (await audit().search({ type: 'audit.erasure_refused' })).records;
    expect(record!.payload!.data).toMatchObject({ erasure: wish.id, by: 'hold', holds: [hold.id] });
    expect((await audit().search({ run })).records[0]!.payload).not.toBeNull();
    await admin.post(`/v1/audit/holds/${hold.id}/lift`, { reason: 'settled' });
    expect(await confirm(wish.id)).toMatchObject({ status: 200 });
  });

  test('I3 H8: what was wished and what is held is listed to its end, and the register of exceptions has all of it', async () => {
    const held = 520;
    await withClient(house.databaseUrl, (client) =>
      client.query(
        `INSERT INTO legal_holds (id, kind, target, reason, set_by, set_at)
         SELECT 'hold_' || lpad(n::text, 26, '0'), 'subject', 'prn_' || n, 'a claim', $1, now()
         FROM generate_series(1, $2::int) AS n`,
        [operator.principal.id, held],
      ),
    );
    const listed = async (path: string, key: string, limit: number) => {
      const ids: string[] = [];
      for (let after: string | null = ''; after !== null; ) {
        // biome-ignore lint/suspicious/noExplicitAny: a list as the API answers it
        const answer: { status: number; body: any } = await auditor.get(
          `${path}&limit=${limit}${after && `&after=${after}`}`,
        );
        const { status, body } = answer;
        expect(status, JSON.stringify(body)).toBe(200);
        expect(body[key].length).toBeLessThanOrEqual(limit);
        ids.push(...body[key].map(({ id }: { id: string }) => id));
        after = body.next;
      }
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids].sort().reverse()).toEqual(ids);
      return ids;
    };
    expect(await listed('/v1/audit/holds?all=false', 'holds', 200)).toHaveLength(held);
    // What was wished in this file, one at a time.
    const wishes = await listed('/v1/audit/erasures?', 'erasures', 1);
    expect(wishes.length).toBeGreaterThan(1);
    expect(wishes).toEqual(await listed('/v1/audit/erasures?', 'erasures', 200));
    expect(await auditor.get('/v1/audit/erasures?limit=201')).toMatchObject({ status: 400 });
    expect(await auditor.get('/v1/audit/holds?after=nothing')).toMatchObject({ status: 400 });

    const rows: { kind: string }[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const page: { status: number; body: { rows: { kind: string }[]; next: string | null } } = await auditor.get(
        `/v1/registers/exceptions?limit=200${after && `&after=${encodeURIComponent(after)}`}`,
      );
      rows.push(...page.body.rows);
      after = page.body.next;
    }
    expect(rows.filter(({ kind }) => kind === 'legal-hold')).toHaveLength(held);
    await withClient(house.databaseUrl, (client) =>
      client.query("DELETE FROM legal_holds WHERE id LIKE 'hold_00000%'"),
    );
  });

  test('no agent decides on an erasure or a hold, also in the name of a person who may', async () => {
    const { erasing } = house.server.services;
    const agent: Principal = {
      ...operator.principal,
      act: [{ id: newId('principal', systemClock), kind: 'agent' }],
    };
    const hold = await erasing.setHold('workflow', 'payroll', 'claim 78', operator.principal);
    const wish = newId('erasure', systemClock);
    for (const attempt of [
      () => erasing.request(operator.principal.id, 'asked', agent),
      () => erasing.confirm(wish, agent),
      () => erasing.refuse(wish, 'no', agent),
      () => erasing.setHold('workflow', 'payroll', 'claim 79', agent),
      () => erasing.liftHold(hold.id, 'settled', agent),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'refused' });
    await erasing.liftHold(hold.id, 'settled', operator.principal);
  });

  test('a backup does not bring it back: keys that returned are taken away again', { timeout: 60_000 }, async () => {
    const { id, run } = await leaver('restored-leaver');
    const rows = await withClient(house.databaseUrl, (client) =>
      client.query('SELECT * FROM subject_keys WHERE subject = $1', [id]),
    );
    await confirm((await ask(id)).id);
    const put = `INSERT INTO subject_keys SELECT * FROM json_populate_recordset(NULL::subject_keys, $1)`;
    await withClient(house.databaseUrl, async (client) => {
      await expect(client.query(put, [JSON.stringify(rows.rows)])).rejects.toThrow('was erased');
      // As a restore of older tables does, marks and all.
      await client.query('ALTER TABLE erased_keys DISABLE TRIGGER ALL; DELETE FROM erased_keys');
      await client.query(put, [JSON.stringify(rows.rows)]);
    });
    expect((await audit().search({ run })).records[0]!.payload).not.toBeNull();
    expect(await house.server.services.erasing.settleReturned()).toBe(rows.rows.length);
    expect((await audit().search({ run })).records[0]!.payload).toBeNull();
    expect(await audit().main.verify()).toMatchObject({ ok: true });
  });

  test('the root key is rotated: every key is wrapped anew, no payload is touched', { timeout: 60_000 }, async () => {
    const { run } = await leaver('rotated');
    const payloads = () =>
      withClient(house.databaseUrl, async (client) => {
        const { rows } = await client.query(
          `SELECT md5(string_agg(payload, '' ORDER BY index)) AS all, count(*) FROM audit_records WHERE index < 50`,
        );
        return rows[0];
      });
    const before = await payloads();
    const { body } = await admin.post('/v1/audit/keys/rotate');
    const counts = await withClient(house.databaseUrl, (client) =>
      client.query('SELECT root, count(*)::int AS n FROM subject_keys GROUP BY root'),
    );
    expect(counts.rows).toEqual([{ root: body.root, n: body.keys }]);
    expect(await payloads()).toEqual(before);
    // With nothing in memory, as after a restart.
    await house.restart();
    expect((await audit().search({ run })).records[0]!.payload).not.toBeNull();
    expect(await audit().main.verify()).toMatchObject({ ok: true });
  });

  test('nothing of a person stands in clear text in any table that is sealed', { timeout: 120_000 }, async () => {
    const canary = 'canary-of-a-person';
    const [name, groups] = ['clear-text-leaver', [...APPROVERS]];
    const person = await house.addAccount(name, ['requester', 'approver'], groups);
    const json = { 'content-type': 'application/json' };
    const answer = JSON.stringify({ revision: 1, owner: canary });
    house.downstream.replyWith((_call, response) => response.writeHead(200, json).end(answer));
    const act = async (tool: string, args: object) =>
      (await person.post('/v1/proposals', { tool: `cases_${tool}`, args: { case_id: 'CASE-1', ...args } })).body;
    const note = { note: canary, evidence: [] };
    const kept = await act('keep_note', note);
    const lead = await house.as('lead');
    const shown = (await lead.get(`/v1/approvals/${kept.approval}`)).body;
    await lead.post(`/v1/approvals/${kept.approval}/verdicts`, await house.verdict('lead', shown, 'approve'));
    expect((await person.post(`/v1/proposals/${kept.id}/resume`, {})).body).toMatchObject({ status: 'succeeded' });
    expect(await act('post_note', note)).toMatchObject({ status: 'waiting' });
    for (const tool of ['find_owner', 'find_secret_owner']) await act(tool, {});
    expect(await act('keep_note', note)).toMatchObject({ status: 'refused' });
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const away = { delegate: lead.principal.id, groups, until, reason: canary };
    expect(await person.post('/v1/approval-delegations', away)).toMatchObject({ status: 201 });
    const run = await house.submit({ case_id: 'CASE-1', publish: false, remark: canary }, person);
    await house.ended(run.id);
    expect((await house.server.services.runs.get(run.id))?.input).toMatchObject({ remark: canary });
    const { execution } = (await house.server.services.gate.get(kept.id))!;
    const undo = await person.post(`/v1/executions/${execution}/undo`, { reason: canary });
    expect(undo.status, JSON.stringify(undo.body)).toBeLessThan(300);
    await audit().settle();
    const tables = [
      ...['audit_records', 'audit_index', 'audit_pending', 'run_values', 'proposals', 'handoffs', 'runs', 'approvals'],
      ...['agent_sessions', 'agent_session_sources', 'undos', 'approval_delegations'],
    ];
    const found = await withClient(house.databaseUrl, async (client) => {
      const counts: { table: string; kept: number; clear: number }[] = [];
      for (const table of tables) {
        const clear = `t::text LIKE '%${name}%' OR t::text LIKE '%${canary}%'`;
        const { rows } = await client.query(
          `SELECT count(*)::int AS kept, count(*) FILTER (WHERE ${clear})::int AS clear FROM ${table} AS t`,
        );
        counts.push({ table, ...rows[0] });
      }
      return counts;
    });
    expect(found.filter(({ clear }) => clear > 0)).toEqual([]);
    // What waits for its place is empty once all has one; every other table holds something of this person.
    expect(found.filter((each) => each.kept === 0).map(({ table }) => table)).toEqual(['audit_pending']);
    expect(await confirm((await ask(person.principal.id)).id)).toMatchObject({ status: 200 });
    const [delegation] = (await person.get('/v1/approval-delegations')).body.delegations;
    expect(delegation).toMatchObject({ reason: 'erased', groups });
    expect(await person.get(`/v1/executions/${execution}/undo`)).toMatchObject({ status: 410 });
  });
});
