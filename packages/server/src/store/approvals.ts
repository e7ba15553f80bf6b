import type { ApprovalStore, StoredApproval, StoredVerdict } from '@portreeve/approve';
import {
  type ApprovalState,
  asId,
  canonicalJson,
  type Demand,
  demandSchema,
  PortreeveError,
  previewSchema,
  signedVerdictSchema,
  storedRefs,
  type VerdictSignature,
} from '@portreeve/contract';
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from './database.ts';
import { inOrder } from './in-order.ts';
import type { Tables } from './tables.ts';
import type { Seals } from './values.ts';

interface ApprovalsTable {
  id: string;
  proposal: string;
  proposal_digest: string;
  decision: string;
  preview_digest: string | null;
  preview: string | null;
  requesters: string[];
  /** Null where there is one: the quorum, of all the groups. */
  demands: string | null;
  groups: string[];
  quorum: number;
  confirm_by: string | null;
  signature: VerdictSignature;
  reason_chars_min: number;
  state: ApprovalState;
  refs: string;
  created_at: Date;
  expires_at: Date;
  closed_at: Date | null;
  remind_at: Date | null;
  escalate_at: Date | null;
}

interface VerdictsTable {
  approval: string;
  position: number;
  approver: string;
  nonce: string;
  groups: string[];
  in_place_of: string | null;
  signed: string;
}

/** All but the preview, which is large and wanted only where it is shown. */
const HEAD = [
  ...([
    'id',
    'proposal',
    'proposal_digest',
    'decision',
    'preview_digest',
    'requesters',
    'demands',
    'groups',
    'quorum',
    'confirm_by',
    'signature',
    'reason_chars_min',
  ] as const),
  ...(['state', 'refs', 'created_at', 'expires_at', 'closed_at'] as const),
] as const;
type Head = Pick<Selectable<ApprovalsTable>, (typeof HEAD)[number]>;

declare module './tables.ts' {
  interface Tables {
    approvals: ApprovalsTable;
    approval_verdicts: VerdictsTable;
  }
}

