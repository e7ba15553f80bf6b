// The same call through Portreeve: authenticate, decide, grant, intent, call, result, all on record, with the stages as
// the server wires them. The database is given; nothing is switched off.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  digestOf,
  newId,
  SYSTEM_ACTOR,
  systemClock,
  toolContractSchema,
  workflowContractSchema,
} from '@portreeve/contract';
import { baselinePolicies, createPolicyEngine, historyByTool } from '@portreeve/policy';
import {
  Database,
  every,
  fileKeyWrapper,
  loadKeys,
  loadProject,
  migrate,
  openSecrets,
  wireStages,
} from '@portreeve/server/internals';
import { fastify } from 'fastify';
import { serveParent } from '../lib/children.ts';

const given = JSON.parse(process.argv[2] ?? '') as {
  database: string;
  stateFolder: string;
  project: string;
  downstream: string;
};

const tool = toolContractSchema.parse({
  name: 'note_order_once',
  version: '1.0',
  title: 'Note an order',
  description: 'Does nothing.',
  tier: 1,
  effect: 'write',
  args: {
    type: 'object',
    properties: { order: { type: 'string', maxLength: 64 } },
    required: ['order'],
    additionalProperties: false,
  },
  result: { type: 'object' },
  sinks: [{ path: '/order', kind: 'target' }],
  clearance: { confidentiality: 'internal', categories: [] },
  undo: { tool: 'take_back_order_note', args: { order: { from: 'args', pointer: '/order' } }, window_minutes: 60 },
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:bench:downstream',
  binding: { connector: 'http', method: 'POST', url: 'system://downstream/noop' },
});
const contract = workflowContractSchema.parse({
  name: 'orders',
  version: '1.0',
  title: 'Orders',
  purpose: 'A bench.',
  tier: 'low',
  owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
  scope: { sources: [], tools: [tool.name], prompts: [] },
  approvers: ['leads'],
  history: {},
  input: { type: 'object' },
});

const quiet = () => undefined;
await mkdir(given.stateFolder, { recursive: true });
const database = new Database(given.database);
await migrate(database.pool);
const project = await loadProject(given.project);
const executor = `bench-${process.pid}`;
const stages = await wireStages({
  ...{ database, executor, clock: systemClock, log: quiet, debugpoint: quiet, project },
  policy: createPolicyEngine({
    layers: baselinePolicies(),
    clock: systemClock,
    tools: [tool],
    history: historyByTool([{ contract, tools: [tool] }]),
  }),
  // No run and no question to a model comes up here.
  models: { endpoints: [] as never, close: async () => undefined },
  queue: { enqueue: async () => undefined, nudge: async () => undefined },
  systems: { downstream: { url: given.downstream, private: true } },
  stateFolder: given.stateFolder,
  wrapper: fileKeyWrapper({ file: join(given.stateFolder, 'keys', 'root-keys.json'), clock: systemClock }),
  keys: await loadKeys(given.stateFolder),
  secrets: openSecrets({
    config: project.config,
    projectFolder: project.folder,
    stateFolder: given.stateFolder,
    clock: systemClock,
  }),
});
await stages.environment.refresh();
await stages.leases.renew(executor, 3600);
const stops = [every(500, () => stages.environment.refresh(), quiet)];
const token = await benchSession();

const release = digestOf('bench');
const workflow = { name: contract.name, tier: contract.tier, tools: [tool.name], sources: [], approvers: ['leads'] };
const app = fastify();
const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['order'],
    properties: { order: { type: 'string', maxLength: 64 } },
  },
} as const;
app.post('/call', { schema }, async (request, reply) => {
  const { principal } = await stages.identity.authenticate((request.headers.authorization ?? '').slice(7));
  const args = request.body as { order: string };
  const result = await stages.gate.submit({
    id: newId('proposal', systemClock),
    run: null,
    ...{ workflow, release, principal, contract: tool, tools: [tool], history: contract.history, args, request: args },
    approval_timeout_minutes: 60,
    rationale: 'An order came in.',
    evidence: null,
    stoodFor: [],
    injection: 0,
  });
  if (result.status !== 'succeeded') return reply.code(500).send(result);
  return { execution: result.execution, done: true };
});
app.get('/token', async () => token);
app.get('/settle', async () => {
  await stages.audit.settle();
  const report = await stages.audit.main.verify();
  return { ok: report.ok, records: report.size };
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
serveParent(url, async () => {
  await app.close();
  await Promise.all(stops.map((stop) => stop()));
  await stages.egress.close();
  await database.close();
});

/** A person's session, as anybody gets one. */
async function benchSession(): Promise<string> {
  const password = newId('session', systemClock);
  await stages.identity.createAccount(
    { name: 'rita', kind: 'person', roles: ['requester'], groups: [], password },
    SYSTEM_ACTOR,
  );
  return (await stages.identity.signIn({ name: 'rita', password })).token;
}
