import { recordPayloadSchema } from '@portreeve/contract';
import { TILE_HEIGHT } from './ports.ts';
import type { AuditReader } from './reader.ts';

/**
 * Below which index records are missing because they were detached, as the log itself says (`audit.detached`): 0 where
 * none are. Records that are missing beyond that were removed, and so is one inside a tile.
 */
export async function detachedBelow(store: AuditReader, log: string): Promise<number> {
  const [first] = await store.records(log, 0, 1);
  if (!first || first.index === 0) return 0;
  const declared = await declaredBelow(store, log);
  const below = Math.min(first.index, declared);
  return below % 2 ** TILE_HEIGHT === 0 ? below : 0;
}

async function declaredBelow(store: AuditReader, log: string): Promise<number> {
  const [newest] = await store.search(log, {
    ...{ equals: { type: 'audit.detached' }, types: null, workflows: null, words: null, since: null, until: null },
    ...{ after: null, limit: 1, order: 'newest' },
  });
  if (!newest || newest.payload === null) return 0;
  const payload = recordPayloadSchema.safeParse(JSON.parse(newest.payload));
  const below = payload.success ? payload.data.data.below : null;
  return typeof below === 'number' && below <= newest.index ? below : 0;
}
