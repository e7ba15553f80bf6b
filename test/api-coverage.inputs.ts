import { randomBytes } from 'node:crypto';
import { softwareAuthenticator } from '@portreeve/approve/testing';
import { type Digest, mcpDefinitionDigest } from '@portreeve/contract';
import { makeSigningKey } from '@portreeve/identity';
import {
  type BuiltBundle,
  enrolment,
  openedChange,
  type ReleaseShop,
  releaseShop,
  type SignedInClient,
  signedByPasskey,
  type TestServer,
  WORKFLOW,
  withPasskey,
} from '@portreeve/server/testing';

/** What a call needs besides its route: an address without placeholders, and a body. */
export interface RouteInput {
  readonly path: string;
  readonly body?: unknown;
  /** Who calls, where it must not be the account that the other tests share. */
  readonly by?: SignedInClient;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends a call that has no end of its own, once it is on record. */
  readonly end?: (caller: SignedInClient) => Promise<void>;
}

/** The local account that has one role alone. */
export const ACCOUNT_BY_ROLE = {
  requester: 'analyst',
  approver: 'lead',
  operator: 'operator',
  auditor: 'auditor',
  admin: 'admin',
  enforcer: 'enforcer',
} as const;

let opened: Promise<ReleaseShop> | null = null;
/** Where the releases of these tests are built and signed. */
export const shop = (): Promise<ReleaseShop> => {
  opened ??= releaseShop();
  return opened;
};
let bundles = 0;
/** A bundle of a release that does what the test project does, and is another. */
export const otherBundle = async (): Promise<BuiltBundle> => {
  bundles++;
  return (await shop()).build((text) => `${text}// ${bundles}\n`);
};
/** A release in the register, as it was added. */
const added = async (house: TestServer): Promise<string> => {
  const { text, release } = await otherBundle();
  await (await house.as('operator')).post('/v1/releases', { bundle: text });
  return release;
};
/** One that is being tested, with a report of each kind; gives the digest of the last. */
const attested = async (house: TestServer): Promise<{ release: string; evidence: string }> => {
  const release = await added(house);
  const operator = await house.as('operator');
  await operator.post(`/v1/releases/${release}/events`, { event: 'test', reason: 'a test' });
  let evidence = '';
  for (const kind of ['tests', 'red-team'] as const)
    ({ evidence } = (
      await operator.post(`/v1/releases/${release}/evidence`, { report: await reportOn(release, kind) })
    ).body);
  return { release, evidence };
};
const reportOn = async (release: string, kind: 'tests' | 'red-team') => {
  const made = await shop();
  return made.sealed(made.report(release as Digest, kind));
};

const waiting = async (house: TestServer) => house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
const done = async (house: TestServer): Promise<string> => {
  const { id } = await house.submit({ case_id: 'CASE-1', publish: false });
  await house.ended(id);
  return id;
};
/** Leave for a new approver to decide in the lead’s place. */
const standIn = async (house: TestServer) => {
  const { principal } = await house.addAccount(name('stand-in'), ['approver'], ['other-leads']);
  const until = new Date(Date.now() + 86_400_000).toISOString();
  return { delegate: principal.id, groups: ['note-leads'], until, reason: 'a test' };
};
/** Approvals of one and the same low-tier action, as policy asks for them while its requester is watched. */
const lowTier = async (house: TestServer, count: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const { id } = await house.submit({ case_id: 'ASK-1', publish: false });
      return house.approvalOf(id);
    }),
  );
/** A hand-off in the queue: the downstream answers nothing that can be understood. */
const handoff = async (house: TestServer): Promise<string> => {
  house.downstream.replyWith((_call, response) => response.writeHead(500).end());
  const run = await done(house);
  return (await (await house.as('operator')).get(`/v1/queue?run=${run}`)).body.handoffs[0].id;
};

/** What waits for its requester alone to confirm it. */
const ownCase = async (house: TestServer) =>
  house.approvalOf((await house.submit({ case_id: 'OWN-1', publish: false })).id);

