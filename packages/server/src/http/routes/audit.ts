import { pipeline } from 'node:stream/promises';
import { auditFilterSchema, type ExportFile, logsQuerySchema, PLACE, type PlacedRecord } from '@portreeve/audit';
import {
  actorOf,
  draft,
  idSchema,
  isPortreeveError,
  type JsonObject,
  MAIN_LOG,
  nameSchema,
  PortreeveError,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Call } from '../route.ts';
import { route } from '../route.ts';
import { logsShown } from '../views/logs.ts';
import { logAnswer, recordAnswer, streamAnswer } from './schemas.ts';

const searchQuery = logsQuerySchema.omit({ types: true, workflows: true }).extend({
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
const logName = nameSchema.default(MAIN_LOG).describe('The name of the log');
const verifyBody = z
  .strictObject({
    log: logName,
    from: verifiedTree.optional().describe('What an earlier answer said: begins behind it'),
    limit: z.number().int().min(1).optional().describe('Records at the most; go on with `from`'),
    anchors: z.array(z.string().max(65_536)).max(16).optional().describe('Checkpoints that were kept elsewhere'),
  })
  .nullish();
const placeParam = z.object({
  place: z.string().regex(PLACE).describe('An index in the main log, such as 7, or in another one, such as finance:7'),
});
const ofLog = z.strictObject({ log: logName });

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
export function scopeOf({ services, who }: Pick<Call<unknown, unknown, unknown>, 'services' | 'who'>): {
  workflows?: string[];
} {
  const workflows = services.auditScope(who.principal);
  return workflows === null ? {} : { workflows: [...workflows] };
}

/** A record that the reader may see. One beyond their scope is answered as one that does not exist. */
async function visibleRecord(
  call: Pick<Call<unknown, unknown, unknown>, 'services' | 'who'>,
  place: string,
): Promise<PlacedRecord> {
  const record = await call.services.audit.get(place);
  const { workflows } = scopeOf(call);
  if (!record || (workflows && !workflows.includes(record.entry.refs.workflow ?? '')))
    throw new PortreeveError('not_found', `There is no record ${place}.`);
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
    url: '/v1/audit/logs',
    operation: 'audit.verify',
    summary: 'The logs of the record: what each is called, what signs it, and how many records it holds',
    records: 'read',
    answers: { 200: z.object({ logs: z.array(logAnswer) }) },
    handler: async ({ services }) => ({ logs: await logsShown(services) }),
  }),
  route({
    method: 'GET',
    url: '/v1/audit/records',
    operation: 'audit.read',
    summary: 'Search the record',
    records: ['audit.read'],
    query: searchQuery,
    answers: { 200: z.object({ records: z.array(recordAnswer), next: z.string().nullable() }) },
    handler: async (call) => {
      const page = await call.services.audit.search({ ...call.query, ...scopeOf(call) });
      await recordReading(call, 'search', plain(call.query), page.records.length);
      return page;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/records/:place',
    operation: 'audit.read',
    summary: 'One record',
    records: ['audit.read'],
    params: placeParam,
    answers: { 200: recordAnswer },
    handler: async (call) => {
      const { place } = call.params;
      const record = await visibleRecord(call, place);
      await recordReading(call, 'show', { place }, 1);
      return record;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/checkpoint',
    operation: 'audit.read',
    summary: 'The signed head of a log (C2SP tlog-checkpoint)',
    records: ['audit.read'],
    query: ofLog,
    answers: { 200: z.object({ checkpoint: z.string(), vkey: z.string(), size: z.number() }) },
    handler: async (call) => {
      const { name, log } = call.services.audit.named(call.query.log);
      await recordReading(call, 'checkpoint', { log: name }, 1);
      const { note, size } = await log.checkpoint();
      return { checkpoint: note, vkey: log.vkey, size };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/proof/:place',
    operation: 'audit.read',
    summary: 'A receipt for one record: c2sp.org/tlog-proof@v1 with the entry that it proves',
    records: ['audit.read'],
    params: placeParam,
    answers: { 200: z.object({ proof: z.string(), entry: z.string(), payload: z.unknown(), vkey: z.string() }) },
    handler: async (call) => {
      const { place } = call.params;
      await visibleRecord(call, place);
      await recordReading(call, 'receipt', { place }, 1);
      const { log, index } = call.services.audit.at(place);
      return { ...(await log.receipt(index)), vkey: log.vkey };
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
        log: z.string(),
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
    summary: 'Verify a log against its stored bytes, hashes and signed checkpoints: whole, or step by step',
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
      const { from, limit, anchors, log: name = MAIN_LOG } = body ?? {};
      const { log } = services.audit.named(name);
      const report = await log.verify({
        ...(from ? { from } : {}),
        ...(limit ? { limit } : {}),
        ...(anchors ? { anchors } : {}),
      });
      const { ok, size, first_bad_index, problem } = report;
      await services.database
        .transaction((tx) =>
          // It is told in the log that it is about.
          log.append(tx, [
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
    summary: 'Export a log for checking offline: JSON Lines of {file, text}, to be written one after another',
    records: ['audit.read'],
    query: auditFilterSchema.extend({ log: logName }),
    answers: {},
    stream: 'application/jsonl',
    handler: async (call) => {
      await recordReading(call, 'export', plain(call.query), 0);
      const { reply, request } = call;
      const { log: name, ...filter } = call.query;
      const { log } = call.services.audit.named(name);
      const lines = exportLines(log.exportLog({ ...filter, ...scopeOf(call) }));
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
