import { asId, canonicalJson, clearanceSchema, type EnvironmentName } from '@portreeve/contract';
import type { AgentRecord, AgentState, BegunSignIn, IdentityStore, Revocation } from '@portreeve/identity';
import type { Selectable } from 'kysely';
import type { Database } from './database.ts';
import { inOrder } from './in-order.ts';

interface BegunSignInsTable {
  state_hash: string;
  browser_hash: string;
  nonce: string;
  code_verifier: string;
  expires_at: Date;
}

interface AgentsTable {
  id: string;
  owner: string;
  purpose: string;
  tools: string[];
  data: string;
  environment: EnvironmentName;
  state: AgentState;
  review_by: Date;
  created_at: Date;
  changed_at: Date;
}

interface RevocationsTable {
  kind: Revocation['kind'];
  value: string;
  at: Date;
}

interface UsedTable {
  key: string;
  expires_at: Date;
}

declare module './tables.ts' {
  interface Tables {
    identity_begun_sign_ins: BegunSignInsTable;
    identity_agents: AgentsTable;
    identity_access_revocations: RevocationsTable;
    identity_used: UsedTable;
  }
}

export function begunSignInStore(
  database: Database,
): Pick<IdentityStore, 'insertBegunSignIn' | 'takeBegunSignIn' | 'forgetBegunSignIns'> {
  return {
    async insertBegunSignIn(tx, begun) {
      await database
        .on(tx)
        .insertInto('identity_begun_sign_ins')
        .values({ ...begun, expires_at: new Date(begun.expires_at) })
        .execute();
    },
    async takeBegunSignIn(tx, state_hash): Promise<BegunSignIn | null> {
      const row = await database
        .on(tx)
        .deleteFrom('identity_begun_sign_ins')
        .where('state_hash', '=', state_hash)
        .returningAll()
        .executeTakeFirst();
      return row ? { ...row, expires_at: row.expires_at.toISOString() } : null;
    },
    async forgetBegunSignIns(tx, before) {
      const deleted = await database
        .on(tx)
        .deleteFrom('identity_begun_sign_ins')
        .where('expires_at', '<', new Date(before))
        .executeTakeFirst();
      return Number(deleted.numDeletedRows);
    },
  };
}

export function agentStore(
  database: Database,
): Pick<IdentityStore, 'insertAgent' | 'agentById' | 'lockAgent' | 'saveAgent' | 'listAgents' | 'agentsToReview'> {
  return {
    async insertAgent(tx, agent) {
      await database
        .on(tx)
        .insertInto('identity_agents')
        .values({
          ...agent,
          tools: [...agent.tools],
          data: canonicalJson(agent.data),
          review_by: new Date(agent.review_by),
          created_at: new Date(agent.created_at),
          changed_at: new Date(agent.changed_at),
        })
        .execute();
    },
    async agentById(id) {
      const row = await database.read.selectFrom('identity_agents').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? agentOf(row) : null;
    },
    async lockAgent(tx, id) {
      const row = await database
        .on(tx)
        .selectFrom('identity_agents')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      return row ? agentOf(row) : null;
    },
    async saveAgent(tx, { id, state, review_by, changed_at }) {
      await database
        .on(tx)
        .updateTable('identity_agents')
        .set({ state, review_by: new Date(review_by), changed_at: new Date(changed_at) })
        .where('id', '=', id)
        .execute();
    },
    async listAgents(page) {
      const query = database.read.selectFrom('identity_agents').selectAll();
      return (await inOrder(query, 'identity_agents', page).execute()).map(agentOf);
    },
    async agentsToReview(now, limit) {
      const rows = await database.read
        .selectFrom('identity_agents')
        .select('id')
        .where('state', '=', 'active')
        .where('review_by', '<=', new Date(now))
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => asId('principal', id));
    },
  };
}

export function accessStore(
  database: Database,
): Pick<IdentityStore, 'revokeAccess' | 'accessRevokedAt' | 'forgetRevocations' | 'useOnce' | 'forgetUsed'> {
  return {
    async revokeAccess(tx, { kind, value }, at) {
      await database
        .on(tx)
        .insertInto('identity_access_revocations')
        .values({ kind, value, at: new Date(at) })
        .onConflict((conflict) =>
          conflict
            .columns(['kind', 'value'])
            .doUpdateSet({ at: new Date(at) })
            .where('identity_access_revocations.at', '<', new Date(at)),
        )
        .execute();
    },
    async accessRevokedAt(revocations) {
      const row = await database.read
        .selectFrom('identity_access_revocations')
        .select((is) => is.fn.max('at').as('at'))
        .where((is) => is.or(revocations.map(({ kind, value }) => is.and({ kind, value }))))
        .executeTakeFirst();
      return row?.at ? new Date(row.at).toISOString() : null;
    },
    async forgetRevocations(tx, before) {
      const deleted = await database
        .on(tx)
        .deleteFrom('identity_access_revocations')
        .where('at', '<', new Date(before))
        .executeTakeFirst();
      return Number(deleted.numDeletedRows);
    },
    async useOnce(tx, key, expires_at) {
      const inserted = await database
        .on(tx)
        .insertInto('identity_used')
        .values({ key, expires_at: new Date(expires_at) })
        .onConflict((conflict) => conflict.doNothing())
        .returning('key')
        .executeTakeFirst();
      return inserted !== undefined;
    },
    async forgetUsed(tx, before) {
      const deleted = await database
        .on(tx)
        .deleteFrom('identity_used')
        .where('expires_at', '<', new Date(before))
        .executeTakeFirst();
      return Number(deleted.numDeletedRows);
    },
  };
}

function agentOf(row: Selectable<AgentsTable>): AgentRecord {
  return {
    id: asId('principal', row.id),
    owner: asId('principal', row.owner),
    purpose: row.purpose,
    tools: row.tools,
    data: clearanceSchema.parse(JSON.parse(row.data)),
    environment: row.environment,
    state: row.state,
    review_by: row.review_by.toISOString(),
    created_at: row.created_at.toISOString(),
    changed_at: row.changed_at.toISOString(),
  };
}
