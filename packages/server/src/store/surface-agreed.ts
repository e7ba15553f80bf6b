import { canonicalJson, type Digest, digestOf, type Json } from '@portreeve/contract';
import type { SurfaceStore } from '@portreeve/govern';
import type { Database } from './database.ts';

interface AgreedTable {
  kind: string;
  part: string;
  digest: string;
  body: string;
}

declare module './tables.ts' {
  interface Tables {
    surface_agreed: AgreedTable;
  }
}

/** What owners have agreed to last, in PostgreSQL. */
export function surfaceStore(database: Database): SurfaceStore {
  const rowOf = (kind: string, part: string, body: Json): AgreedTable => ({
    ...{ kind, part, digest: digestOf(body), body: canonicalJson(body) },
  });
  return {
    async digests(kind) {
      const rows = await database.read
        .selectFrom('surface_agreed')
        .select(['part', 'digest'])
        .where('kind', '=', kind)
        .execute();
      return new Map(rows.map(({ part, digest }) => [part, digest as Digest]));
    },
    async get(tx, kind, part) {
      const row = await database
        .on(tx)
        .selectFrom('surface_agreed')
        .select(['digest', 'body'])
        .where('kind', '=', kind)
        .where('part', '=', part)
        .executeTakeFirst();
      return row ? { digest: row.digest as Digest, body: JSON.parse(row.body) as Json } : null;
    },
    async adopt(tx, kind, part, body) {
      await database
        .on(tx)
        .insertInto('surface_agreed')
        .values(rowOf(kind, part, body))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async set(tx, kind, part, body) {
      const on = database.on(tx);
      if (body === null) {
        await on.deleteFrom('surface_agreed').where('kind', '=', kind).where('part', '=', part).execute();
        return;
      }
      const row = rowOf(kind, part, body);
      await on
        .insertInto('surface_agreed')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['kind', 'part']).doUpdateSet({ digest: row.digest, body: row.body }),
        )
        .execute();
    },
  };
}