/** Approvals and their verdicts in PostgreSQL. The row of the approval is the lock for its verdicts too. */
export function approvalStore(database: Database, sealing: Seals): ApprovalStore {
  return {
    async insert(tx, approval, preview, nudges) {
      const inserted = await database
        .on(tx)
        .insertInto('approvals')
        .values({
          id: approval.id,
          proposal: approval.proposal,
          proposal_digest: approval.proposal_digest,
          decision: approval.decision,
          preview_digest: approval.preview_digest,
          preview:
            preview &&
            (await sealing.texts.seal(
              await sealing.of(approval.refs.run ?? null, ...approval.requesters.filter((id) => id.startsWith('prn_'))),
              'runs',
              `approvals/${approval.id}/preview`,
              canonicalJson(preview),
            )),
          requesters: approval.requesters,
          demands: approval.demands.length > 1 ? canonicalJson(approval.demands) : null,
          groups: approval.groups,
          quorum: approval.quorum,
          confirm_by: approval.confirm_by,
          signature: approval.signature,
          reason_chars_min: approval.reason_chars_min,
          state: approval.state,
          refs: canonicalJson(approval.refs),
          created_at: new Date(approval.created_at),
          expires_at: new Date(approval.expires_at),
          closed_at: null,
          remind_at: new Date(nudges.remind),
          escalate_at: new Date(nudges.escalate),
        })
        .onConflict((conflict) => conflict.column('proposal').doNothing())
        .returning('id')
        .executeTakeFirst();
      return inserted !== undefined;
    },

    async preview(id) {
      const row = await database.read.selectFrom('approvals').select('preview').where('id', '=', id).executeTakeFirst();
      if (!row?.preview) return null;
      const [text] = await sealing.texts.open([{ text: row.preview, binding: `approvals/${id}/preview` }]);
      if (text === null) throw new PortreeveError('erased', `The preview of the approval ${id} has been erased.`);
      return previewSchema.parse(JSON.parse(text!));
    },

    async byProposal(tx, proposal) {
      const db = database.on(tx);
      const row = await db.selectFrom('approvals').select(HEAD).where('proposal', '=', proposal).executeTakeFirst();
      return row ? withVerdicts(db, row) : null;
    },

    async lock(tx, id) {
      const db = database.on(tx);
      const row = await db.selectFrom('approvals').select(HEAD).where('id', '=', id).forUpdate().executeTakeFirst();
      // INVARIANT: the verdicts are read by a later statement, which sees what the lock's last holder committed.
      return row ? withVerdicts(db, row) : null;
    },

    async get(id) {
      const row = await database.read.selectFrom('approvals').select(HEAD).where('id', '=', id).executeTakeFirst();
      return row ? withVerdicts(database.read, row) : null;
    },

    async addVerdict(tx, id, { signed, groups, in_place_of }) {
      const db = database.on(tx);
      const { count } = await db
        .selectFrom('approval_verdicts')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('approval', '=', id)
        .executeTakeFirstOrThrow();
      const inserted = await db
        .insertInto('approval_verdicts')
        .values({
          approval: id,
          position: Number(count) + 1,
          approver: signed.statement.approver,
          nonce: signed.statement.nonce,
          groups: [...groups],
          in_place_of,
          signed: canonicalJson(signed),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('position')
        .executeTakeFirst();
      return inserted !== undefined;
    },

    async close(tx, id, state, at) {
      const closed = await database
        .on(tx)
        .updateTable('approvals')
        .set({ state, closed_at: new Date(at) })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .returning('id')
        .executeTakeFirst();
      return closed !== undefined;
    },

    async due(now, limit) {
      const rows = await database.read
        .selectFrom('approvals')
        .select('id')
        .where('state', '=', 'pending')
        .where('expires_at', '<=', new Date(now))
        .orderBy('expires_at')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => asId('approval', id));
    },

    async nudgesDue(kind, now, limit) {
      const rows = await database.read
        .selectFrom('approvals')
        .select('id')
        .where('state', '=', 'pending')
        .where(`${kind}_at`, '<=', new Date(now))
        .orderBy(`${kind}_at`)
        .limit(limit)
        .execute();
      return rows.map(({ id }) => asId('approval', id));
    },

    async nudged(tx, id, kind) {
      const done = await database
        .on(tx)
        .updateTable('approvals')
        .set({ [`${kind}_at`]: null })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where(`${kind}_at`, 'is not', null)
        .returning('id')
        .executeTakeFirst();
      return done !== undefined;
    },

    async pendingOf(tx, requester) {
      const rows = await database
        .on(tx)
        .selectFrom('approvals')
        .select('id')
        .where('state', '=', 'pending')
        .where(sql<boolean>`requesters @> ARRAY[${requester}]::text[]`)
        .orderBy('id')
        .execute();
      return rows.map(({ id }) => asId('approval', id));
    },

    async list({ state, groups, confirm_by, requester, ...page }) {
      let query = database.read.selectFrom('approvals').select(HEAD);
      if (state !== null) query = query.where('state', '=', state);
      if (groups !== null)
        query = query.where(sql<boolean>`(groups && ${[...groups]}::text[] OR confirm_by = ${confirm_by}::text)`);
      // Found by who asked and then put in order (`OFFSET 0`): the other way round walks over everybody’s.
      if (requester !== null)
        query = query.where(
          sql<boolean>`id IN (SELECT id FROM approvals WHERE requesters @> ARRAY[${requester}]::text[] OFFSET 0)`,
        );
      return withAllVerdicts(database.read, await inOrder(query, 'approvals', page).execute());
    },
  };
}

async function withVerdicts(db: Kysely<Tables>, row: Head): Promise<StoredApproval> {
  return (await withAllVerdicts(db, [row]))[0]!;
}

async function withAllVerdicts(db: Kysely<Tables>, rows: readonly Head[]): Promise<StoredApproval[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const verdicts = await db
    .selectFrom('approval_verdicts')
    .select(['approval', 'groups', 'in_place_of', 'signed'])
    .where('approval', 'in', ids)
    .orderBy('position')
    .execute();
  const verdictsById = Map.groupBy(verdicts, ({ approval }) => approval);
  return rows.map((row) => approvalOf(row, verdictsById.get(row.id) ?? []));
}

function demandsOf({ demands, groups, quorum }: Pick<Head, 'demands' | 'groups' | 'quorum'>): Demand[] {
  if (demands !== null) return z.array(demandSchema).parse(JSON.parse(demands));
  return quorum > 0 ? [{ groups, quorum }] : [];
}

function approvalOf(
  row: Head,
  verdicts: readonly Pick<VerdictsTable, 'groups' | 'in_place_of' | 'signed'>[],
): StoredApproval {
  return {
    id: asId('approval', row.id),
    proposal: asId('proposal', row.proposal),
    proposal_digest: row.proposal_digest,
    decision: asId('decision', row.decision),
    preview_digest: row.preview_digest,
    requesters: row.requesters,
    demands: demandsOf(row),
    groups: row.groups,
    quorum: row.quorum,
    confirm_by: row.confirm_by === null ? null : asId('principal', row.confirm_by),
    signature: row.signature,
    reason_chars_min: row.reason_chars_min,
    state: row.state,
    refs: storedRefs(row.refs),
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    closed_at: row.closed_at?.toISOString() ?? null,
    verdicts: verdicts.map(
      ({ groups, in_place_of, signed }): StoredVerdict => ({
        groups,
        in_place_of: in_place_of === null ? null : asId('principal', in_place_of),
        signed: signedVerdictSchema.parse(JSON.parse(signed)),
      }),
    ),
  };
}
