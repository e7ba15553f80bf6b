import { asId, canonicalJson, type EnvironmentName, type Role } from '@portreeve/contract';
import {
  type Account,
  type ApiToken,
  type Attempts,
  type IdentityStore,
  type Session,
  signingKeySchema,
} from '@portreeve/identity';
import type { Selectable } from 'kysely';
import type { Database } from './database.ts';
import { accessStore, agentStore, begunSignInStore } from './identity-agents.ts';
import { accessKeyStore } from './identity-keys.ts';
import { inOrder } from './in-order.ts';

interface AccountsTable {
  id: string;
  name: string;
  kind: 'person' | 'service' | 'agent';
  roles: string[];
  groups: string[];
  password_hash: string | null;
  signing_public_key: string | null;
  signing_key_wrapped: string | null;
  issuer: string | null;
  subject: string | null;
  created_at: Date;
}

interface SessionsTable {
  id: string;
  account: string;
  environment: EnvironmentName;
  secret_hash: string;
  created_at: Date;
  expires_at: Date;
  ended_at: Date | null;
  proven_at: Date | null;
}

interface TokensTable {
  id: string;
  account: string;
  environment: EnvironmentName;
  label: string;
  roles: string[];
  tools: string[] | null;
  replaced_by: string | null;
  secret_hash: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

interface AttemptsTable {
  name: string;
  failures: number;
  last_at: Date;
  locked_until: Date | null;
}

declare module './tables.ts' {
  interface Tables {
    identity_accounts: AccountsTable;
    identity_sessions: SessionsTable;
    identity_tokens: TokensTable;
    identity_attempts: AttemptsTable;
  }
}

// Each request asks both.
const ACCOUNT = `SELECT id, name, kind, roles, groups, password_hash, signing_public_key, signing_key_wrapped, issuer,
  subject, created_at FROM identity_accounts WHERE id = $1`;
const SESSION = `SELECT id, account, environment, secret_hash, created_at, expires_at, ended_at, proven_at
  FROM identity_sessions WHERE secret_hash = $1`;

/** Accounts, sessions, tokens, attempts, begun sign-ins, agents, revocations and published keys in PostgreSQL. */
export function identityStore(database: Database): IdentityStore {
  return {
    ...begunSignInStore(database),
    ...agentStore(database),
    ...accessStore(database),
    ...accessKeyStore(database),

    async insertAccount(tx, account) {
      const inserted = await database
        .on(tx)
        .insertInto('identity_accounts')
        .values({
          id: account.id,
          name: account.name,
          kind: account.kind,
          roles: [...account.roles],
          groups: [...account.groups],
          password_hash: account.password_hash,
          signing_public_key: account.signing_key?.public_key ?? null,
          signing_key_wrapped: account.signing_key && canonicalJson(account.signing_key.wrapped),
          issuer: account.external?.issuer ?? null,
          subject: account.external?.subject ?? null,
          created_at: new Date(account.created_at),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return inserted !== undefined;
    },
    async accountById(id) {
      const [row] = await database.rows<AccountsTable>(null, ACCOUNT, [id]);
      return row ? accountOf(row) : null;
    },
    async accountByName(name) {
      const row = await database.read
        .selectFrom('identity_accounts')
        .selectAll()
        .where('name', '=', name)
        .executeTakeFirst();
      return row ? accountOf(row) : null;
    },
    async accountBySubject({ issuer, subject }) {
      const row = await database.read
        .selectFrom('identity_accounts')
        .selectAll()
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .executeTakeFirst();
      return row ? accountOf(row) : null;
    },
    async setSigningKey(tx, id, { public_key, wrapped }) {
      const set = await database
        .on(tx)
        .updateTable('identity_accounts')
        .set({ signing_public_key: public_key, signing_key_wrapped: canonicalJson(wrapped) })
        .where('id', '=', id)
        .where('signing_public_key', 'is', null)
        .where((is) =>
          is.not(
            is.exists(
              is
                .selectFrom('identity_accounts as other')
                .select('other.id')
                .where('other.signing_public_key', '=', public_key),
            ),
          ),
        )
        .returning('id')
        .executeTakeFirst();
      return set !== undefined;
    },
    async setRights(tx, id, { roles, groups }) {
      await database
        .on(tx)
        .updateTable('identity_accounts')
        .set({ roles: [...roles], groups: [...groups] })
        .where('id', '=', id)
        .execute();
    },
    async listAccounts(page) {
      const query = database.read.selectFrom('identity_accounts').selectAll();
      return (await inOrder(query, 'identity_accounts', page).execute()).map(accountOf);
    },

    async insertSession(tx, session) {
      await database
        .on(tx)
        .insertInto('identity_sessions')
        .values({
          id: session.id,
          account: session.account,
          environment: session.environment,
          secret_hash: session.secret_hash,
          created_at: new Date(session.created_at),
          expires_at: new Date(session.expires_at),
          ended_at: dateOf(session.ended_at),
          proven_at: dateOf(session.proven_at),
        })
        .execute();
    },
    async sessionByHash(secret_hash) {
      const [row] = await database.rows<SessionsTable>(null, SESSION, [secret_hash]);
      return row ? sessionOf(row) : null;
    },
    async sessionById(id) {
      const row = await database.read
        .selectFrom('identity_sessions')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row ? sessionOf(row) : null;
    },
    async listSessions(account, now) {
      const rows = await database.read
        .selectFrom('identity_sessions')
        .selectAll()
        .where('account', '=', account)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', new Date(now))
        .orderBy('id')
        .execute();
      return rows.map(sessionOf);
    },
    async endSessionsOf(tx, account, at) {
      const ended = await database
        .on(tx)
        .updateTable('identity_sessions')
        .set({ ended_at: new Date(at) })
        .where('account', '=', account)
        .where('ended_at', 'is', null)
        .returning('id')
        .execute();
      return ended.map(({ id }) => asId('session', id)).sort();
    },
    async proveSession(tx, id, at) {
      const proven = await database
        .on(tx)
        .updateTable('identity_sessions')
        .set({ proven_at: new Date(at) })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .returning('id')
        .execute();
      return proven.length === 1;
    },
    async endSession(tx, id, at) {
      const ended = await database
        .on(tx)
        .updateTable('identity_sessions')
        .set({ ended_at: new Date(at) })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return ended !== undefined;
    },

    async insertToken(tx, token) {
      await database
        .on(tx)
        .insertInto('identity_tokens')
        .values({
          id: token.id,
          account: token.account,
          environment: token.environment,
          label: token.label,
          roles: [...token.roles],
          tools: token.tools && [...token.tools],
          replaced_by: token.replaced_by,
          secret_hash: token.secret_hash,
          created_at: new Date(token.created_at),
          expires_at: new Date(token.expires_at),
          revoked_at: dateOf(token.revoked_at),
          last_used_at: dateOf(token.last_used_at),
        })
        .execute();
    },
    async tokenByHash(secret_hash) {
      const row = await database.read
        .selectFrom('identity_tokens')
        .selectAll()
        .where('secret_hash', '=', secret_hash)
        .executeTakeFirst();
      return row ? tokenOf(row) : null;
    },
    async tokenById(id) {
      const row = await database.read.selectFrom('identity_tokens').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? tokenOf(row) : null;
    },
    async listTokens(account) {
      const rows = await database.read
        .selectFrom('identity_tokens')
        .selectAll()
        .where('account', '=', account)
        .orderBy('id')
        .execute();
      return rows.map(tokenOf);
    },
    async revokeToken(tx, id, at) {
      const revoked = await database
        .on(tx)
        .updateTable('identity_tokens')
        .set({ revoked_at: new Date(at) })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return revoked !== undefined;
    },
    async revokeTokensOf(tx, account, at) {
      const revoked = await database
        .on(tx)
        .updateTable('identity_tokens')
        .set({ revoked_at: new Date(at) })
        .where('account', '=', account)
        .where('revoked_at', 'is', null)
        .returning('id')
        .execute();
      return revoked.map(({ id }) => asId('token', id)).sort();
    },
    async listUnusedTokens(since, now) {
      const rows = await database.read
        .selectFrom('identity_tokens')
        .selectAll()
        .where('revoked_at', 'is', null)
        .where('replaced_by', 'is', null)
        .where('expires_at', '>', new Date(now))
        .where('created_at', '<', new Date(since))
        .where((is) => is.or([is('last_used_at', 'is', null), is('last_used_at', '<', new Date(since))]))
        .orderBy('id')
        .limit(200)
        .execute();
      return rows.map(tokenOf);
    },
    async replaceToken(tx, id, { replaced_by, expires_at }) {
      const replaced = await database
        .on(tx)
        .updateTable('identity_tokens')
        .set({ replaced_by, expires_at: new Date(expires_at) })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .where('replaced_by', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return replaced !== undefined;
    },
    async touchToken(tx, id, at) {
      await database
        .on(tx)
        .updateTable('identity_tokens')
        .set({ last_used_at: new Date(at) })
        .where('id', '=', id)
        .where((is) => is.or([is('last_used_at', 'is', null), is('last_used_at', '<', new Date(at))]))
        .execute();
    },

    async lockAttempts(tx, name, now) {
      // The update that changes nothing locks the row; a plain SELECT … FOR UPDATE would lock nothing where none exists.
      const row = await database
        .on(tx)
        .insertInto('identity_attempts')
        .values({ name, failures: 0, last_at: new Date(now), locked_until: null })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ name }))
        .returningAll()
        .executeTakeFirstOrThrow();
      return attemptsOf(row);
    },
    async saveAttempts(tx, attempts) {
      const values = {
        failures: attempts.failures,
        last_at: new Date(attempts.last_at),
        locked_until: dateOf(attempts.locked_until),
      };
      await database
        .on(tx)
        .insertInto('identity_attempts')
        .values({ name: attempts.name, ...values })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
        .execute();
    },
    async clearAttempts(tx, name) {
      await database.on(tx).deleteFrom('identity_attempts').where('name', '=', name).execute();
    },
    async forgetAttempts(tx, before) {
      const deleted = await database
        .on(tx)
        .deleteFrom('identity_attempts')
        .where('last_at', '<', new Date(before))
        .where((is) => is.or([is('locked_until', 'is', null), is('locked_until', '<', new Date(before))]))
        .executeTakeFirst();
      return Number(deleted.numDeletedRows);
    },
  };
}

function accountOf(row: Selectable<AccountsTable>): Account {
  return {
    id: asId('principal', row.id),
    name: row.name,
    kind: row.kind,
    roles: row.roles as Role[],
    groups: row.groups,
    password_hash: row.password_hash,
    signing_key:
      row.signing_public_key === null
        ? null
        : signingKeySchema.parse({
            public_key: row.signing_public_key,
            wrapped: JSON.parse(row.signing_key_wrapped ?? 'null'),
          }),
    external: row.issuer === null || row.subject === null ? null : { issuer: row.issuer, subject: row.subject },
    created_at: row.created_at.toISOString(),
  };
}

function sessionOf(row: Selectable<SessionsTable>): Session {
  return {
    id: asId('session', row.id),
    account: asId('principal', row.account),
    environment: row.environment,
    secret_hash: row.secret_hash,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
    proven_at: row.proven_at?.toISOString() ?? null,
  };
}

function tokenOf(row: Selectable<TokensTable>): ApiToken {
  return {
    id: asId('token', row.id),
    account: asId('principal', row.account),
    environment: row.environment,
    label: row.label,
    roles: row.roles as Role[],
    tools: row.tools,
    replaced_by: row.replaced_by === null ? null : asId('token', row.replaced_by),
    secret_hash: row.secret_hash,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
  };
}

function attemptsOf(row: Selectable<AttemptsTable>): Attempts {
  return {
    name: row.name,
    failures: row.failures,
    last_at: row.last_at.toISOString(),
    locked_until: row.locked_until?.toISOString() ?? null,
  };
}

function dateOf(time: string | null): Date | null {
  return time === null ? null : new Date(time);
}
