import type { Challenge, Invitation, Passkey, PasskeyStore } from '@portreeve/approve';
import { asId, type PasskeyAlgorithm } from '@portreeve/contract';
import { type ColumnType, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';

type Time = ColumnType<Date, string, string>;

interface PasskeysTable {
  id: string;
  account: string;
  name: string;
  handle: string;
  alg: PasskeyAlgorithm;
  public_key: string;
  cose: string;
  rp_id: string;
  origin: string;
  device_bound: boolean;
  aaguid: string;
  counter: ColumnType<string, number, number>;
  created_at: Time;
  revoked_at: ColumnType<Date | null, string | null, string>;
}

interface ChallengesTable {
  challenge: string;
  purpose: Challenge['purpose'];
  account: string;
  object: string;
  expires_at: Time;
}

interface InvitationsTable {
  hash: string;
  account: string;
  expires_at: Time;
}

declare module './tables.ts' {
  interface Tables {
    passkeys: PasskeysTable;
    passkey_challenges: ChallengesTable;
    passkey_invitations: InvitationsTable;
  }
}

/** Passkeys, and what they are asked to sign, in PostgreSQL. */
export function passkeyStore(database: Database): PasskeyStore {
  return {
    async insertPasskey(tx, passkey) {
      const inserted = await database
        .on(tx)
        .insertInto('passkeys')
        .values(passkey)
        .onConflict((conflict) => conflict.column('handle').doNothing())
        .returning('id')
        .executeTakeFirst();
      return inserted !== undefined;
    },

    async passkeyByHandle(handle) {
      const row = await database.read
        .selectFrom('passkeys')
        .selectAll()
        .where('handle', '=', handle)
        .executeTakeFirst();
      return row ? passkeyOf(row) : null;
    },

    async passkeysOf(account) {
      const rows = await database.read
        .selectFrom('passkeys')
        .selectAll()
        .where('account', '=', account)
        .orderBy('id')
        .execute();
      return rows.map(passkeyOf);
    },

    async advanceCounter(tx, id, counter) {
      const moved = await database
        .on(tx)
        .updateTable('passkeys')
        .set({ counter })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .where(sql<boolean>`(counter < ${counter} OR (counter = 0 AND ${counter} = 0))`)
        .returning('id')
        .executeTakeFirst();
      return moved !== undefined;
    },

    async revokePasskey(tx, id, at) {
      const revoked = await database
        .on(tx)
        .updateTable('passkeys')
        .set({ revoked_at: at })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return revoked !== undefined;
    },

    async insertChallenge(tx, challenge, most, now) {
      const db = database.on(tx);
      // Counted under the account's row, so that many at once stay within the bound too.
      await db
        .selectFrom('identity_accounts')
        .select('id')
        .where('id', '=', challenge.account)
        .forNoKeyUpdate()
        .execute();
      const { open } = await db
        .selectFrom('passkey_challenges')
        .select((eb) => eb.fn.countAll<string>().as('open'))
        .where('account', '=', challenge.account)
        .where('expires_at', '>', new Date(now))
        .executeTakeFirstOrThrow();
      if (Number(open) >= most) return false;
      await db.insertInto('passkey_challenges').values(challenge).execute();
      return true;
    },

    async challenge(challenge) {
      const row = await database.read
        .selectFrom('passkey_challenges')
        .selectAll()
        .where('challenge', '=', challenge)
        .executeTakeFirst();
      return row ? challengeOf(row) : null;
    },

    async takeChallenge(tx, challenge) {
      const row = await database
        .on(tx)
        .deleteFrom('passkey_challenges')
        .where('challenge', '=', challenge)
        .returningAll()
        .executeTakeFirst();
      return row ? challengeOf(row) : null;
    },

    async insertInvitation(tx, invitation) {
      await database.on(tx).insertInto('passkey_invitations').values(invitation).execute();
    },

    async takeInvitation(tx, hash) {
      const row = await database
        .on(tx)
        .deleteFrom('passkey_invitations')
        .where('hash', '=', hash)
        .returningAll()
        .executeTakeFirst();
      return row ? invitationOf(row) : null;
    },

    async forgetOld(tx, now) {
      const db = database.on(tx);
      const over = new Date(now);
      const challenges = await db.deleteFrom('passkey_challenges').where('expires_at', '<=', over).executeTakeFirst();
      const invitations = await db.deleteFrom('passkey_invitations').where('expires_at', '<=', over).executeTakeFirst();
      return Number(challenges.numDeletedRows) + Number(invitations.numDeletedRows);
    },
  };
}

function passkeyOf(row: Selectable<PasskeysTable>): Passkey {
  return {
    ...row,
    id: asId('passkey', row.id),
    account: asId('principal', row.account),
    counter: Number(row.counter),
    created_at: row.created_at.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
  };
}

function challengeOf(row: Selectable<ChallengesTable>): Challenge {
  return { ...row, account: asId('principal', row.account), expires_at: row.expires_at.toISOString() };
}

function invitationOf(row: Selectable<InvitationsTable>): Invitation {
  return { ...row, account: asId('principal', row.account), expires_at: row.expires_at.toISOString() };
}
