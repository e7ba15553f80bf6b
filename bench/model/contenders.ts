import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import {
  digestOf,
  draft,
  type EvidenceId,
  Labelled,
  type ModelRequest,
  newId,
  type RecordDraft,
  systemClock,
} from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { anthropicProvider, createModel } from '@portreeve/model';
import { baselinePolicies, createPolicyEngine } from '@portreeve/policy';
import {
  Database,
  fileKeyWrapper,
  loadKeys,
  loadProject,
  migrate,
  openSecrets,
  wireStages,
} from '@portreeve/server/internals';

/** One way to ask; it resolves with the milliseconds until the first text of a stream. */
export interface Contender {
  readonly name: string;
  ask(stream: boolean): Promise<number | null>;
  close(): Promise<void>;
}

const SYSTEM = 'You summarise security cases. '.repeat(120);
const EVENTS = Array.from({ length: 20 }, (_, index) => ({
  id: `ev_${index}`,
  text: JSON.stringify({ EventID: 4600 + index, Host: 'FIN-WS-014', Message: 'An account was logged on to.' }),
}));
const OUTPUT = {
  type: 'object',
  required: ['summary'],
  properties: { summary: { type: 'string', maxLength: 400 } },
  additionalProperties: false,
} as const;

/** Who the runs are of: what they record is sealed for him. */
const ACTOR: RecordDraft['actor'] = { id: newId('principal', systemClock), kind: 'person', name: 'rita', act: [] };

/** Runs that ask, in turns. */
const RUNS = 64;
const RELEASE = digestOf('the release');

const submission = (run: ReturnType<typeof newId<'run'>>) =>
  draft<'run.submitted'>({
    ...{ type: 'run.submitted', actor: ACTOR, refs: { run, workflow: 'incident-summary', release: RELEASE } },
    data: { workflow: 'incident-summary', input_digest: digestOf('bench'), input: {}, attachments: [] },
  }) as RecordDraft;

/** The SDK by itself, with the same body: no label, no limit, no check of the answer, no record. */
export function bareSdk(baseURL: string): Contender {
  const client = new Anthropic({ apiKey: 'k', baseURL, maxRetries: 0, openTelemetry: false });
  const body = {
    model: 'claude-x',
    max_tokens: 1000,
    system: [
      { type: 'text' as const, text: SYSTEM, cache_control: { type: 'ephemeral' as const, ttl: '5m' as const } },
    ],
    messages: [
      {
        role: 'user' as const,
        content: EVENTS.map(({ id, text }) => ({
          ...{ type: 'search_result' as const, source: id, title: id },
          content: [{ type: 'text' as const, text }],
        })),
      },
    ],
    output_config: { format: { type: 'json_schema' as const, schema: OUTPUT as unknown as Record<string, unknown> } },
  };
  return {
    name: 'bare SDK',
    async ask(stream) {
      const from = performance.now();
      if (!stream) {
        const message = await client.messages.create(body);
        if (message.content[0]?.type !== 'text') throw new Error('no text');
        return null;
      }
      let first: number | null = null;
      for await (const event of await client.messages.create({ ...body, stream: true }))
        if (event.type === 'content_block_delta') first ??= performance.now() - from;
      return first;
    },
    close: async () => undefined,
  };
}

/**
 * A question as a run asks it: guarded egress, clearance, resilience, the answer validated by the full schema, and each
 * attempt and each valid answer durable in the log, sealed and encrypted as the server does, before anything follows.
 */
export async function governed(
  baseURL: string,
  databaseUrl: string,
  folder: string,
  example: string,
): Promise<Contender> {
  await mkdir(folder, { recursive: true });
  const database = new Database(databaseUrl);
  await migrate(database.pool);
  const quiet = () => undefined;
  const project = await loadProject(example);
  const stages = await wireStages({
    ...{ database, project, executor: `bench-${process.pid}`, clock: systemClock, log: quiet, debugpoint: quiet },
    policy: createPolicyEngine({ layers: baselinePolicies(), clock: systemClock, tools: [], history: new Map() }),
    models: { endpoints: [] as never, close: async () => undefined },
    queue: { enqueue: async () => undefined, nudge: async () => undefined },
    ...{ systems: {}, stateFolder: folder, keys: await loadKeys(folder) },
    wrapper: fileKeyWrapper({ file: join(folder, 'keys', 'root-keys.json'), clock: systemClock }),
    secrets: openSecrets({
      ...{ config: project.config, projectFolder: project.folder, stateFolder: folder, clock: systemClock },
    }),
  });
  const { hostname: host, port } = new URL(baseURL);
  const egress = createEgress({ allow: [{ host, port: Number(port), private: true }], keep_idle_ms: 4000 });
  const provider = anthropicProvider({ credential: 'k', baseURL, model: 'claude-x', fetch: egress.fetch });
  // As wide as the widest of the bench: the bulkhead (32 at a time, by default) makes the others wait, and the bare SDK has none.
  const ask = createModel({ provider, clock: systemClock, resilience: { concurrency_max: 64 } });
  const request = new Labelled<ModelRequest>(
    {
      ...{ prompt: 'summarise', prompt_version: '1.0', model: null, system: SYSTEM, output: OUTPUT, cites: [] },
      content: EVENTS.map(({ id, text }) => ({ type: 'evidence', id: id as EvidenceId, title: id, text })),
      ...{ input_budget_tokens: 100_000, max_output_tokens: 1000, input_digest: digestOf('bench') },
    },
    { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: ['case-logs'] },
  );
  const keep = (...drafts: RecordDraft[]) => stages.audit.record(drafts, 'behind');
  // A run has its keys before its first question: its submission is the first of its records.
  const runs = Array.from({ length: RUNS }, () => newId('run', systemClock));
  for (const run of runs) await database.transaction((tx) => stages.audit.append(tx, [submission(run)]));
  const observer = (run: ReturnType<typeof newId<'run'>>): Parameters<typeof ask>[1] => {
    const refs = { run, workflow: 'incident-summary', release: RELEASE };
    const actor = ACTOR;
    return {
      answered: (data, valid) =>
        keep(
          draft<'model.answered'>({ type: 'model.answered', actor, data, refs }) as RecordDraft,
          draft<'output.validated'>({ type: 'output.validated', actor, data: valid!, refs }) as RecordDraft,
        ),
      attemptFailed: (data) => Promise.reject(new Error(data.reason)),
      failed: (data) => Promise.reject(new Error(data.reason)),
      rejected: (data) => Promise.reject(new Error(data.errors.join())),
    };
  };
  let asked = 0;
  return {
    name: 'portreeve, records on',
    async ask(stream) {
      const from = performance.now();
      let first: number | null = null;
      const onText = () => {
        first ??= performance.now() - from;
      };
      const result = await ask(request, observer(runs[asked++ % runs.length]!), stream ? { onText } : {});
      if (result.status !== 'valid') throw new Error(result.status);
      return first;
    },
    async close() {
      await stages.audit.settle();
      const { ok } = await stages.audit.main.verify();
      if (!ok) throw new Error('the record of the run does not verify');
      await egress.close();
      await stages.egress.close();
      await database.close();
    },
  };
}