/** An execution that succeeded, and its run. */
const executed = async (house: TestServer): Promise<{ run: string; execution: string }> => {
  const run = await done(house);
  const auditor = await house.as('auditor');
  const { records } = (await auditor.get(`/v1/audit/records?run=${run}&type=execution.result`)).body;
  return { run, execution: records[0].entry.refs.execution };
};
/** A run that has published something, which is an effect. */
const published = async (house: TestServer): Promise<{ run: string; execution: string }> => {
  house.downstream.replyWith((_call, response) =>
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":1}'),
  );
  const { id: run } = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(run);
  const verdict = await house.verdict('lead', shown, 'approve');
  await (await house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
  await house.ended(run);
  const { records } = (await (await house.as('auditor')).get(`/v1/audit/records?run=${run}&type=execution.result`))
    .body;
  return { run, execution: records[0].entry.refs.execution };
};

const name = (kind: string): string => `${kind}-${randomBytes(4).toString('hex')}`;
const newAgent = async (house: TestServer) => ({
  name: name('agent'),
  owner: (await house.as('admin')).principal.id,
  purpose: 'a test',
  roles: ['requester'],
  tools: [],
  data: { confidentiality: 'internal' },
  review_by: new Date(Date.now() + 86_400_000).toISOString(),
});
/** A registered agent, active. */
const agent = async (house: TestServer): Promise<string> => {
  const admin = await house.as('admin');
  const { id } = (await admin.post('/v1/agents', await newAgent(house))).body;
  await admin.post(`/v1/agents/${id}/events`, { event: 'activate', reason: 'a test' });
  return id;
};

const hold = { kind: 'subject', target: 'prn_nobody', reason: 'a test' };
/** A person about whom something is on record. */
const somebody = async (house: TestServer): Promise<string> =>
  (await house.addAccount(name('leaver'), ['requester'])).principal.id;
/** An erasure that waits for its second person. */
const erasure = async (house: TestServer): Promise<string> => {
  const body = { subject: await somebody(house), reason: 'a test' };
  return (await (await house.as('operator')).post('/v1/audit/erasures', body)).body.id;
};

const MCP = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a test', version: '1' } },
};
/** A connection of an older revision of MCP. */
const connection = async (house: TestServer): Promise<Record<string, string>> => {
  const by = await house.as('analyst');
  const { headers } = await by.call('POST', '/mcp', { body: initialize, headers: MCP });
  return { accept: MCP.accept, 'mcp-session-id': headers.get('mcp-session-id') ?? '' };
};
/** A definition that an upstream has shown and nobody has decided on. */
const withheldDefinition = async (house: TestServer) => {
  const { database, mcp } = house.server.services;
  const body = { name: name('tool'), inputSchema: { type: 'object', properties: {} } };
  const definition = mcpDefinitionDigest(body);
  const seen = { upstream: 'nobody', tool: body.name, definition, body, seen_at: new Date().toISOString() };
  await database.transaction((tx) => mcp.definitions.see(tx, seen));
  return { upstream: 'nobody', tool: body.name, definition, verdict: 'withdrawn', reason: 'a test' };
};
const intent = { task: 'Do nothing.', calls: [] };
/** A personal value that a run has brought into the record: the mark that stands there for it. */
const marked = async (house: TestServer): Promise<string> => {
  const { id } = await house.submit({ case_id: 'CASE-1', publish: false, remark: 'ask ada@example.org' });
  const { records } = (await (await house.as('auditor')).get(`/v1/audit/records?run=${id}&type=run.submitted`)).body;
  return /\u27e6personal:email:[^\u27e7]*\u27e7/.exec(JSON.stringify(records))![0];
};
/** A wish to see it that waits for its second person. */
const reveal = async (house: TestServer): Promise<string> => {
  const body = { mark: await marked(house), reason: 'a test' };
  return (await (await house.as('auditor')).post('/v1/audit/reveals', body)).body.id;
};

/**
 * One good call of each route that needs a credential. `role` may make it; the test finds out who may not.
 *
 * If you are here because a route has no input: add a line with the smallest call that succeeds and leaves its record.
 */
export const INPUTS: Readonly<
  Record<string, { role: keyof typeof ACCOUNT_BY_ROLE; input: (house: TestServer) => Promise<RouteInput> }>
