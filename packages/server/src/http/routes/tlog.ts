import { PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { type Route, route } from '../route.ts';

const NOT_THERE = 'The newest checkpoint of the log has no such resource.';

/**
 * The log as C2SP tlog-tiles serves it, with the prefix `/v1/audit/tlog`. Entries hold ids, digests and short words; payloads
 * are not served here.
 */
export const tlogRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/v1/audit/tlog/checkpoint',
    operation: 'audit.read',
    summary: 'The newest checkpoint with every signature and cosignature (C2SP tlog-checkpoint)',
    records: 'read',
    answers: {},
    stream: 'text/plain; charset=utf-8',
    handler: async ({ services, reply }) => {
      const checkpoint = await services.audit.newestCheckpoint();
      if (!checkpoint) throw new PortreeveError('not_found', NOT_THERE);
      await reply
        .header('content-type', 'text/plain; charset=utf-8')
        .header('cache-control', 'no-cache')
        .send(checkpoint.note);
    },
  }),
  route({
    method: 'GET',
    url: '/v1/audit/tlog/tile/*',
    operation: 'audit.read',
    summary: 'A tile of hashes, `<L>/<N>[.p/<W>]`, or a bundle of entries, `entries/<N>[.p/<W>]` (C2SP tlog-tiles)',
    records: 'read',
    params: z.object({ '*': z.string().max(64) }),
    answers: {},
    stream: 'application/octet-stream',
    handler: async ({ services, params, who, reply }) => {
      if (params['*'].startsWith('entries/') && !services.public_tiles)
        refuseScoped(services.auditScope(who.principal));
      const bytes = await services.audit.tile(params['*']);
      if (!bytes) throw new PortreeveError('not_found', NOT_THERE);
      await reply
        .header('content-type', 'application/octet-stream')
        // What was signed never changes; only where reading is not governed may others keep it for somebody else.
        .header('cache-control', `${services.public_tiles ? 'public' : 'private'}, max-age=31536000, immutable`)
        .send(bytes);
    },
  }),
];

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
