import { pipeline } from 'node:stream/promises';
import { digestSchema, LAYERS, OUTCOMES, PortreeveError, remedySchema } from '@portreeve/contract';
import { POLICY_FILE_NAME } from '@portreeve/policy';
import { z } from 'zod';
import { route } from '../route.ts';
import { type DecisionLine, recordedDecisions } from '../views/decisions.ts';
import { explainProposal } from '../views/explanation.ts';
import { plain, recordReading, scopeOf } from './audit.ts';
import { idParam } from './schemas.ts';

const explanation = z.object({
  proposal: z.string(),
  recorded: z.object({ outcome: z.enum(OUTCOMES), phase: z.string(), policy_version: z.string() }),
  same_policy: z.boolean(),
  decision: z.unknown().describe('What the policy in force says of the same request'),
  layers: z.array(
    z.object({
      layer: z.enum(LAYERS),
      effect: z.string(),
      errors: z.array(z.string()),
      rules: z.array(
        z.object({ id: z.string(), effect: z.string(), file: z.string(), line: z.number(), text: z.string() }),
      ),
    }),
  ),
  changes: z.array(z.object({ attribute: z.string(), to: z.string(), outcome: z.enum(OUTCOMES) })),
});

/** Records that are read at a time; fewer where one answer takes many pages, so that others wait for milliseconds alone. */
const PAGE = 500;
const PAGE_OF_REPLAY = 200;

const FILES_MAX = 50;
const CANDIDATE_BYTES_MAX = 256 * 1024;
const REPLAYED = { most: 100_000, usual: 20_000 } as const;

const span = { since: z.iso.datetime().optional(), until: z.iso.datetime().optional() };
const policyFile = z.strictObject({
  name: z
    .string()
    .max(100)
    .regex(
      POLICY_FILE_NAME,
      `a policy file is called <layer>.cedar or <layer>-<name>.cedar; a layer is ${LAYERS.join(', ')}`,
    ),
  text: z.string().max(CANDIDATE_BYTES_MAX),
});
const candidateFiles = z
  .array(policyFile)
  .min(1)
  .max(FILES_MAX)
  .refine((files) => new Set(files.map(({ name }) => name)).size === files.length, 'two files have the same name')
  .refine(
    (files) => files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) <= CANDIDATE_BYTES_MAX,
    `at most ${CANDIDATE_BYTES_MAX / 1024} KiB in all: \`portreeve policy replay\` takes more`,
  )
  .describe('What would stand in the project’s `policies/`, in place of all that stands there');
const replayBody = z.strictObject({
  files: candidateFiles,
  ...span,
  limit: z
    .number()
    .int()
    .min(1)
    .max(REPLAYED.most)
    .default(REPLAYED.usual)
    .describe('Decisions that are judged at the most: the newest'),
});
const count = z.number().int().min(0);
const replayAnswer = z.object({
  policy_version: digestSchema.describe('Of all the rules that would be in force'),
  in_force: digestSchema.describe('Of the rules that are in force'),
  total: count.describe('Decisions that were looked at'),
  same: count,
  changed_total: count,
  changes: z
    .record(z.string(), count)
    .describe('How many would change from one outcome to another, as `refuse>permit`'),
  changed: z
    .array(
      z.object({
        record: z.string().nullable(),
        decision: z.string(),
        request_digest: z.string(),
        asked: z.string().describe('Such as `act refund_order`'),
        from: z.enum(OUTCOMES),
        to: z.enum(OUTCOMES),
        rules: z.array(z.string()).describe('The rules that would decide, those first that did not'),
        remedies: z.array(remedySchema).describe('What would then be asked for'),
      }),
    )
    .describe('The newest thousand that would come out differently'),
  cannot_judge: z.array(z.object({ why: z.string(), count })),
  cut: z
    .enum(['limit', 'time'])
    .nullable()
    .describe('Earlier decisions of this time were not looked at: as many as were wanted were, or the time was up'),
  earliest: z.string().nullable().describe('When the earliest decision that was looked at was recorded'),
});

async function* lines(decisions: AsyncIterable<DecisionLine>): AsyncGenerator<string, void, undefined> {
  for await (const line of decisions) yield `${JSON.stringify(line)}\n`;
  // A client that does not see this line has judged a part.
  yield `${JSON.stringify({ end: true })}\n`;
}

export const policyRoutes = [
  route({
    method: 'GET',
    url: '/v1/proposals/:id/explanation',
    operation: 'policy.explain',
    summary: 'Which rule in which layer decided on a proposal, and which attribute would change it',
    records: 'read',
    params: idParam('proposal'),
    answers: { 200: explanation },
    handler: async ({ services, params }) => {
      const stored = await services.gate.get(params.id);
      if (!stored) throw new PortreeveError('not_found', `There is no proposal ${params.id}.`);
      const found = await explainProposal(services, stored);
      if (!found)
        throw new PortreeveError('conflict', `What was asked of policy for ${params.id} cannot be told exactly.`, {
          next: 'Its record was erased or holds no request; `portreeve audit search --proposal ID` shows what is left.',
        });
      return found;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/policy/decisions',
    operation: 'policy.replay',
    summary: 'Recorded decisions with the requests that they judged, oldest first: JSON Lines, `{"end":true}` last',
    records: ['audit.read'],
    query: z.strictObject(span),
    answers: {},
    stream: 'application/jsonl',
    handler: async (call) => {
      const { query, reply, request, services } = call;
      await recordReading(call, 'decisions', plain(query), 0);
      const { since, until } = query;
      const filter = { ...(since ? { since } : {}), ...(until ? { until } : {}) };
      const scope = scopeOf(call);
      const decisions = lines(
        recordedDecisions(services.audit, { ...filter, ...scope }, { order: 'oldest', page: PAGE }),
      );
      // Read before the head is sent: what cannot be read is a problem, and no half answer.
      const first = await decisions.next();
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
      try {
        await pipeline(async function* () {
          if (!first.done) yield first.value;
          yield* decisions;
        }, reply.raw);
      } catch (error) {
        request.log.warn({ err: error }, 'recorded decisions were not read to their end');
      }
    },
  }),
  route({
    method: 'GET',
    url: '/v1/policy/files',
    operation: 'policy.replay',
    summary: 'The files of the project’s own rules as they are in force, or the baseline’s where it has none',
    records: 'read',
    answers: {
      200: z.object({
        own: z.boolean().describe('Whether the project has rules of its own in place of the baseline’s'),
        files: z.array(z.object({ name: z.string(), text: z.string() })),
      }),
    },
    handler: async ({ services }) => {
      const { own, files } = services.whatIf.in_force;
      return { own, files: [...files] };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/policy/replays',
    operation: 'policy.replay',
    summary: 'Judge recorded decisions anew by other rules in place of the project’s own; nothing is changed by it',
    records: ['audit.read'],
    body: replayBody,
    answers: { 200: replayAnswer },
    handler: async (call) => {
      const { services, body, reply } = call;
      const { files, limit, since, until } = body;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const candidate = await services.whatIf.open(files, gone.signal);
      try {
        const { policy_version } = candidate;
        const filter = { ...(since ? { since } : {}), ...(until ? { until } : {}) };
        await recordReading(call, 'what-if', { ...filter, limit, policy_version }, 0);
        const order = { order: 'newest', page: PAGE_OF_REPLAY } as const;
        const decisions = recordedDecisions(services.audit, { ...filter, ...scopeOf(call) }, order);
        return { policy_version, in_force: services.policy.version, ...(await candidate.replay(decisions, limit)) };
      } finally {
        await candidate.close();
      }
    },
  }),
];