> = {
  'GET /v1/session': { role: 'requester', input: async () => ({ path: '/v1/session' }) },
  'DELETE /v1/session': {
    role: 'requester',
    input: async (house) => ({ path: '/v1/session', by: await house.signIn('analyst') }),
  },
  'POST /v1/session/proof': {
    role: 'approver',
    input: async (house) => {
      const [who, password] = [name('prover'), randomBytes(18).toString('base64url')];
      const account = { name: who, kind: 'person', password, roles: ['approver'], groups: [] };
      await (await house.as('admin')).post('/v1/accounts', account);
      return { path: '/v1/session/proof', by: await house.signInWith(who, password), body: { password } };
    },
  },
  'POST /v1/session/rotate': {
    role: 'requester',
    input: async (house) => ({ path: '/v1/session/rotate', by: await house.signIn('analyst') }),
  },
  'GET /v1/passkeys': { role: 'approver', input: async () => ({ path: '/v1/passkeys' }) },
  'POST /v1/passkeys/enrolments': { role: 'approver', input: async () => ({ path: '/v1/passkeys/enrolments' }) },
  'POST /v1/passkeys': {
    role: 'approver',
    input: async (house) => {
      const by = await house.as('lead');
      const key = softwareAuthenticator(house.server.services.web.origin);
      return { path: '/v1/passkeys', body: await enrolment(house, by, key) };
    },
  },
  'DELETE /v1/passkeys/:id': {
    role: 'approver',
    input: async (house) => {
      const by = await house.as('lead');
      await withPasskey(house, by);
      return { path: `/v1/passkeys/${(await by.get('/v1/passkeys')).body.passkeys.at(-1).id}` };
    },
  },
  'GET /v1/accounts/:id/passkeys': {
    role: 'admin',
    input: async (house) => ({ path: `/v1/accounts/${(await house.as('lead')).principal.id}/passkeys` }),
  },
  'POST /v1/accounts/:id/passkeys/invitations': {
    role: 'admin',
    input: async (house) => ({ path: `/v1/accounts/${(await house.as('lead')).principal.id}/passkeys/invitations` }),
  },
  'DELETE /v1/accounts/:id/passkeys/:passkey': {
    role: 'admin',
    input: async (house) => {
      const by = await house.as('lead');
      await withPasskey(house, by);
      const { id } = (await by.get('/v1/passkeys')).body.passkeys.at(-1);
      return { path: `/v1/accounts/${by.principal.id}/passkeys/${id}` };
    },
  },
  'POST /v1/session/signing-key': {
    role: 'approver',
    input: async (house) => {
      const [who, password] = [name('keyless'), randomBytes(18).toString('base64url')];
      const account = { name: who, kind: 'person', password, roles: ['approver'], groups: [] };
      await (await house.as('admin')).post('/v1/accounts', account);
      const by = await house.signInWith(who, password);
      return { path: '/v1/session/signing-key', by, body: await makeSigningKey(password) };
    },
  },
  'GET /v1/sessions': { role: 'requester', input: async () => ({ path: '/v1/sessions' }) },
  'DELETE /v1/sessions/:id': {
    role: 'requester',
    input: async (house) => {
      const { token } = await house.signIn('analyst');
      const { via } = await house.server.services.identity.authenticate(token);
      return { path: `/v1/sessions/${via.kind === 'session' ? via.id : ''}` };
    },
  },
  'DELETE /v1/accounts/:id/sessions': {
    role: 'admin',
    input: async (house) => ({
      path: `/v1/accounts/${(await house.addAccount(name('leaver'), ['requester'])).principal.id}/sessions`,
    }),
  },
  'POST /v1/delegations': {
    role: 'requester',
    input: async (house) => ({
      path: '/v1/delegations',
      body: { agent: await agent(house), scope: 'role:requester' },
    }),
  },
  'GET /v1/agents': { role: 'auditor', input: async () => ({ path: '/v1/agents' }) },
  'POST /v1/agents': { role: 'admin', input: async (house) => ({ path: '/v1/agents', body: await newAgent(house) }) },
  'GET /v1/agents/:id': { role: 'operator', input: async (house) => ({ path: `/v1/agents/${await agent(house)}` }) },
  'POST /v1/agents/:id/events': {
    role: 'admin',
    input: async (house) => ({
      path: `/v1/agents/${await agent(house)}/events`,
      body: { event: 'suspend', reason: 'a test' },
    }),
  },
  'GET /v1/tokens': { role: 'requester', input: async () => ({ path: '/v1/tokens' }) },
  'GET /v1/tokens/unused': { role: 'auditor', input: async () => ({ path: '/v1/tokens/unused' }) },
  'POST /v1/tokens/:id/rotate': {
    role: 'requester',
    input: async (house) => {
      const body = { label: 'to be rotated', roles: ['requester'], ttl_minutes: 5 };
      const token = (await (await house.as('analyst')).post('/v1/tokens', body)).body;
      return { path: `/v1/tokens/${token.id}/rotate`, body: { overlap_minutes: 1 } };
    },
  },
  'GET /v1/session/signing-key': { role: 'approver', input: async () => ({ path: '/v1/session/signing-key' }) },
  'POST /v1/tokens': {
    role: 'requester',
    input: async () => ({ path: '/v1/tokens', body: { label: 'a test', roles: ['requester'], ttl_minutes: 5 } }),
  },
  'DELETE /v1/tokens/:id': {
    role: 'admin',
    input: async (house) => {
      const body = { label: 'to be revoked', roles: ['requester'], ttl_minutes: 5 };
      const token = (await (await house.as('analyst')).post('/v1/tokens', body)).body;
      return { path: `/v1/tokens/${token.id}` };
    },
  },
  'POST /mcp': { role: 'requester', input: async () => ({ path: '/mcp', body: initialize, headers: MCP }) },
  'GET /mcp': {
    role: 'requester',
    input: async (house) => {
      const headers = await connection(house);
      const before = await house.server.services.audit.main.size();
      const since = { after: String(before - 1), order: 'oldest', type: 'api.read' } as const;
      const isListening = async () => (await house.server.services.audit.search(since)).records.length > 0;
      const end = async (caller: SignedInClient) => {
        while (!(await isListening()));
        await caller.call('DELETE', '/mcp', { headers });
      };
      return { path: '/mcp', headers, end };
    },
  },
  'DELETE /mcp': {
    role: 'requester',
    input: async (house) => ({ path: '/mcp', headers: await connection(house) }),
  },
  'POST /v1/proposals': {
    role: 'requester',
    input: async () => ({ path: '/v1/proposals', body: { tool: 'cases_find_owner', args: { case_id: 'CASE-1' } } }),
  },
  'GET /v1/proposals/:id': {
    role: 'requester',
    input: async (house) => ({ path: `/v1/proposals/${await proposed(house)}` }),
  },
  'POST /v1/proposals/:id/resume': {
    role: 'requester',
    input: async (house) => ({ path: `/v1/proposals/${await approvedOutside(house)}/resume`, body: {} }),
  },
  'POST /v1/intents': {
    role: 'requester',
    input: async (house) => ({
      path: '/v1/intents',
      body: intent,
      by: await house.addAccount(name('newcomer'), ['requester']),
    }),
  },
  'GET /v1/definitions': { role: 'auditor', input: async () => ({ path: '/v1/definitions' }) },
  'POST /v1/definitions/verdicts': {
    role: 'operator',
    input: async (house) => ({ path: '/v1/definitions/verdicts', body: await withheldDefinition(house) }),
  },
  'GET /v1/workflows': { role: 'auditor', input: async () => ({ path: '/v1/workflows' }) },
  'POST /v1/runs': {
    role: 'requester',
    input: async () => ({
      path: '/v1/runs',
      body: { workflow: WORKFLOW, input: { case_id: 'CASE-1', publish: false } },
    }),
  },
  'GET /v1/runs': { role: 'requester', input: async () => ({ path: '/v1/runs' }) },
  'GET /v1/runs/:id': { role: 'requester', input: async (house) => ({ path: `/v1/runs/${await done(house)}` }) },
  'GET /v1/runs/:id/events': {
    role: 'requester',
    input: async (house) => ({ path: `/v1/runs/${await done(house)}/events` }),
  },
  'GET /v1/releases': { role: 'operator', input: async () => ({ path: '/v1/releases' }) },
  'GET /v1/releases/:release': {
    role: 'auditor',
    input: async (house) => ({ path: `/v1/releases/${await added(house)}` }),
  },
  'GET /v1/releases/:release/evidence/:evidence': {
    role: 'auditor',
    input: async (house) => {
      const { release, evidence } = await attested(house);
      return { path: `/v1/releases/${release}/evidence/${evidence}` };
    },
  },
  'GET /v1/releases/:release/changes': {
    role: 'auditor',
    input: async (house) => {
      const [from, to] = [await added(house), await added(house)];
      return { path: `/v1/releases/${to}/changes?from=${from}` };
    },
  },
  'GET /v1/release-reports': { role: 'auditor', input: async () => ({ path: '/v1/release-reports?kind=tests' }) },
  'POST /v1/releases': {
    role: 'operator',
    input: async () => ({ path: '/v1/releases', body: { bundle: (await otherBundle()).text } }),
  },
  'POST /v1/releases/:release/evidence': {
    role: 'operator',
    input: async (house) => {
      const release = await added(house);
      return { path: `/v1/releases/${release}/evidence`, body: { report: await reportOn(release, 'tests') } };
    },
  },
  'POST /v1/releases/:release/events': {
    role: 'operator',
    input: async (house) => ({
      path: `/v1/releases/${await added(house)}/events`,
      body: { event: 'test', reason: 'a test' },
    }),
  },
  'POST /v1/releases/:release/promotions': {
    role: 'operator',
    input: async (house) => ({
      path: `/v1/releases/${(await attested(house)).release}/promotions`,
      body: { reason: 'a test' },
    }),
  },
  'POST /v1/releases/:release/bar': {
    role: 'operator',
    input: async (house) => ({ path: `/v1/releases/${await added(house)}/bar`, body: { reason: 'a test' } }),
  },
  'GET /v1/changes': { role: 'auditor', input: async () => ({ path: '/v1/changes?state=open' }) },
  'GET /v1/changes/:change': {
    role: 'auditor',
    input: async (house) => ({ path: `/v1/changes/${await openedChange(house)}` }),
  },
  'POST /v1/changes/:change/approvals': {
    role: 'operator',
    input: async (house) => ({
      path: `/v1/changes/${await openedChange(house)}/approvals`,
      body: { reason: 'a test' },
    }),
  },
  'POST /v1/changes/:change/rejections': {
    role: 'operator',
    input: async (house) => ({
      path: `/v1/changes/${await openedChange(house)}/rejections`,
      body: { reason: 'a test' },
    }),
  },
  'POST /v1/workflows/:name/rollbacks': {
    role: 'operator',
    input: async () => ({ path: `/v1/workflows/${WORKFLOW}/rollbacks`, body: { reason: 'a test' } }),
  },
  'GET /v1/environment': { role: 'requester', input: async () => ({ path: '/v1/environment' }) },
  'POST /v1/environment/freezes': {
    role: 'operator',
    input: async () => ({
      path: '/v1/environment/freezes',
      body: { target: 'tool:nothing_of_ours', reason: 'a test' },
    }),
  },
  'POST /v1/environment/thaws': {
    role: 'operator',
    input: async (house) => {
      await (await house.as('operator')).post('/v1/environment/freezes', { target: 'tool:another', reason: 'a test' });
      return { path: '/v1/environment/thaws', body: { target: 'tool:another', stage: 'lifted', reason: 'a test' } };
    },
  },
  'POST /v1/environment/maintenance': {
    role: 'operator',
    input: async () => ({
      path: '/v1/environment/maintenance',
      body: { target: 'tool:a-third', until: new Date(Date.now() + 60_000).toISOString(), reason: 'a test' },
    }),
  },
  'POST /v1/environment/maintenance/end': {
    role: 'operator',
    input: async (house) => {
      const body = { target: 'tool:a-fourth', reason: 'a test' };
      const until = new Date(Date.now() + 60_000).toISOString();
      await (await house.as('operator')).post('/v1/environment/maintenance', { ...body, until });
      return { path: '/v1/environment/maintenance/end', body };
    },
  },
  'POST /v1/environment/incident': {
    role: 'operator',
    input: async () => ({ path: '/v1/environment/incident', body: { state: 'off', reason: 'a test' } }),
  },
  'GET /v1/notices': { role: 'approver', input: async () => ({ path: '/v1/notices' }) },
  'GET /v1/approvals': { role: 'approver', input: async () => ({ path: '/v1/approvals' }) },
  'GET /v1/approvals/:id': {
    role: 'approver',
    input: async (house) => ({ path: `/v1/approvals/${(await waiting(house)).approval.id}` }),
  },
  'POST /v1/approvals/:id/verdicts': {
    role: 'approver',
    input: async (house) => {
      const shown = await waiting(house);
      return {
        path: `/v1/approvals/${shown.approval.id}/verdicts`,
        body: await house.verdict('lead', shown, 'deny'),
      };
    },
  },
  'GET /approve/:id': {
    role: 'approver',
    input: async (house) => ({ path: `/approve/${(await waiting(house)).approval.id}` }),
  },
  'POST /v1/approvals/:id/withdraw': {
    role: 'requester',
    input: async (house) => ({ path: `/v1/approvals/${(await waiting(house)).approval.id}/withdraw` }),
  },
  'GET /v1/approval-delegations': { role: 'approver', input: async () => ({ path: '/v1/approval-delegations' }) },
  'POST /v1/approval-delegations': {
    role: 'approver',
    input: async (house) => ({ path: '/v1/approval-delegations', body: await standIn(house) }),
  },
  'DELETE /v1/approval-delegations/:id': {
    role: 'approver',
    input: async (house) => {
      const { body } = await (await house.as('lead')).post('/v1/approval-delegations', await standIn(house));
      return { path: `/v1/approval-delegations/${body.id}` };
    },
  },
  'POST /v1/approvals/:id/amendments': {
    role: 'approver',
    input: async (house) => {
      const { approval, digest, args } = await waiting(house);
      const body = {
        args: { ...args, note: 'Two hosts signed in.' },
        reason: 'it names nobody',
        proposal_digest: digest,
      };
      return { path: `/v1/approvals/${approval.id}/amendments`, body };
    },
  },
  'POST /v1/approvals/:id/confirmation-challenges': {
    role: 'requester',
    input: async (house) => {
      const by = await house.as('analyst');
      await withPasskey(house, by);
      const { approval, digest } = await ownCase(house);
      const body = { reason: '', proposal_digest: digest, preview_digest: approval.preview_digest };
      return { path: `/v1/approvals/${approval.id}/confirmation-challenges`, body };
    },
  },
  'POST /v1/approvals/:id/confirmations': {
    role: 'requester',
    input: async (house) => {
      const by = await house.as('analyst');
      const shown = await ownCase(house);
      const body = await signedByPasskey(by, shown, await withPasskey(house, by), 'confirm');
      return { path: `/v1/approvals/${shown.approval.id}/confirmations`, body };
    },
  },
  'GET /v1/oversight': { role: 'auditor', input: async () => ({ path: '/v1/oversight?days=1' }) },
  'POST /v1/approvals/:id/views': {
    role: 'approver',
    input: async (house) => {
      const { approval } = await waiting(house);
      return { path: `/v1/approvals/${approval.id}/views`, body: { visible_ms: 1200 } };
    },
  },
  'POST /v1/approvals/batch': {
    role: 'approver',
    input: async (house) => {
      const ids = await lowTier(house, 2);
      return {
        path: '/v1/approvals/batch',
        body: { verdicts: await Promise.all(ids.map((shown) => house.verdict('lead', shown, 'deny'))) },
      };
    },
  },
  'POST /v1/approvals/:id/challenges': {
    role: 'approver',
    input: async (house) => {
      const by = await house.as('lead');
      await withPasskey(house, by);
      const { approval, digest } = await waiting(house);
      const body = {
        verdict: 'deny',
        reason: 'I have read all of it.',
        proposal_digest: digest,
        preview_digest: approval.preview_digest,
      };
      return { path: `/v1/approvals/${approval.id}/challenges`, body };
    },
  },
  'POST /v1/approvals/:id/passkey-verdicts': {
    role: 'approver',
    input: async (house) => {
      const by = await house.as('lead');
      const shown = await waiting(house);
      const body = await signedByPasskey(by, shown, await withPasskey(house, by), 'deny');
      return { path: `/v1/approvals/${shown.approval.id}/passkey-verdicts`, body };
    },
  },
  'GET /v1/queue': { role: 'operator', input: async () => ({ path: '/v1/queue' }) },
  'GET /v1/queue/:id': { role: 'operator', input: async (house) => ({ path: `/v1/queue/${await handoff(house)}` }) },
  'POST /v1/queue/:id/take': {
    role: 'operator',
    input: async (house) => ({ path: `/v1/queue/${await handoff(house)}/take` }),
  },
  'POST /v1/queue/:id/assign': {
    role: 'operator',
    input: async (house) => ({
      path: `/v1/queue/${await handoff(house)}/assign`,
      body: { to: (await house.as('operator')).principal.id },
    }),
  },
  'POST /v1/queue/:id/escalate': {
    role: 'operator',
    input: async (house) => ({ path: `/v1/queue/${await handoff(house)}/escalate`, body: { reason: 'Not mine.' } }),
  },
  'POST /v1/queue/:id/finish': {
    role: 'operator',
    input: async (house) => ({ path: `/v1/queue/${await handoff(house)}/finish`, body: { note: 'Looked at it.' } }),
  },
  'POST /v1/executions/:id/undo': {
    role: 'requester',
    input: async (house) => ({
      path: `/v1/executions/${(await published(house)).execution}/undo`,
      body: { reason: 'a test' },
    }),
  },
  'GET /v1/executions/:id/undo': {
    role: 'requester',
    input: async (house) => ({ path: `/v1/executions/${(await executed(house)).execution}/undo` }),
  },
  'POST /v1/runs/:id/undo': {
    role: 'requester',
    input: async (house) => ({ path: `/v1/runs/${(await published(house)).run}/undo`, body: { reason: 'a test' } }),
  },
  'GET /v1/runs/:id/undo': {
    role: 'auditor',
    input: async (house) => ({ path: `/v1/runs/${await done(house)}/undo` }),
  },
  'GET /v1/audit/records': { role: 'auditor', input: async () => ({ path: '/v1/audit/records?limit=1' }) },
  'GET /v1/audit/logs': { role: 'auditor', input: async () => ({ path: '/v1/audit/logs' }) },
  'GET /v1/audit/records/:place': { role: 'auditor', input: async () => ({ path: '/v1/audit/records/0' }) },
  'GET /v1/audit/checkpoint': { role: 'auditor', input: async () => ({ path: '/v1/audit/checkpoint' }) },
  'GET /v1/audit/replay/:run': {
    role: 'auditor',
    input: async (house) => ({ path: `/v1/audit/replay/${await done(house)}` }),
  },
  'GET /v1/audit/proof/:place': { role: 'auditor', input: async () => ({ path: '/v1/audit/proof/0' }) },
  'GET /v1/audit/streams': { role: 'auditor', input: async () => ({ path: '/v1/audit/streams' }) },
  'GET /v1/audit/tlog/checkpoint': { role: 'auditor', input: async () => ({ path: '/v1/audit/tlog/checkpoint' }) },
  'GET /v1/audit/tlog/logs/:log/checkpoint': {
    role: 'auditor',
    input: async () => ({ path: '/v1/audit/tlog/logs/main/checkpoint' }),
  },
  'GET /v1/audit/tlog/logs/:log/tile/*': {
    role: 'auditor',
    input: async () => ({ path: '/v1/audit/tlog/logs/main/tile/0/000.p/1' }),
  },
  'GET /v1/audit/tlog/tile/*': { role: 'auditor', input: async () => ({ path: '/v1/audit/tlog/tile/0/000.p/1' }) },
  'POST /v1/audit/verify': { role: 'auditor', input: async () => ({ path: '/v1/audit/verify' }) },
  'GET /v1/audit/export': { role: 'auditor', input: async () => ({ path: '/v1/audit/export?type=system.started' }) },
  'GET /v1/audit/erasures': { role: 'auditor', input: async () => ({ path: '/v1/audit/erasures' }) },
  'POST /v1/audit/erasures': {
    role: 'operator',
    input: async (house) => ({
      path: '/v1/audit/erasures',
      body: { subject: await somebody(house), reason: 'a test' },
    }),
  },
  'POST /v1/audit/erasures/:id/confirm': {
    role: 'admin',
    input: async (house) => ({ path: `/v1/audit/erasures/${await erasure(house)}/confirm` }),
  },
  'POST /v1/audit/erasures/:id/refuse': {
    role: 'admin',
    input: async (house) => ({ path: `/v1/audit/erasures/${await erasure(house)}/refuse`, body: { reason: 'a test' } }),
  },
  'GET /v1/audit/holds': { role: 'auditor', input: async () => ({ path: '/v1/audit/holds' }) },
  'POST /v1/audit/holds': {
    role: 'operator',
    input: async () => ({ path: '/v1/audit/holds', body: hold }),
  },
  'POST /v1/audit/holds/:id/lift': {
    role: 'admin',
    input: async (house) => {
      const { id } = (await (await house.as('operator')).post('/v1/audit/holds', hold)).body;
      return { path: `/v1/audit/holds/${id}/lift`, body: { reason: 'a test' } };
    },
  },
  'GET /v1/audit/reveals': { role: 'auditor', input: async () => ({ path: '/v1/audit/reveals' }) },
  'POST /v1/audit/reveals': {
    role: 'auditor',
    input: async (house) => ({ path: '/v1/audit/reveals', body: { mark: await marked(house), reason: 'a test' } }),
  },
  'POST /v1/audit/reveals/:id/allow': {
    role: 'admin',
    input: async (house) => ({ path: `/v1/audit/reveals/${await reveal(house)}/allow` }),
  },
  'POST /v1/audit/reveals/:id/refuse': {
    role: 'admin',
    input: async (house) => ({ path: `/v1/audit/reveals/${await reveal(house)}/refuse`, body: { reason: 'a test' } }),
  },
  'POST /v1/audit/reveals/:id/show': {
    role: 'auditor',
    input: async (house) => {
      const id = await reveal(house);
      await (await house.as('admin')).post(`/v1/audit/reveals/${id}/allow`);
      return { path: `/v1/audit/reveals/${id}/show` };
    },
  },
  'POST /v1/audit/keys/rotate': { role: 'admin', input: async () => ({ path: '/v1/audit/keys/rotate' }) },
  'POST /v1/backups': { role: 'admin', input: async () => ({ path: '/v1/backups' }) },
  'POST /v1/notifications/:channel/test': {
    role: 'admin',
    input: async () => ({ path: '/v1/notifications/chat/test' }),
  },
  'POST /access/v1/evaluation': {
    role: 'enforcer',
    input: async () => ({
      path: '/access/v1/evaluation',
      body: {
        subject: { type: 'user', id: 'analyst' },
        action: { name: 'admit' },
        resource: { type: 'workflow', id: WORKFLOW },
      },
    }),
  },
  'POST /access/v1/evaluations': {
    role: 'enforcer',
    input: async () => ({
      path: '/access/v1/evaluations',
      body: {
        subject: { type: 'user', id: 'analyst' },
        evaluations: [
          { action: { name: 'runs.submit' }, resource: { type: 'operation', id: 'portreeve' } },
          { action: { name: 'admit' }, resource: { type: 'workflow', id: WORKFLOW } },
        ],
      },
    }),
  },
  'GET /v1/proposals/:id/explanation': {
    role: 'approver',
    input: async (house) => ({
      path: `/v1/proposals/${(await waiting(house)).approval.proposal}/explanation`,
    }),
  },
  'GET /v1/policy/decisions': {
    role: 'operator',
    input: async () => ({ path: '/v1/policy/decisions?since=2100-01-01T00:00:00Z' }),
  },
  'GET /v1/policy/files': { role: 'operator', input: async () => ({ path: '/v1/policy/files' }) },
  'POST /v1/policy/replays': {
    role: 'operator',
    input: async (house) => {
      const { files } = (await (await house.as('operator')).get('/v1/policy/files')).body;
      return { path: '/v1/policy/replays', body: { files, since: '2100-01-01T00:00:00Z' } };
    },
  },
  'GET /v1/figures': { role: 'auditor', input: async () => ({ path: '/v1/figures' }) },
  'GET /v1/workflows/:name/drift': {
    role: 'auditor',
    input: async () => ({ path: '/v1/workflows/case-note/drift' }),
  },
  'GET /v1/workflows/:name/thresholds': {
    role: 'auditor',
    input: async () => ({ path: '/v1/workflows/case-note/thresholds' }),
  },
  'GET /v1/evidence/:framework': { role: 'auditor', input: async () => ({ path: '/v1/evidence/soc-2' }) },
  'GET /v1/registers/:name': { role: 'auditor', input: async () => ({ path: '/v1/registers/ai-systems' }) },
  'GET /v1/workflows/:name/readiness': {
    role: 'auditor',
    input: async () => ({ path: '/v1/workflows/case-note/readiness' }),
  },
  'GET /metrics': { role: 'operator', input: async () => ({ path: '/metrics' }) },
  'GET /v1/system': { role: 'operator', input: async () => ({ path: '/v1/system' }) },
  'GET /v1/doctor': { role: 'operator', input: async () => ({ path: '/v1/doctor' }) },
  'GET /v1/accounts': { role: 'admin', input: async () => ({ path: '/v1/accounts' }) },
  'POST /v1/accounts': {
    role: 'admin',
    input: async () => ({
      path: '/v1/accounts',
      body: {
        name: `service-${randomBytes(4).toString('hex')}`,
        kind: 'service',
        roles: ['requester'],
        groups: [],
      },
    }),
  },
};

/** A proposal of an agent outside. */
async function proposed(house: TestServer): Promise<string> {
  const body = { tool: 'cases_find_owner', args: { case_id: 'CASE-1' } };
  const key = { 'idempotency-key': randomBytes(8).toString('hex') };
  return (await (await house.as('analyst')).post('/v1/proposals', body, key)).body.id;
}

/** One that people have approved, and that nobody has carried on. */
async function approvedOutside(house: TestServer): Promise<string> {
  const [analyst, lead] = [await house.as('analyst'), await house.as('lead')];
  const args = { case_id: 'CASE-1', note: randomBytes(8).toString('hex'), evidence: [] };
  const { body } = await analyst.post('/v1/proposals', { tool: 'cases_post_note', args });
  const shown = (await lead.get(`/v1/approvals/${body.approval}`)).body;
  await lead.post(`/v1/approvals/${body.approval}/verdicts`, await house.verdict('lead', shown, 'approve'));
  return body.id;
}
