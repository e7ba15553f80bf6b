/**
 * One process of several that act under one limit (`limits.test.ts`): it submits wishes to a real gate on a database that
 * others use too, all at once, and prints how each ended. The parent gives the word, so that they begin together.
 */
import { join } from 'node:path';
import {
  digestOf,
  historySchema,
  newId,
  principalSchema,
  systemClock,
  toolContractSchema,
  workflowContractSchema,
} from '@portreeve/contract';
import { baselinePolicies, createPolicyEngine, historyByTool } from '@portreeve/policy';
import { loadKeys } from '../config/keys.ts';
import { loadProject } from '../config/project.ts';
import { openSecrets } from '../config/secrets.ts';
import { every } from '../every.ts';
import { fileKeyWrapper } from '../keys/file-wrapper.ts';
import { wireStages } from '../stages.ts';
import { Database } from '../store/database.ts';

export interface UnderLimit {
  readonly name: string;
  readonly database: string;
  readonly stateFolder: string;
  readonly project: string;
  readonly downstream: string;
  readonly count: number;
  readonly limit: number;
}

const given = JSON.parse(process.argv[2] ?? '') as UnderLimit;

const tool = toolContractSchema.parse({
  name: 'pay_refund',
  version: '1.0',
  title: 'Pay a refund',
  description: 'Pays one refund.',
  tier: 2,
  effect: 'write',
  args: {
    type: 'object',
    properties: { order: { type: 'string', maxLength: 64 } },
    required: ['order'],
    additionalProperties: false,
  },
  result: {},
  sinks: [{ path: '/order', kind: 'target' }],
  clearance: { confidentiality: 'internal', categories: [] },
  undo: { tool: 'take_back_refund', args: {}, window_minutes: 60 },
  timeout_ms: 30_000,
  idempotency: 'key',
  audience: 'urn:test:payments',
  binding: { connector: 'http', method: 'POST', url: 'system://downstream/refunds' },
});
const history = historySchema.parse({
  paid: { kind: 'count', tools: ['pay_refund'], by: ['principal'], window: '1d' },
});
const contract = workflowContractSchema.parse({
  name: 'refunds',
  version: '1.0',
  title: 'Refunds',
  purpose: 'Pays refunds.',
  tier: 'low',
  owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
  scope: { sources: [], tools: ['pay_refund'], prompts: [] },
  approvers: ['leads'],
  history,
  input: { type: 'object' },
});
const rule = `@id("refunds.limit") @code("limit") @reason("The limit of the day is used up.") @next("Go on tomorrow.")
forbid (principal, action == Action::"act:pay_refund", resource) when { context.history.paid >= ${given.limit} };`;
const base = baselinePolicies();

const database = new Database(given.database);
const executor = `submitter-${given.name}`;
const quiet = () => undefined;
const project = await loadProject(given.project);
const stages = await wireStages({
  ...{ database, executor, clock: systemClock, log: quiet, debugpoint: quiet },
  policy: createPolicyEngine({
    layers: { ...base, action: [...base.action, { file: 'limit.cedar', text: rule }] },
    clock: systemClock,
    tools: [tool],
    history: historyByTool([{ contract, tools: [tool] }]),
  }),
  project,
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
await stages.leases.renew(executor, 300);
const stop = every(500, () => stages.environment.refresh(), quiet);
const principal = principalSchema.parse({
  id: 'prn_00000000000000000000000001',
  kind: 'person',
  name: 'rita',
  roles: ['requester'],
  groups: [],
});
process.send?.('ready');
await new Promise((go) => process.once('message', go));
const results = await Promise.all(
  Array.from({ length: given.count }, (_, index) => {
    const order = { order: `${given.name}-${index}` };
    return stages.gate.submit({
      id: newId('proposal', systemClock),
      run: null,
      workflow: { name: 'refunds', tier: 'low', tools: ['pay_refund'], sources: [], approvers: ['leads'] },
      approval_timeout_minutes: 60,
      release: digestOf('release'),
      ...{ principal, contract: tool, tools: [tool], history, args: order, request: order },
      rationale: 'A refund is due.',
      evidence: null,
      stoodFor: [],
      tools: [],
      injection: 0,
    });
  }),
);
await stop();
await stages.egress.dispatcher.close();
await database.close();
process.send?.(
  results.map((result) =>
    result.status === 'refused' ? `refused: ${result.decision.reasons.map(({ code }) => code)}` : result.status,
  ),
);
process.disconnect?.();
