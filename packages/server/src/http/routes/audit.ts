import { auditFilterSchema, auditQuerySchema } from '@portreeve/audit';
import { actorOf, draft, type JsonObject, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import type { Call } from '../route.ts';
import { route } from '../route.ts';
import { recordAnswer } from './schemas.ts';

const searchQuery = auditQuerySchema.extend({
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
const indexParam = z.object({ index: z.coerce.number().int().min(0) });

/** Reading the record is itself recorded, with what was asked (requirement G7). Written before anything is shown. */
async function recordReading(
  { services, who }: Pick<Call<unknown, unknown, unknown>, 'services' | 'who'>,
  operation: string,
  filter: JsonObject,
  results: number,
): Promise<void> {
  await services.database.transaction((tx) =>
    services.audit.append(tx, [
      draft({ type: 'audit.read', actor: actorOf(who.principal), data: { operation, filter, results } }),
    ]),
  );
}

const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

export const auditRoutes = [
  route({
    method: 'GET',
    url: '/v1/audit/records',
    operation: 'audit.read',
    summary: 'Search the record',
    records: ['audit.read'],
    query: searchQuery,
    answers: { 200: z.object({ records: z.array(recordAnswer), next: z.number().nullable() }) },
    handler: async (call) => {
      const page = await call.services.audit.search(call.query);
      await recordReading(call, 'search', plain(call.query), page.records.length);
      return page;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/records/:index',
    operation: 'audit.read',
    summary: 'One record',
    records: ['audit.read'],
    params: indexParam,
    answers: { 200: recordAnswer },
    handler: async (call) => {
      const record = await call.services.audit.get(call.params.index);
      if (!record) throw new PortreeveError('not_found', `The log has no record ${call.params.index}.`);
      await recordReading(call, 'show', { index: call.params.index }, 1);
      return record;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/checkpoint',
    operation: 'audit.read',
    summary: 'The signed head of the log (C2SP tlog-checkpoint)',
    records: ['audit.read'],
    answers: { 200: z.object({ checkpoint: z.string(), vkey: z.string(), size: z.number() }) },
    handler: async (call) => {
      await recordReading(call, 'checkpoint', {}, 1);
      const { note, size } = await call.services.audit.checkpoint();
      return { checkpoint: note, vkey: call.services.audit.vkey, size };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/proof/:index',
    operation: 'audit.read',
    summary: 'A receipt for one record: c2sp.org/tlog-proof@v1 with the entry that it proves',
    records: ['audit.read'],
    params: indexParam,
    answers: { 200: z.object({ proof: z.string(), entry: z.string(), payload: z.unknown(), vkey: z.string() }) },
    handler: async (call) => {
      await recordReading(call, 'receipt', { index: call.params.index }, 1);
      return { ...(await call.services.audit.receipt(call.params.index)), vkey: call.services.audit.vkey };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/audit/verify',
    operation: 'audit.verify',
    summary: 'Verify the whole log against its stored bytes, hashes and signed checkpoints',
    records: ['audit.verified'],
    answers: {
      200: z.object({
        ok: z.boolean(),
        size: z.number(),
        first_bad_index: z.number().nullable(),
        problem: z.string().nullable(),
        kind: z.string().nullable(),
        checkpoints: z.number(),
      }),
    },
    handler: async ({ services, who }) => {
      const report = await services.audit.verify();
      const { ok, size, first_bad_index, problem } = report;
      await services.database.transaction((tx) =>
        services.audit.append(tx, [
          draft({
            type: 'audit.verified',
            actor: actorOf(who.principal),
            outcome: ok ? 'ok' : 'broken',
            data: { ok, size, first_bad_index, problem },
          }),
        ]),
      );
      return report;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/export',
    operation: 'audit.export',
    summary: 'Export the record for checking offline: JSON Lines of {file, text}, to be written one after another',
    records: ['audit.read'],
    query: auditFilterSchema,
    answers: {},
    stream: 'application/jsonl',
    handler: async (call) => {
      await recordReading(call, 'export', plain(call.query), 0);
      const { reply } = call;
      const files = call.services.audit.exportLog(call.query);
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
      try {
        for await (const file of files) {
          for await (const text of file.content) {
            if (!reply.raw.write(`${JSON.stringify({ file: file.name, text })}\n`)) {
              await new Promise((drained) => reply.raw.once('drain', drained).once('close', drained));
            }
          }
        }
        // A client that does not see this line has half an export.
        reply.raw.end(`${JSON.stringify({ end: true })}\n`);
      } catch (error) {
        reply.raw.destroy(error as Error);
      }
    },
  }),
];
