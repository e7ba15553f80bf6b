import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { PERSONAL_KINDS, type PseudonymVault, type VaultEntry } from '@portreeve/context';
import type { Tx } from '@portreeve/contract';
import { z } from 'zod';
import type { Database } from './database.ts';

interface PseudonymsTable {
  scope: string;
  pseudonym: string;
  kind: string;
  sealed: Buffer;
}

declare module './tables.ts' {
  interface Tables {
    pseudonyms: PseudonymsTable;
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** PostgreSQL takes at most 65,535 parameters in a statement; a row has four. */
const ROWS_MAX = 10_000;

const kindSchema = z.enum(PERSONAL_KINDS);
const contentSchema = z.strictObject({ value: z.string(), numeric: z.boolean() });

/**
 * Pseudonyms in PostgreSQL, sealed with the caller's key of 32 bytes (AES-256-GCM, a fresh nonce for each row), so that
 * the database and its backups hold no value. A row that was moved to another scope or pseudonym, or altered, does not
 * open: reading throws. Without the key nothing can be restored.
 */
export function pseudonymVault(database: Database, key: Uint8Array): PseudonymVault {
  if (key.length !== KEY_BYTES) throw new TypeError('the key of the pseudonym vault has 32 bytes');
  const secret = createSecretKey(key);
  const read = async (scope: string, pseudonyms?: readonly string[]) => {
    let query = database.read.selectFrom('pseudonyms').selectAll().where('scope', '=', scope);
    if (pseudonyms !== undefined) query = query.where('pseudonym', 'in', pseudonyms);
    return (await query.execute()).map((row) => opened(secret, row));
  };
  return {
    load: (scope) => read(scope),

    async add(scope, entries) {
      const standing = new Map<string, VaultEntry>();
      for (let from = 0; from < entries.length; from += ROWS_MAX) {
        const part = entries.slice(from, from + ROWS_MAX);
        await database.transaction((tx) =>
          database
            .on(tx)
            .insertInto('pseudonyms')
            .values(part.map((entry) => sealed(secret, scope, entry)))
            .onConflict((conflict) => conflict.columns(['scope', 'pseudonym']).doNothing())
            .execute(),
        );
        const rows = await read(
          scope,
          part.map(({ pseudonym }) => pseudonym),
        );
        for (const row of rows) standing.set(row.pseudonym, row);
      }
      return entries.map(({ pseudonym }) => {
        const entry = standing.get(pseudonym);
        // Only an erasure at the same moment does this; the caller must not use what cannot be restored.
        if (entry === undefined) throw new Error('a pseudonym was erased while it was added');
        return entry;
      });
    },

    async erase(scope, pseudonyms) {
      if (pseudonyms?.length === 0) return 0;
      const { numDeletedRows } = await database.transaction((tx) => {
        let query = database.on(tx).deleteFrom('pseudonyms').where('scope', '=', scope);
        if (pseudonyms !== undefined) query = query.where('pseudonym', 'in', pseudonyms);
        return query.executeTakeFirstOrThrow();
      });
      return Number(numDeletedRows);
    },
  };
}

/** What a sealed value is bound to. */
function binding(scope: string, pseudonym: string, kind: string): Buffer {
  return Buffer.from(JSON.stringify([scope, pseudonym, kind]));
}

function sealed(key: KeyObject, scope: string, { pseudonym, kind, value, numeric }: VaultEntry): PseudonymsTable {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(binding(scope, pseudonym, kind));
  const content = Buffer.concat([cipher.update(JSON.stringify({ value, numeric }), 'utf8'), cipher.final()]);
  return { scope, pseudonym, kind, sealed: Buffer.concat([nonce, content, cipher.getAuthTag()]) };
}

function opened(key: KeyObject, row: PseudonymsTable): VaultEntry {
  const decipher = createDecipheriv(CIPHER, key, row.sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(binding(row.scope, row.pseudonym, row.kind));
  decipher.setAuthTag(row.sealed.subarray(-TAG_BYTES));
  const content = Buffer.concat([decipher.update(row.sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  const { value, numeric } = contentSchema.parse(JSON.parse(content.toString('utf8')));
  return { pseudonym: row.pseudonym, kind: kindSchema.parse(row.kind), value, numeric };
}

/** Forgets a scope in the caller's transaction: nobody can restore its pseudonyms once that commits. How many went. */
export async function erasePseudonyms(database: Database, tx: Tx, scope: string): Promise<number> {
  const query = database.on(tx).deleteFrom('pseudonyms').where('scope', '=', scope);
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
}

/** Forgets the scopes of runs that have ended. How many pseudonyms went. */
export async function sweepPseudonyms(database: Database, tx: Tx): Promise<number> {
  const query = database
    .on(tx)
    .deleteFrom('pseudonyms')
    .where('scope', 'in', (from) => from.selectFrom('runs').select('id').where('ended_at', 'is not', null));
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
}
