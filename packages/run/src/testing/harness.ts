import {
  assemble,
  closedOutcome,
  deidentify,
  type Finding,
  forgetRun,
  forgetUsed,
  hearAnswer,
  loadLabelled,
  type PseudonymVault,
  parsePrompt,
  piecesOf,
  readSource,
  redactSecrets,
  restoreArguments,
  revealNotKept,
  type SourceReader,
  saveLabelled,
  scoreValue,
  withholdNotKept,
} from '@portreeve/context';
import { memoryContextStore, memoryPseudonymVault } from '@portreeve/context/testing';
import {
  type AuditWriter,
  at,
  digestOf,
  type JsonObject,
  PortreeveError,
  type Principal,
  type Run,
  type RunId,
  type SourceContract,
  sourceContractSchema,
  type ToolContract,
  type UnitOfWork,
  type WorkflowContext,
  workflowContractSchema,
} from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { type GateHarness, gateHarness } from '@portreeve/gate/testing';
import { createModel, type ProviderAnswer, type ProviderRequest } from '@portreeve/model';
import { answerOf, scriptedProvider } from '@portreeve/model/testing';
import type { ContextStage, LoadedWorkflow, RunStore, Workflows } from '../ports.ts';
import type { Endpoint } from '../route-question.ts';
import { taskRunner } from '../run-task.ts';
import { type Task, taskSubmitter } from '../submit-task.ts';
import { type CrashAt, type MemoryDurable, memoryDurable } from './durable.ts';
import { memoryRunQueue, memoryRunStore } from './memory.ts';

type Code = (context: WorkflowContext) => Promise<JsonObject | undefined>;

export interface RunHarness {
  readonly gate: GateHarness;
  readonly runs: RunStore;
  readonly values: ReturnType<typeof memoryContextStore>;
  readonly queue: ReturnType<typeof memoryRunQueue>;
  /** The release that new runs take, and all that are loaded; a test loads and unloads. */
  readonly loaded: Map<string, LoadedWorkflow>;
  /** The workflow's code, the source's items and the model's answer. */
  code: Code;
  items: () => readonly JsonObject[] | Promise<readonly JsonObject[]>;
  answer: (asked: ProviderRequest) => ProviderAnswer | Promise<ProviderAnswer>;
  /** What its reader noticed in the source. */
  findings: readonly Finding[];
  /** At first one that is cleared for everything and answers so. */
  endpoints: readonly Endpoint[];
  /** What its pseudonyms stand for. */
  readonly vault: PseudonymVault;
  /** How often the source was read and the model asked. */
  readonly reads: { count: number };
  readonly asks: { count: number };
  readonly logged: unknown[];
  submit(task?: Partial<Task>, principal?: Principal): Promise<Run>;
  /** Carries a run in a new process (all earlier ones are dead) until it ends or the process dies. */
  carry(
    id: RunId,
    options?: { crash?: CrashAt; onWait?: (topic: string, until: Date) => Promise<void> },
  ): Promise<'ended' | 'crashed'>;
  durable(id: RunId): MemoryDurable;
  run(id: RunId): Promise<Run>;
  /** Approves the open approval of a run. */
  approve(id: RunId): Promise<void>;
  /** The workflow, with another release, tools or scope. */
  load(over?: {
    release?: string;
    tools?: ToolContract[];
    scope?: JsonObject;
    tier?: string;
    /** What the workflow's contract has besides. */
    contract?: JsonObject;
    calibrations?: LoadedWorkflow['calibrations'];
    source?: Partial<SourceContract>;
    /** Texts of prompt files besides `summarize`. */
    prompts?: readonly string[];
  }): LoadedWorkflow;
  /** The touch of the database (counted from now, beginning with 1) that fails, as when it is away for a moment. */
  loseDatabase(nth: number, error?: Error): void;
  /** Whether that touch has come. */
  databaseWasLost(): boolean;
}

