import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSigningKey } from '@portreeve/identity/signing-key';
import { plainKeystore, startServer } from '@portreeve/server';
import { testDatabase } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cli } from '../support/cli.ts';
import { type Answer, type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, freePort, start, temporaryFolder, until } from '../support/processes.ts';

/*
 * The story of `examples/access-grant`, with a real server, a real directory in a process of its own, and real tokens: a
 * manager lets an agent ask, policy narrows it, a second person approves, the access is given, and an incident suspends it.
 */

const EXAMPLE = join(ROOT, 'examples/access-grant');
const PASSWORD = 'correct horse battery staple 42';
const undo: (() => Promise<unknown>)[] = [];
let url: string;
let state: string;
let data: string;
let directory: string;
let people: Record<'admin' | 'lead' | 'operator' | 'auditor', Person>;
let readToken: string;

beforeAll(async () => {
  state = await temporaryFolder();
  const database = await testDatabase();
  undo.push(() => database.close());
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  data = join(state, 'directory');
  await mkdir(data);
  readToken = 'a-read-token-of-the-directory';
  await plainKeystore(state, 'development').set('directory-read-token', readToken);
  const readTokenFile = join(data, 'read-token');
  await writeFile(readTokenFile, readToken, { mode: 0o600 });
  const system = start(
    process.execPath,
    [
      join(EXAMPLE, 'directory/server.ts'),
      ...['--port', '0', '--data', data, '--issuer', 'urn:portreeve:development'],
      ...['--jwks', `${url}/.well-known/jwks.json`, '--read-token-file', readTokenFile],
    ],
    { keepInput: true },
  );
  [, directory = ''] = await system.printed(/"listening":"([^"]+)"/);
  const server = await startServer({
    project: EXAMPLE,
    stateFolder: state,
    databaseUrl: database.url,
    port,
    systems: { directory: { url: directory, private: true } },
  });
  undo.push(() => server.stop('the test is over'));
  people = {
    admin: await signIn(url, state, 'admin'),
    lead: await signIn(url, state, 'lead'),
    operator: await signIn(url, state, 'operator'),
    auditor: await signIn(url, state, 'auditor'),
  };
  // Who the directory is to Portreeve: it may ask for decisions, and nothing else.
  const service = await people.admin.post('/v1/accounts', { name: 'directory', kind: 'service', roles: ['enforcer'] });
  const token = { account: service.id, label: 'door', roles: ['enforcer'], ttl_minutes: 60 };
  await writeFile(join(data, 'portreeve-token'), (await people.admin.post('/v1/tokens', token)).token, { mode: 0o600 });
}, 120_000);
afterAll(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await cleanUp();
}, 60_000);

const send = async (path: string, token: string, body?: object): Promise<Answer> => {
  const response = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return response.json();
};

/** A manager with an account of their own, and an agent that may act for them in this workflow. */
async function managerAndAgent() {
  const account = {
    name: 'mara',
    kind: 'person',
    password: PASSWORD,
    roles: ['requester'],
    groups: ['managers'],
    signing_key: await makeSigningKey(PASSWORD),
  };
  const manager = await people.admin.post('/v1/accounts', account);
  const { token: session } = await send('/v1/sessions', '', { name: 'mara', password: PASSWORD });
  const agent = await people.admin.post('/v1/agents', {
    name: 'access-desk',
    owner: manager.id,
    purpose: 'prepares access changes for managers',
    roles: ['requester'],
    groups: ['managers'],
    tools: ['grant_temporary_access', 'end_temporary_access', 'show_temporary_access'],
    data: { confidentiality: 'confidential', categories: ['personal'] },
    review_by: new Date(Date.now() + 30 * 86_400_000).toISOString(),
  });
  await people.admin.post(`/v1/agents/${agent.id}/events`, { event: 'activate', reason: 'reviewed' });
  const own = { account: agent.id, label: 'deployment', roles: ['requester'], ttl_minutes: 60 };
  const agentToken = (await people.admin.post('/v1/tokens', own)).token;
  const tools = ['grant', 'end', 'show'].map((verb) => `tool:${verb}_temporary_access`);
  const scope = ['role:requester', 'group:managers', ...tools].join(' ');
  const leave = await send('/v1/delegations', session, { agent: agent.id, scope, ttl_s: 300 });
  const exchanged = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: leave.token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      actor_token: agentToken,
      actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }),
  });
  const { access_token } = (await exchanged.json()) as Answer;
  expect(exchanged.status).toBe(200);
  return { manager: manager.id as string, agent: agent.id as string, session, delegated: access_token as string };
}

