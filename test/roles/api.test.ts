import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { plainKeystore } from '@portreeve/server';
import { mcpRequest, withClient } from '@portreeve/server/testing';
import { verifyExport } from '@portreeve/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { ROOT } from '../repository.ts';
import { startApart } from '../support/apart.ts';
import { EXAMPLE } from '../support/case-system.ts';
import { CLI } from '../support/cli.ts';
import { nextVersion } from '../support/next-version.ts';
import { type Answer, exportOf, type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, start, temporaryFolder, until } from '../support/processes.ts';

/*
 * The api and the gatekeeper apart, with a reasoner and an executor: four roles as processes with a database user and a
 * state folder each, on one PostgreSQL that its owner has migrated before and does nothing in afterwards.
 */

/** What a role is begun with from now on. */
let version = ROOT;
let apart: Awaited<ReturnType<typeof startApart>>;
type Names = 'analyst' | 'lead' | 'auditor' | 'operator';
let people: Record<Names, Person>;
const peopleAt = async (url: string): Promise<Record<Names, Person>> => {
  const as = (name: Names) => signIn(url, apart.rest.state, name);
  return {
    analyst: await as('analyst'),
    lead: await as('lead'),
    auditor: await as('auditor'),
    operator: await as('operator'),
  };
};
beforeAll(async () => {
  const tools = join(await temporaryFolder(), 'tools.ts');
  const declared = pathToFileURL(join(EXAMPLE, 'workflows/incident-summary/tools.ts'));
  await writeFile(tools, `import { publishCaseSummary } from '${declared}';\nexport default [publishCaseSummary];\n`);
  const toolset = { name: 'cases', approvers: ['incident-leads'], tools };
  apart = await startApart({
    ...{ split: true, reasoners: 1, config: { mcp: { toolsets: [toolset] } } },
    program: () => ({ root: version, file: join(version, relative(ROOT, CLI)) }),
  });
  people = await peopleAt(apart.url);
}, 600_000);
afterAll(async () => {
  await apart?.close();
  await cleanUp();
}, 120_000);

const publications = async () => (await apart.caseSystem.journal()).filter(({ type }) => type === 'published').length;
const query = (sql: string, values: unknown[] = []): Promise<Answer[]> =>
  withClient(apart.databaseUrl, async (client) => (await client.query(sql, values)).rows);
const published = { result: { status: 'published' } };
const SUMMARY = {
  ...{ case_id: 'CASE-1042', title: 'A case', severity: 'low', summary: 'It is solved.', next_steps: [] },
  statements: [{ text: 'It is solved.', evidence: ['ev_1'] }],
};

