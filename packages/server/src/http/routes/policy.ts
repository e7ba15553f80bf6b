import { pipeline } from 'node:stream/promises';
import { LAYERS, OUTCOMES, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { type DecisionLine, recordedDecisions } from '../views/decisions.ts';
import { explainProposal } from '../views/explanation.ts';
import { plain, recordReading } from './audit.ts';
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
    query: z.strictObject({ since: z.iso.datetime().optional(), until: z.iso.datetime().optional() }),
    answers: {},
    stream: 'application/jsonl',
    handler: async (call) => {
      const { query, reply, request, services } = call;
      await recordReading(call, 'decisions', plain(query), 0);
      const { since, until } = query;
      const filter = { ...(since ? { since } : {}), ...(until ? { until } : {}) };
      const decisions = lines(recordedDecisions(services.audit, filter));
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
];