/** What the directory has on disk: the truth about what was given. */
async function givenByDirectory(): Promise<Answer[]> {
  const text = await readFile(join(data, 'accesses.jsonl'), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line)).flatMap((line) => (line.type === 'given' ? [line.access] : []));
}

async function passwordOf(name: string): Promise<string> {
  const accounts = JSON.parse(await readFile(join(state, 'accounts.json'), 'utf8')) as Answer[];
  return accounts.find((account) => account.name === name).password;
}

const door = async (entitlement: string): Promise<Answer> => {
  const query = new URLSearchParams({ person: 'u-1007', entitlement });
  const response = await fetch(`${directory}/door?${query}`, { headers: { authorization: `Bearer ${readToken}` } });
  return response.json();
};

test('B4 C2 C5 C6 C9 F4 F10: a manager’s agent asks, policy narrows, a second person approves, an incident suspends, it is undone', {
  timeout: 120_000,
}, async () => {
  const { manager, agent, session, delegated } = await managerAndAgent();
  const input = { person: 'u-1007', system: 'billing', hours: 72, need: 'Read the invoices of October for the close.' };
  const run = await send('/v1/runs', delegated, { workflow: 'access-grant', input });
  expect(run.id, JSON.stringify(run)).toMatch(/^run_/);

  const approval = await until('the approval', 30_000, async () => {
    const { approvals } = await people.lead.get('/v1/approvals?state=pending');
    return approvals[0]?.id as string | undefined;
  });
  const view = await people.lead.get(`/v1/approvals/${approval}`);
  // 72 hours were asked for; what a person is shown, and what would be done, is a working day.
  expect(view.args, JSON.stringify(view)).toMatchObject({ person: 'u-1007', minutes: 480 });
  expect(view.narrowed).toMatchObject({ profiles: ['working-day'], asked: { minutes: 4320 } });
  expect(view.requester).toMatchObject({ id: manager, act: [{ id: 'agent:access-grant' }, { id: agent }] });
  expect(view.provenance.find((leaf: Answer) => leaf.path === '/person').kind).toBe('request');
  const { entitlement } = view.args;
  // F3: what the directory says that it would change, by a dry run of what was narrowed, before anybody has said yes.
  expect(view.preview).toMatchObject({
    digest: view.approval.preview_digest,
    shown: { state: 'made', tool: 'show_temporary_access', form: 'diff', label: { integrity: 'untrusted' } },
    changes: [{ kind: 'added', path: '/access/0', after: { entitlement, minutes_left: 480 } }],
    fields: [],
  });
  expect(await givenByDirectory()).toEqual([]);
  const atTerminal = await cli(['approvals', 'show', approval, '--server', url, '--as', 'lead', '--state', state], {
    env: { PORTREEVE_PASSWORD: await passwordOf('lead') },
  });
  expect(atTerminal, atTerminal.err).toMatchObject({ code: 0 });
  expect(atTerminal.out).toContain('What it would do, as show_temporary_access 1.0 saw it');
  expect(atTerminal.out).toContain(`+ /access/0: {"entitlement":"${entitlement}","minutes_left":480}`);
  expect(await givenByDirectory()).toEqual([]);
  expect(await door(entitlement)).toEqual({ open: false, why: 'no_access' });

  // Neither the manager nor the agent may approve what they asked for.
  for (const token of [session, delegated])
    expect(await send(`/v1/approvals/${approval}/verdicts`, token, {})).toMatchObject({ code: 'refused' });
  expect(await people.lead.approve(approval)).toMatchObject({ state: 'approved' });
  const ended = await until('the run to end', 30_000, async () => {
    const now = await send(`/v1/runs/${run.id}`, session);
    return ['completed', 'failed', 'refused', 'handed_off'].includes(now.state) ? now : null;
  });
  expect(ended).toMatchObject({ state: 'completed', result: { status: 'granted', narrowed: ['working-day'] } });
  expect(await door(entitlement)).toMatchObject({ open: true });
  expect(await givenByDirectory()).toMatchObject([{ person: 'u-1007', entitlement }]);

  // What the person was shown is what they signed, and it is on record: one dry run, and no other look before the use.
  const shown = (await recordsOf(people.auditor, run.id)).filter(
    ({ entry }: Answer) => entry.type === 'approval.requested',
  );
  expect(shown.map(({ payload }: Answer) => payload.data.preview.digest)).toEqual([view.preview.digest]);
  const signed = (await people.lead.get(`/v1/approvals/${approval}`)).approval.verdicts[0].statement;
  expect(signed.preview_digest).toBe(view.preview.digest);

  // Everything that was done names both.
  const records = await recordsOf(people.auditor, run.id);
  const done = records.filter(({ entry }: Answer) => ['execution.intent', 'grant.issued'].includes(entry.type));
  expect(done.length).toBeGreaterThanOrEqual(2);
  for (const { entry } of done) {
    expect(entry.actor.id).toBe(manager);
    expect(entry.actor.act.map(({ id }: Answer) => id)).toContain(agent);
  }

  // An incident reaches what was given before it, and lets nothing new begin.
  await people.operator.post('/v1/environment/incident', { state: 'on', reason: 'accounts of finance misused' });
  expect(await door(entitlement)).toEqual({ open: false, why: 'suspended' });
  const refused = await send('/v1/runs', session, { workflow: 'access-grant', input });
  expect(refused).toMatchObject({ code: 'refused', decision: { reasons: [{ code: 'incident' }] } });
  await people.operator.post('/v1/environment/incident', { state: 'off', reason: 'contained' });
  expect(await door(entitlement)).toMatchObject({ open: true });
  // So does a freeze of the workflow.
  await people.operator.post('/v1/environment/freezes', { target: 'workflow:access-grant', reason: 'looking into it' });
  expect(await door(entitlement)).toEqual({ open: false, why: 'suspended' });
  await people.operator.post('/v1/environment/thaws', {
    target: 'workflow:access-grant',
    stage: 'lifted',
    reason: 'nothing found',
  });
  await takeBack(session, ended.result.execution, entitlement);
  expect(await people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
});

/** The manager has it taken back; the undo is approved and recorded like what it undoes. */
async function takeBack(session: string, execution: string, entitlement: string): Promise<void> {
  expect(await door(entitlement)).toMatchObject({ open: true });
  const undo = (...more: string[]) =>
    cli(['undo', execution, '--reason', 'The close is done.', '--server', url, ...more], {
      env: { PORTREEVE_TOKEN: session },
    });
  // Who may not act may not undo.
  expect(await people.operator.post(`/v1/executions/${execution}/undo`, { reason: 'x' })).toMatchObject({
    code: 'refused',
  });
  const asked = await undo('--json');
  expect(asked, asked.err).toMatchObject({ code: 3 });
  const { approval, by_proposal } = JSON.parse(asked.out);
  const view = await people.lead.get(`/v1/approvals/${approval}`);
  const [given] = await givenByDirectory();
  expect(view.args).toEqual({ access: given.access });
  expect(view.tool).toMatchObject({ name: 'end_temporary_access' });
  expect(view.provenance).toEqual([
    { path: '/access', kind: 'trusted-record', origins: ['tool:grant_temporary_access'] },
  ]);
  expect(view.rationale).toContain('The close is done.');
  expect((await undo()).out).toContain(`approvals approve ${approval}`);
  expect(await door(entitlement)).toMatchObject({ open: true });

  await people.lead.approve(approval);
  const done = await undo('--wait');
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining('grant_temporary_access is undone') });
  expect(await door(entitlement)).toEqual({ open: false, why: 'no_access' });
  const { records } = await people.auditor.get('/v1/audit/records?type=undo.ended');
  expect(records.map(({ entry }: Answer) => entry.outcome)).toEqual(['undone']);

  // What undid it is not undone.
  const results = await people.auditor.get(`/v1/audit/records?type=execution.result&proposal=${by_proposal}`);
  const again = await send(`/v1/executions/${results.records[0].entry.refs.execution}/undo`, session, { reason: 'x' });
  expect(again).toMatchObject({ code: 'conflict', detail: expect.stringContaining('an undo is not undone') });
}

test('G5: the read token of the directory is in no record', async () => {
  const lines = await people.auditor.lines('/v1/audit/export');
  expect(JSON.stringify(lines)).not.toContain(readToken);
  expect(await readFile(join(EXAMPLE, 'portreeve.config.ts'), 'utf8')).not.toContain(readToken);
});
