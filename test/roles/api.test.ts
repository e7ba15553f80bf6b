import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
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

describe('J2 B4: an access token', { timeout: 240_000 }, () => {
  const MCP = 'http://127.0.0.1:7410/mcp';
  let robot: { id: string; token: string };
  beforeAll(async () => {
    const [admin] = await at(0, 'admin');
    const { id } = await admin.post('/v1/agents', {
      ...{ name: 'summary-agent', owner: (await admin.get('/v1/session')).principal.id, purpose: 'a test' },
      ...{ roles: ['requester'], tools: ['publish_case_summary'], data: { confidentiality: 'internal' } },
      review_by: new Date(Date.now() + 86_400_000).toISOString(),
    });
    expect(await admin.post(`/v1/agents/${id}/events`, { event: 'activate', reason: 'a test' })).toMatchObject({
      state: 'active',
    });
    const own = { account: id, label: 'x', roles: ['requester'], ttl_minutes: 60 };
    robot = { id, token: (await admin.post('/v1/tokens', own)).token };
  });

  /** Somebody who is signed in at one of the apis, and its address. */
  const at = async (api: number, name: string): Promise<[Person, string]> => {
    const { url } = apart.apis[api]!;
    return [await signIn(url, apart.rest.state, name), url];
  };
  /** The agent acts for the analyst: leave is given at one api and exchanged at another. */
  const issued = async (from: number, exchange: number, more: Record<string, string> = {}, ttl_s = 600) => {
    const [analyst] = await at(from, 'analyst');
    const leave = await analyst.post('/v1/delegations', {
      agent: robot.id,
      scope: 'role:requester tool:publish_case_summary',
      ttl_s,
    });
    const response = await fetch(`${apart.apis[exchange]!.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        ...{ subject_token: leave.token, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
        ...{ actor_token: robot.token, actor_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
        ...more,
      }),
    });
    const { access_token } = (await response.json()) as Answer;
    expect(access_token).toBeTypeOf('string');
    return access_token as string;
  };
  const status = async (api: number, token: string): Promise<number> =>
    (await fetch(`${apart.apis[api]!.url}/v1/session`, { headers: { authorization: `Bearer ${token}` } })).status;
  const kidOf = (token: string): string =>
    JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string;
  const kidsAt = async (api: number): Promise<string[]> => {
    const response = await fetch(`${apart.apis[api]!.url}/.well-known/jwks.json`);
    const { keys } = (await response.json()) as Answer;
    return keys.map(({ kid }: Answer) => kid).filter((kid: string) => kid.startsWith('at-'));
  };

  test('J2 B4: holds at each api, whichever issued it; so does leave to act, and a token for /mcp', async () => {
    for (const [from, exchange] of [
      [0, 0],
      [1, 1],
      [0, 1],
      [1, 0],
    ] as const) {
      const token = await issued(from, exchange);
      expect([await status(0, token), await status(1, token)]).toEqual([200, 200]);
    }
    const token = await issued(0, 0, { resource: MCP });
    for (const { url } of apart.apis)
      expect(await mcpRequest(url, token, 'tools/list')).toMatchObject({
        status: 200,
        result: { tools: expect.any(Array) },
      });
    expect([await status(0, token), await status(1, token)]).toEqual([401, 401]);
    const [zero, one] = [await kidsAt(0), await kidsAt(1)];
    expect(zero.toSorted()).toEqual(one.toSorted());
    expect(new Set(zero).size).toBe(2);
  });

  /** Until an unknown key id is looked up again. */
  const readAgain = async () => {
    const past = Date.now() + 1100;
    await until('the pause between two readings', 5000, async () => Date.now() > past);
  };

  test('J2 B4: a flood of made-up key ids is one query at a time, and its own tokens are good meanwhile', async () => {
    const [own, other] = [await issued(0, 0), await issued(1, 1)];
    expect(await status(0, other)).toBe(200);
    await readAgain();
    const [head, ...rest] = own.split('.');
    const madeUp = () => {
      const header = {
        ...JSON.parse(Buffer.from(head!, 'base64url').toString()),
        kid: `at-${randomBytes(32).toString('base64url')}`,
      };
      return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
    };
    const { username } = new URL(apart.apis[0]!.databaseUrl);
    await withClient(apart.databaseUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE identity_access_keys IN ACCESS EXCLUSIVE MODE');
      const answers = Array.from({ length: 50 }, () => status(0, madeUp()));
      const waiting = async (): Promise<number> => {
        // By another connection: within a transaction this view stays as it was first seen.
        const [row] = await query(
          `SELECT count(*)::int AS many FROM pg_stat_activity
            WHERE usename = $1 AND wait_event_type = 'Lock' AND query LIKE 'select%identity_access_keys%'`,
          [username],
        );
        return row.many;
      };
      await until('a look for the key', 20_000, async () => (await waiting()) > 0);
      expect(await status(0, own)).toBe(200);
      expect(await waiting()).toBe(1);
      await client.query('COMMIT');
      expect(new Set(await Promise.all(answers))).toEqual(new Set([401]));
    });
    expect(await status(0, other)).toBe(200);
  });

  test('J2 B4: holds until it expires where its api has ended, and where that begins anew without its key', async () => {
    const [token, short] = [await issued(1, 1), await issued(1, 1, {}, 20)];
    const shortEnds = Date.now() + 20_000;
    const gone = apart.apis[1]!;
    gone.process.child.kill('SIGTERM');
    await gone.process.ended;
    expect([await status(0, token), await status(0, short)]).toEqual([200, 200]);
    // As a pod that has no volume.
    await rm(join(gone.state, 'keys', 'access-tokens.json'));
    await apart.startApi(gone.state);
    const next = await issued(1, 1);
    expect(kidOf(next)).not.toBe(kidOf(token));
    for (const good of [token, next]) expect([await status(0, good), await status(1, good)]).toEqual([200, 200]);
    for (const api of [0, 1]) expect(await kidsAt(api)).toEqual(expect.arrayContaining([kidOf(token), kidOf(next)]));
    await until('the short one to expire', 30_000, async () => Date.now() > shortEnds);
    expect([await status(0, short), await status(1, short)]).toEqual([401, 401]);
  });

  test('J2 B4: of a key that somebody has put into the table under another id is refused', async () => {
    const token = await issued(0, 0);
    await withClient(apart.apis[0]!.databaseUrl, async (client) => {
      // Who has taken an api over writes a row, and changes none into another key.
      await expect(client.query(`UPDATE identity_access_keys SET x = 'x'`)).rejects.toMatchObject({ code: '42501' });
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const { x } = publicKey.export({ format: 'jwk' });
      const kid = `at-${randomBytes(32).toString('base64url')}`;
      await client.query(
        `INSERT INTO identity_access_keys SELECT $1, $2, environment, not_after, instance FROM identity_access_keys LIMIT 1`,
        [kid, x],
      );
      const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid })).toString('base64url');
      const signed = `${header}.${token.split('.')[1]}`;
      const forged = `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
      await readAgain();
      expect([await status(0, forged), await status(1, forged)]).toEqual([401, 401]);
      expect(await kidsAt(0)).not.toContain(kid);
      await client.query('DELETE FROM identity_access_keys WHERE kid = $1', [kid]);
    });
  });

  test('J2 B4: that was revoked is refused at each', async () => {
    const tokens = [await issued(0, 0), await issued(1, 1)];
    for (const token of tokens) expect([await status(0, token), await status(1, token)]).toEqual([200, 200]);
    const [admin, url] = await at(1, 'admin');
    const { id } = (await people.analyst.get('/v1/session')).principal;
    const ended = await fetch(`${url}/v1/accounts/${id}/sessions`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${admin.token}` },
    });
    expect(ended.ok).toBe(true);
    for (const token of tokens) expect([await status(0, token), await status(1, token)]).toEqual([401, 401]);
    people = await peopleAt(apart.url);
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