describe('J2: with the api and the gatekeeper apart', { timeout: 240_000 }, () => {
  test('J2 G3: a run goes the whole way, and its record verifies offline with the signature of who approved', async () => {
    const { run, approval } = await askForSummary(people.analyst);
    await people.lead.approve(approval);
    expect(await endOf(people.analyst, run)).toMatchObject(published);
    expect(await publications()).toBe(1);
    expect(await people.auditor.post('/v1/audit/verify', {})).toMatchObject({ ok: true });
    expect(await people.operator.get('/v1/system')).toMatchObject({ executor: 'apart', database_roles: true });
    const files = await exportOf(people.auditor);
    const verified = await verifyExport({
      entries: files.get('entries.jsonl') ?? '',
      checkpoint: files.get('checkpoint') ?? '',
      vkey: files.get('log.vkey') ?? '',
    });
    expect(verified).toMatchObject({
      ok: true,
      problem: null,
      complete: true,
      verdicts: 1,
      verdicts_by_registered_key: 1,
    });
    expect(await query('SELECT * FROM face_asks')).toEqual([]);
  });

  test('F7 D5: an agent asks over MCP, a person approves, and the same call again is told the end', async () => {
    const before = await publications();
    const accounts = JSON.parse(await readFile(join(apart.rest.state, 'accounts.json'), 'utf8')) as Answer[];
    const { password } = accounts.find(({ name }) => name === 'analyst');
    const session = await fetch(`${apart.url}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'analyst', password }),
    });
    const { token } = (await session.json()) as Answer;
    const call = () =>
      mcpRequest(apart.url, token, 'tools/call', { name: 'cases_publish_case_summary', arguments: SUMMARY });
    const waiting = (await call()).result.structuredContent;
    expect(waiting).toMatchObject({ status: 'pending_approval' });
    const verdict = await people.lead.approve(waiting.approval_id);
    expect(verdict).toMatchObject({ state: 'approved' });
    const done = (await call()).result;
    expect(done).toMatchObject({ structuredContent: { case_id: 'CASE-1042' } });
    expect(await publications()).toBe(before + 1);
  });
});

describe('J2: of several', { timeout: 240_000 }, () => {
  test('J2: two apis and two gatekeepers carry one house; a person is known at both', async () => {
    const before = await publications();
    await Promise.all([apart.startGatekeeper(), apart.startApi()]);
    const [first, second] = [people, await peopleAt(apart.apis[1]!.url)];
    const asked = await Promise.all([first, second, first, second].map(({ analyst }) => askForSummary(analyst)));
    // Approved at the other one than it was asked at.
    await Promise.all(asked.map(({ approval }, n) => (n % 2 === 0 ? second : first).lead.approve(approval)));
    for (const { run } of asked) expect(await endOf(first.analyst, run)).toMatchObject(published);
    expect(await publications()).toBe(before + asked.length);
    const started = await second.auditor.get('/v1/audit/records?type=system.started');
    expect(started.records).toHaveLength(4);
  });

  test('J2 F9: kill -9 of a gatekeeper with actions in its hand loses none and does none twice', async () => {
    const before = await publications();
    const asked = await Promise.all(Array.from({ length: 4 }, () => askForSummary(people.analyst)));
    const verdicts = asked.map(({ approval }) => people.lead.approve(approval));
    const [first] = apart.gatekeepers;
    await verdicts[0];
    first!.process.child.kill('SIGKILL');
    await first!.process.ended;
    for (const [n, verdict] of verdicts.entries()) {
      // A question that it had taken is answered by nobody: whoever decides asks again.
      const said = await verdict;
      if (said.state !== 'approved') {
        expect(said).toMatchObject({ code: 'unavailable' });
        expect(await people.lead.approve(asked[n]!.approval)).toMatchObject({ state: 'approved' });
      }
    }
    for (const { run } of asked) expect(await endOf(people.analyst, run)).toMatchObject(published);
    expect(await publications()).toBe(before + asked.length);
    for (const { run } of asked) {
      const grants = (await recordsOf(people.auditor, run)).filter(({ entry }) => entry.type === 'execution.intent');
      expect(grants).toHaveLength(1);
    }
    await apart.startGatekeeper(first!.state);
  });

  test('J2: while no gatekeeper lives a verdict is not taken and says so, and a run waits; then it goes on', async () => {
    const { run, approval } = await askForSummary(people.analyst);
    for (const { process } of apart.gatekeepers) {
      process.child.kill('SIGTERM');
      expect((await process.ended).code).toBe(0);
    }
    expect(await people.lead.approve(approval)).toMatchObject({ code: 'unavailable' });
    for (const { state } of apart.gatekeepers) await apart.startGatekeeper(state);
    expect(await people.lead.approve(approval)).toMatchObject({ state: 'approved' });
    expect(await endOf(people.analyst, run)).toMatchObject(published);
    expect(await people.auditor.post('/v1/audit/verify', {})).toMatchObject({ ok: true });
  });
});

describe('J2 INV1: what the gatekeeper is asked by an api', { timeout: 120_000 }, () => {
  test('C7: a freeze by one api stops what another one’s approver would approve; lifted, it goes on', async () => {
    const { run, approval } = await askForSummary(people.analyst);
    const target = 'workflow:incident-summary';
    await people.operator.post('/v1/environment/freezes', { target, reason: 'a look' });
    const other = await signIn(apart.apis[1]!.url, apart.rest.state, 'lead');
    expect(await other.approve(approval)).toMatchObject({ code: 'frozen' });
    await people.operator.post('/v1/environment/thaws', { target, stage: 'lifted', reason: 'it is well' });
    await until('the thaw to be seen', 10_000, async () => (await other.approve(approval)).state === 'approved');
    expect(await endOf(people.analyst, run)).toMatchObject(published);
  });

  test('J2: who has taken an api over can write questions, and has nobody answer unsealed ones', async () => {
    const before = await publications();
    const { approval } = await askForSummary(people.analyst);
    await withClient(apart.apis[0]!.databaseUrl, async (client) => {
      const wish = JSON.stringify({ kind: 'sign_head', origin: 'mine' });
      await client.query('INSERT INTO face_asks (id, body) VALUES ($1, $2)', ['ask_forged', wish]);
      await until('the gatekeeper to answer', 15_000, async () => {
        const { rows } = await client.query(`SELECT 1 FROM face_asks WHERE id = 'ask_forged' AND answer IS NOT NULL`);
        return rows.length > 0;
      });
      await client.query(`DELETE FROM face_asks WHERE id = 'ask_forged'`);
    });
    expect(await people.lead.approve(approval, 'deny')).toMatchObject({ state: 'denied' });
    expect(await publications()).toBe(before);
  });

  test('J2 F7 E9: an api holds no key that signs a grant or the record, and no credential of a tool or a model', async () => {
    for (const { state } of apart.apis) {
      const keys = readdirSync(join(state, 'keys')).filter((name) => name !== 'secrets.identity');
      expect(keys.sort()).toEqual(['access-tokens.json', 'redaction.key']);
    }
    for (const { state } of apart.gatekeepers) {
      expect(readdirSync(join(state, 'keys'))).toEqual(expect.arrayContaining(['grant.pem', 'log.pem']));
      expect(await plainKeystore(state, 'development').fetch('tool-key')).toBeNull();
      expect(await plainKeystore(state, 'development').fetch('model-key')).toBeNull();
    }
  });

  test('J2: no backup is made where nobody may read all of it', async () => {
    const admin = await signIn(apart.url, apart.rest.state, 'admin');
    expect(await admin.post('/v1/backups', {})).toMatchObject({ code: 'misconfigured' });
  });
});

test('J2 J3: a newer version beside this one, either role first, loses nothing', { timeout: 300_000 }, async () => {
  const before = await publications();
  const next = await nextVersion();
  const of = { this: ROOT, next: next.root };
  const migrated = start(process.execPath, [
    join(next.root, relative(ROOT, CLI)),
    'migrate',
    '--database-url',
    apart.databaseUrl,
  ]);
  expect(await migrated.ended).toMatchObject({ code: 0 });
  const replace = async (role: 'api' | 'gatekeeper', to: keyof typeof of) => {
    version = of[to];
    for (const { state, process } of role === 'api' ? apart.apis.slice(0, 1) : [...apart.gatekeepers]) {
      process.child.kill('SIGTERM');
      await process.ended;
      await (role === 'api' ? apart.startApi(state) : apart.startGatekeeper(state));
    }
  };
  const [first, second] = [await askForSummary(people.analyst), await askForSummary(people.analyst)];
  await replace('gatekeeper', 'next');
  // It begins anew beside the newer ones.
  await replace('api', 'this');
  await people.lead.approve(first.approval);
  expect(await endOf(people.analyst, first.run)).toMatchObject(published);
  await replace('api', 'next');
  await replace('gatekeeper', 'this');
  // And a newer one beside those that were rolled back.
  await replace('api', 'next');
  await people.lead.approve(second.approval);
  expect(await endOf(people.analyst, second.run)).toMatchObject(published);
  expect(await publications()).toBe(before + 2);
  const { records } = await people.auditor.get('/v1/audit/records?type=system.started&limit=100');
  expect(records.map(({ payload }: Answer) => payload.data.version)).toContain(next.version);
  expect(await people.auditor.post('/v1/audit/verify', {})).toMatchObject({ ok: true });
});

test('J2: nothing of ours was refused it by the database all the while', async () => {
  const states = [...apart.apis, ...apart.gatekeepers, ...apart.reasoners].map(({ state }) => state);
  for (const state of states) {
    const lines = (await readFile(join(state, 'server.log'), 'utf8')).split('\n');
    expect(lines.filter((line) => /42501|permission denied/.test(line))).toEqual([]);
  }
});