const PROMPT = `---
id: summarize
version: "1.0"
step: generate
audience: inside
inputs:
  - { name: logs, description: The log of the case }
output: { type: object, properties: { text: { type: string, maxLength: 200 } }, required: [text], additionalProperties: false }
---
Summarise the case.
`;

const WHOLE: Code = async (context) => {
  const logs = await context.read('case-logs', { case_id: context.input.case_id as string });
  const summary = await context.ask('summarize', { logs: logs.evidence });
  const outcome = await context.act(
    'publish_case_summary',
    { case_id: context.input.case_id as string, summary: at(summary, '/text') },
    { rationale: 'The analyst asked for it.', evidence: logs.evidence },
  );
  return { status: outcome.status };
};

/** The task pipeline over the gate's harness: real context, model stage and gate; source and model are scripts. */
export function runHarness(): RunHarness {
  const runs = memoryRunStore();
  const values = memoryContextStore();
  const queue = memoryRunQueue();
  const gate = gateHarness({
    participants: [runs, values, queue],
    releaseOf: async (run) => (await runs.get(run))?.release ?? null,
    finished: async (tx, { id, run }) => {
      if (run) await queue.nudge(tx, run, `handoff:${id}`);
    },
  });
  const { clock, policy, handoffs } = gate;
  const lost = { left: 0, error: null as Error | null };
  const away = (): void => {
    if (lost.left > 0 && --lost.left === 0) throw lost.error;
  };
  const uow: UnitOfWork = {
    async transaction(fn) {
      away();
      return gate.uow.transaction(fn);
    },
  };
  const audit: AuditWriter = {
    append: gate.writer.append,
    async record(drafts, place) {
      away();
      return gate.writer.record(drafts, place);
    },
  };
  const stage = { audit, uow, clock };
  const environment = {
    facts: () => ({
      name: 'test' as const,
      maintenance: [],
      outages: [],
      ...gate.environment,
      freezes: [...gate.environment.freezes],
    }),
    freshen: async () => undefined,
  };
  const loaded = new Map<string, LoadedWorkflow>();
  const durables = new Map<RunId, MemoryDurable>();
  const logged: unknown[] = [];
  const reads = { count: 0 };
  const asks = { count: 0 };
  let processes = 0;

  const reader: SourceReader = {
    kind: 'http',
    async read() {
      reads.count++;
      const items = await harness.items();
      return {
        items: items.map((fields, index) => ({ position: index + 1, fields })),
        available: items.length,
        fieldsLeftOut: [],
        cutValues: 0,
        findings: harness.findings,
      };
    },
  };
  const vault = memoryPseudonymVault();
  const context: ContextStage = {
    deidentify: (run, assembly) => deidentify(assembly, { vault, scope: run, key: Buffer.alloc(32, 7) }),
    restore: (run, args, origins, clearance) => restoreArguments(args, { vault, scope: run, origins, clearance }),
    forget: (_tx, run) => vault.erase(run),
    redactSecrets,
    hear: (answered) => hearAnswer(answered),
    pieces: piecesOf,
    score: scoreValue,
    outcome: closedOutcome,
    read: (contract, query, attachments) => readSource([reader], { contract, query, attachments }),
    reveal: (contract, query) => revealNotKept([reader], { contract, query, attachments: [] }),
    assemble: (prompt, inputs, workflow, life) => assemble({ prompt, inputs, workflow, ...life }),
    withhold: withholdNotKept,
    save: (tx, run, labelled, life) => saveLabelled(values, tx, { run, labelled, clock, ...(life ? { life } : {}) }),
    forgetUsed: (tx, run, readings) => forgetUsed(values, tx, run, readings),
    forgetRun: (tx, run, which) => forgetRun(values, tx, run, which),
    async load(run, id) {
      away();
      return loadLabelled(values, { run, id });
    },
  };
  const provider = {
    ...scriptedProvider([]),
    async complete(asked: ProviderRequest) {
      asks.count++;
      return harness.answer(asked);
    },
  };
  const workflows: Workflows = {
    current: (name) => (name === 'incident-summary' ? ([...loaded.values()].at(-1) ?? null) : null),
    pinned: (_name, release) => loaded.get(release) ?? null,
  };
  const submitTask = taskSubmitter({ ...stage, store: runs, workflows, policy, environment, queue });

  const harness: RunHarness = {
    gate,
    runs,
    values,
    queue,
    loaded,
    code: WHOLE,
    items: () => [{ line: 'alice signed in' }, { line: 'bob failed to sign in' }],
    findings: [],
    answer: () => answerOf({ text: 'Bob failed to sign in.' }),
    endpoints: [
      {
        ...{ name: provider.name, where: 'public-cloud', clearance: provider.clearance },
        ask: createModel({ provider, clock, sleep: async () => undefined }),
      },
    ],
    vault,
    reads,
    asks,
    logged,
    submit: (task = {}, principal = gate.people.requester.principal) =>
      submitTask({ workflow: 'incident-summary', input: { case_id: 'case-7' }, ...task }, principal),
    carry(id, options = {}) {
      for (let earlier = 1; earlier <= processes; earlier++) gate.bury(`process-${earlier}`);
      const process = gate.process(`process-${++processes}`);
      const work = taskRunner({
        ...stage,
        store: {
          ...runs,
          async get(run) {
            away();
            return runs.get(run);
          },
        },
        context,
        endpoints: harness.endpoints,
        gate: process.gate,
        unwindings: process.unwindings,
        handoffs,
        policy,
        environment,
        workflows,
        log: (_message, error) => logged.push(error),
      });
      return harness.durable(id).process((durable) => work(id, durable), options);
    },
    durable(id) {
      const durable = durables.get(id) ?? memoryDurable();
      durables.set(id, durable);
      return durable;
    },
    async run(id) {
      const run = await runs.get(id);
      if (!run) throw new TypeError(`there is no run ${id}`);
      return run;
    },
    async approve(id) {
      const { approval } = await harness.run(id);
      if (!approval) throw new TypeError(`run ${id} waits for no approval`);
      await gate.vote(approval);
    },
    load({
      release = digestOf('release 1'),
      tools = [testContract()],
      scope = {},
      tier = 'medium',
      source = {},
      prompts: texts = [],
      contract: more = {},
      calibrations = new Map(),
    } = {}) {
      const prompts = [PROMPT, ...texts].map((text) => parsePrompt(text, 'prompt.md'));
      const contract = workflowContractSchema.parse({
        name: 'incident-summary',
        version: '1.0',
        title: 'Summary of a case',
        purpose: 'Summarises a case.',
        tier,
        owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
        scope: {
          sources: ['case-logs'],
          tools: tools.map((tool) => tool.name),
          prompts: prompts.map((prompt) => prompt.contract.id),
          ...scope,
        },
        approvers: ['case-approvers'],
        approval_timeout_minutes: 60,
        input: {
          type: 'object',
          properties: { case_id: { type: 'string', maxLength: 64 } },
          required: ['case_id'],
          additionalProperties: false,
        },
        ...more,
      });
      const made: LoadedWorkflow = {
        release,
        definition: { contract, tools, sources: [{ ...SOURCE, ...source }], run: (given) => harness.code(given) },
        promptsByName: new Map(prompts.map((prompt) => [prompt.contract.id, prompt])),
        calibrations,
      };
      loaded.set(release, made);
      return made;
    },
    loseDatabase(nth, error = new PortreeveError('audit_unavailable', 'The database does not answer.')) {
      lost.left = nth;
      lost.error = error;
    },
    databaseWasLost: () => lost.left === 0,
  };
  harness.load();
  return harness;
}

const SOURCE = sourceContractSchema.parse({
  name: 'case-logs',
  version: '1.0',
  title: 'Logs of a case',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: [],
  query: {
    type: 'object',
    properties: { case_id: { type: 'string' } },
    required: ['case_id'],
    additionalProperties: false,
  },
  fields: [{ name: 'line' }],
  limits: { max_items: 100, max_bytes: 10_000 },
  binding: { kind: 'http', url: 'https://logs.test/cases' },
});
