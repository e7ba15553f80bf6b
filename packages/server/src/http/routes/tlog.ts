import { MAIN_LOG, nameSchema, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { type Call, type Route, route } from '../route.ts';

const NOT_THERE = 'The newest checkpoint of the log has no such resource.';

const text = 'text/plain; charset=utf-8';
const bytes = 'application/octet-stream';
const common = { method: 'GET', operation: 'audit.read', records: 'read', answers: {} } as const;
const tilePath = z.string().max(64);
const inLog = z.object({ log: nameSchema });

/**
 * Each log as C2SP tlog-tiles serves it: the main one with the prefix `/v1/audit/tlog`, and every one by its name with the
 * prefix `/v1/audit/tlog/logs/NAME`. Entries hold ids, digests and short words; payloads are not served here.
 */
export const tlogRoutes: readonly Route[] = [
  route({
    ...common,
    url: '/v1/audit/tlog/checkpoint',
    summary: 'The newest checkpoint with every signature and cosignature (C2SP tlog-checkpoint)',
    stream: text,
    handler: (call) => checkpointOf(call, MAIN_LOG),
  }),
  route({
    ...common,
    url: '/v1/audit/tlog/logs/:log/checkpoint',
    summary: 'The same of a log by its name',
    params: inLog,
    stream: text,
    handler: (call) => checkpointOf(call, call.params.log),
  }),
  route({
    ...common,
    url: '/v1/audit/tlog/tile/*',
    summary: 'A tile of hashes, `<L>/<N>[.p/<W>]`, or a bundle of entries, `entries/<N>[.p/<W>]` (C2SP tlog-tiles)',
    params: z.object({ '*': tilePath }),
    stream: bytes,
    handler: (call) => tileOf(call, MAIN_LOG, call.params['*']),
  }),
  route({
    ...common,
    url: '/v1/audit/tlog/logs/:log/tile/*',
    summary: 'The same of a log by its name',
    params: inLog.extend({ '*': tilePath }),
    stream: bytes,
    handler: (call) => tileOf(call, call.params.log, call.params['*']),
  }),
];

type Asked = Pick<Call<unknown, unknown, unknown>, 'services' | 'who' | 'reply'>;

async function checkpointOf({ services, reply }: Asked, name: string): Promise<void> {
  const checkpoint = await services.audit.named(name).log.newestCheckpoint();
  if (!checkpoint) throw new PortreeveError('not_found', NOT_THERE);
  await reply.header('content-type', text).header('cache-control', 'no-cache').send(checkpoint.note);
}

async function tileOf({ services, who, reply }: Asked, name: string, path: string): Promise<void> {
  const { log } = services.audit.named(name);
  if (path.startsWith('entries/') && !services.public_tiles) refuseScoped(services.auditScope(who.principal));
  const tile = await log.tile(path);
  if (!tile) throw new PortreeveError('not_found', NOT_THERE);
  await reply
    .header('content-type', bytes)
    // What was signed never changes; only where reading is not governed may others keep it for somebody else.
    .header('cache-control', `${services.public_tiles ? 'public' : 'private'}, max-age=31536000, immutable`)
    .send(tile);
}

/** A bundle holds the entries of all workflows beside each other: who reads by scope finds theirs by search. */
function refuseScoped(scope: readonly string[] | null): void {
  if (scope === null) return;
  throw new PortreeveError('refused', 'A bundle of entries shows every workflow, and you read those of a scope.', {
    next: 'Search or export the records of your scope; checkpoint and tiles of hashes are yours to read.',
  });
}

/** The same for whoever asks: who reads is not known, so it is not recorded. */
export function withoutCredential(route: Route): Route {
  return tlogRoutes.includes(route) ? { ...route, operation: 'public', records: 'none' } : route;
}
