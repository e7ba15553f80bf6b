import { pipeline } from 'node:stream/promises';
import { auditFilterSchema, auditQuerySchema, type ExportFile } from '@portreeve/audit';
import {
  type AuditRecord,
  actorOf,
  draft,
  idSchema,
  isPortreeveError,
  type JsonObject,
  PortreeveError,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Call } from '../route.ts';
import { route } from '../route.ts';
import { recordAnswer, streamAnswer } from './schemas.ts';

const searchQuery = auditQuerySchema.omit({ types: true, workflows: true }).extend({
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
const verifiedTree = z
  .strictObject({
    size: z.number().int().min(0),
    root: z.string().max(64),
    checkpoints: z.number().int().min(0).default(0),
  })
  .describe(
    'The tree up to which everything is right: its size, its root in base64, and how many checkpoints cover no more',
  );
const verifyBody = z
  .strictObject({
    from: verifiedTree.optional().describe('What an earlier answer said: begins behind it'),
    limit: z.number().int().min(1).optional().describe('Records at the most; go on with `from`'),
    anchors: z.array(z.string().max(65_536)).max(16).optional().describe('Checkpoints that were kept elsewhere'),
  })
  .nullish();
const indexParam = z.object({ index: z.coerce.number().int().min(0) });

/** Reading the record is itself recorded, with what was asked (requirement G7). Written before anything is shown. */
export async function recordReading(
  { services, who }: Pick<Call<unknown, unknown, unknown>, 'services' | 'who'>,
  operation: string,
  filter: JsonObject,
  results: number,
): Promise<void> {
  await services.audit.record([
    draft({ type: 'audit.read', actor: actorOf(who.principal), data: { operation, filter, results } }),
  ]);
}

/** What narrows every reading to the workflows of the reader. */
function scopeOf({ services, who }: Pick<Call<unknown, unknown, unknown>, 'services' | 'who'>): {
  workflows?: string[];
} {
  const workflows = services.auditScope(who.principal);
  return workflows === null ? {} : { workflows: [...workflows] };
}

/** A record that the reader may see. One beyond their scope is answered as one that does not exist. */
async function visibleRecord(
  call: Pick<Call<unknown, unknown, unknown>, 'services' | 'who'>,
  index: number,
): Promise<AuditRecord> {
  const record = await call.services.audit.get(index);
  const { workflows } = scopeOf(call);
  if (!record || (workflows && !workflows.includes(record.entry.refs.workflow ?? '')))
    throw new PortreeveError('not_found', `The log has no record ${index}.`);
  return record;
}

async function* exportLines(files: AsyncIterable<ExportFile>): AsyncGenerator<string, void, undefined> {
  for await (const file of files)
    for await (const text of file.content) yield `${JSON.stringify({ file: file.name, text })}\n`;
  // A client that does not see this line has half an export.
  yield `${JSON.stringify({ end: true })}\n`;
}

export const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

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
      const page = await call.services.audit.search({ ...call.query, ...scopeOf(call) });
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
      const record = await visibleRecord(call, call.params.index);
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
      await visibleRecord(call, call.params.index);
      await recordReading(call, 'receipt', { index: call.params.index }, 1);
      return { ...(await call.services.audit.receipt(call.params.index)), vkey: call.services.audit.vkey };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/replay/:run',
    operation: 'audit.read',
    summary: 'All that the record says of one run, each record with its proof under one checkpoint',
    records: ['audit.read'],
    params: z.object({ run: idSchema('run') }),
    answers: {
      200: z.object({
        format: z.literal('portreeve-replay@v1'),
        run: idSchema('run'),
        origin: z.string(),
        vkey: z.string(),
        checkpoint: z.string(),
        records: z.array(
          z.object({ index: z.number(), entry: z.string(), payload: z.string().nullable(), path: z.array(z.string()) }),
        ),
      }),
    },
    handler: async (call) => {
      const replay = await call.services.audit.replay(call.params.run, scopeOf(call));
      await recordReading(call, 'replay', { run: call.params.run }, replay.records.length);
      return { ...replay, records: [...replay.records.map((record) => ({ ...record, path: [...record.path] }))] };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/streams',
    operation: 'audit.verify',
    summary: 'How far each stream of the record is, and why one does not go on',
    records: 'read',
    answers: {
      200: z.object({
        streams: z.array(streamAnswer),
      }),
    },
    handler: async ({ services }) => ({ streams: await services.streams() }),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/verify',
    operation: 'audit.verify',
    summary: 'Verify the log against its stored bytes, hashes and signed checkpoints: whole, or step by step',
    records: ['audit.verified'],
    body: verifyBody,
    answers: {
      200: z.object({
        ok: z.boolean(),
        size: z.number(),
        detached_below: z.number(),
        first_bad_index: z.number().nullable(),
        problem: z.string().nullable(),
        kind: z.string().nullable(),
        checkpoints: z.number(),
        erased: z.number().describe('Records whose payload was erased, as the log itself says'),
        verified: verifiedTree,
      }),
    },
    handler: async ({ services, who, body }) => {
      const { from, limit, anchors } = body ?? {};
      const report = await services.audit.verify({
        ...(from ? { from } : {}),
        ...(limit ? { limit } : {}),
        ...(anchors ? { anchors } : {}),
      });
      const { ok, size, first_bad_index, problem } = report;
      await services.database
        .transaction((tx) =>
          services.audit.append(tx, [
            draft({
              type: 'audit.verified',
              actor: actorOf(who.principal),
              outcome: ok ? 'ok' : 'broken',
              data: { ok, size, first_bad_index, problem },
            }),
          ]),
        )
        .catch((error: unknown) => {
          // A log that was cut off takes no more records; who asked must hear that all the more.
          if (ok || !isPortreeveError(error, 'log_broken')) throw error;
        });
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
      const { reply, request } = call;
      const lines = exportLines(call.services.audit.exportLog({ ...call.query, ...scopeOf(call) }));
      // Read before the head is sent: a log that cannot be exported is a problem, and no half export.
      const first = await lines.next();
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
      try {
        await pipeline(async function* () {
          if (!first.done) yield first.value;
          yield* lines;
        }, reply.raw);
      } catch (error) {
        // The client is gone, or sees a connection that breaks off.
        request.log.warn({ err: error }, 'an export broke off');
      }
    },
  }),
];
