import {
  asId,
  canonicalJson,
  type Digest,
  type ReleaseEvent,
  type ReleaseOrigin,
  type ReleaseState,
  type RunId,
  workflowContractSchema,
} from '@portreeve/contract';
import type { ReleaseMove, ReleaseStore, StoredEvidence, StoredRelease } from '@portreeve/govern';
import { type ColumnType, type Generated, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';

interface ReleasesTable {
  release: string;
  workflow: string;
  version: string;
  portreeve: string;
  contract: string;
  origin: string;
  state: string;
  signed_by: string[];
  added_by: string;
  added_at: ColumnType<Date, string, never>;
}

interface BundlesTable {
  release: string;
  bundle: string;
  bytes: number;
}

interface EvidenceTable {
  evidence: string;
  release: string;
  summary: string;
  report: string;
  attached_at: ColumnType<Date, string, never>;
}

interface MovesTable {
  number: Generated<string>;
  release: string;
  event: string;
  from_state: string;
  to_state: string;
  reason: string;
  moved_by: string;
  moved_at: ColumnType<Date, string, never>;
  proposal: string | null;
}

declare module './tables.ts' {
  interface Tables {
    releases: ReleasesTable;
    release_bundles: BundlesTable;
    release_evidence: EvidenceTable;
    release_moves: MovesTable;
  }
}

/** Told whenever a release changes its state. */
export const RELEASES_CHANNEL = 'portreeve_releases';
const LIST_MAX = 500;

/** Newest first, and of one moment by their digests: what lies behind one of them. */
const behind = (release: Digest) => sql<boolean>`EXISTS (SELECT 1 FROM releases last WHERE last.release = ${release}
  AND (releases.added_at < last.added_at OR releases.added_at = last.added_at AND releases.release > last.release))`;
const behindReport = (evidence: Digest) => sql<boolean>`EXISTS (
  SELECT 1 FROM release_evidence last WHERE last.evidence = ${evidence}
  AND (release_evidence.attached_at < last.attached_at
    OR release_evidence.attached_at = last.attached_at AND release_evidence.evidence > last.evidence))`;

/** The register of releases in PostgreSQL. */
export function releaseStore(database: Database): ReleaseStore {
  const selected = (on: ReturnType<Database['on']>) =>
    on
      .selectFrom('releases')
      .leftJoin('release_bundles', 'release_bundles.release', 'releases.release')
      .selectAll('releases')
      .select('release_bundles.bytes');
  return {
    async insert(tx, found, bundle) {
      const { release, workflow, version, portreeve, contract, origin, state, signed_by, added_by, added_at } = found;
      const on = database.on(tx);
      const inserted = await on
        .insertInto('releases')
        .values({
          ...{ release, workflow, version, portreeve, origin, state, added_by, added_at },
          contract: canonicalJson(contract),
          signed_by: [...signed_by],
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      const isNew = inserted.numInsertedOrUpdatedRows === 1n;
      if (bundle === null) return isNew;
      const { numInsertedOrUpdatedRows } = await on
        .insertInto('release_bundles')
        .values({ release, bundle, bytes: Buffer.byteLength(bundle) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) return isNew;
      await on
        .updateTable('releases')
        .set({ origin, signed_by: [...signed_by] })
        .where('release', '=', release)
        .execute();
      return true;
    },

    async get(release) {
      const row = await selected(database.read).where('releases.release', '=', release).executeTakeFirst();
      return row ? releaseOf(row) : null;
    },

    async bundle(release) {
      const row = await database.read
        .selectFrom('release_bundles')
        .select('bundle')
        .where('release', '=', release)
        .executeTakeFirst();
      return row?.bundle ?? null;
    },

    async list({ workflow, state, limit = LIST_MAX, after }) {
      let query = selected(database.read);
      if (after !== undefined) query = query.where(behind(after));
      if (workflow !== undefined) query = query.where('workflow', '=', workflow);
      if (state !== undefined) query = query.where('state', '=', state);
      const rows = await query
        .orderBy('added_at', 'desc')
        .orderBy('releases.release')
        .limit(Math.min(limit, LIST_MAX))
        .execute();
      return rows.map(releaseOf);
    },

    async lock(tx, workflow) {
      const rows = await selected(database.on(tx))
        .where('workflow', '=', workflow)
        .orderBy('releases.release')
        .forUpdate('releases')
        .execute();
      return rows.map(releaseOf);
    },

    async move(tx, { release, event, from, to, reason, by, at, proposal }) {
      const on = database.on(tx);
      const added = await on
        .insertInto('release_moves')
        .values({ release, event, from_state: from, to_state: to, reason, moved_by: by, moved_at: at, proposal })
        .onConflict((conflict) => conflict.columns(['proposal', 'release']).doNothing())
        .executeTakeFirst();
      if (added.numInsertedOrUpdatedRows !== 1n) return false;
      await on.updateTable('releases').set({ state: to }).where('release', '=', release).execute();
      return true;
    },

    async moves(release) {
      const rows = await database.read
        .selectFrom('release_moves')
        .selectAll()
        .where('release', '=', release)
        .orderBy('number')
        .execute();
      return rows.map(moveOf);
    },

    async wereInProduction(workflow) {
      const rows = await database.read
        .selectFrom('release_moves')
        .innerJoin('releases', 'releases.release', 'release_moves.release')
        .select(['release_moves.release', ({ fn }) => fn.max('release_moves.number').as('last')])
        .where('releases.workflow', '=', workflow)
        .where('to_state', '=', 'production')
        .groupBy('release_moves.release')
        .orderBy('last', 'desc')
        .execute();
      return rows.map(({ release }) => release as Digest);
    },

    async stateIn(tx, release) {
      const row = await database
        .on(tx)
        .selectFrom('releases')
        .select('state')
        .where('release', '=', release)
        .forShare()
        .executeTakeFirst();
      return (row?.state as ReleaseState | undefined) ?? null;
    },

    async standing() {
      const rows = await database.read
        .selectFrom('releases')
        .select(['workflow', 'release', 'state'])
        .where('state', 'in', ['production', 'barred'])
        .execute();
      const at = (state: ReleaseState) => rows.filter((row) => row.state === state);
      return {
        production: new Map(at('production').map(({ workflow, release }) => [workflow, release as Digest])),
        barred: new Set(at('barred').map(({ release }) => release)),
      };
    },

    async attach(tx, evidence, text) {
      const { evidence: digest, release, attached_at } = evidence;
      const summary = JSON.stringify(evidence);
      const { numInsertedOrUpdatedRows } = await database
        .on(tx)
        .insertInto('release_evidence')
        .values({ evidence: digest, release, summary, report: text, attached_at })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    async evidence(release) {
      const rows = await database.read
        .selectFrom('release_evidence')
        .select('summary')
        .where('release', '=', release)
        .orderBy('attached_at', 'desc')
        .execute();
      return rows.map(({ summary }) => JSON.parse(summary) as StoredEvidence);
    },

    async reports({ workflow, kind, limit = LIST_MAX, after }) {
      let query = database.read
        .selectFrom('release_evidence')
        .innerJoin('releases', 'releases.release', 'release_evidence.release')
        .select('release_evidence.summary');
      if (after !== undefined) query = query.where(behindReport(after));
      if (workflow !== undefined) query = query.where('releases.workflow', '=', workflow);
      // A document is stored as the text of it: its kind is looked for there.
      if (kind !== undefined) query = query.where(sql`(release_evidence.summary::json ->> 'kind')`, '=', kind);
      const rows = await query
        .orderBy('release_evidence.attached_at', 'desc')
        .orderBy('release_evidence.evidence')
        .limit(Math.min(limit, LIST_MAX))
        .execute();
      return rows.map(({ summary }) => JSON.parse(summary) as StoredEvidence);
    },

    async report(evidence) {
      const row = await database.read
        .selectFrom('release_evidence')
        .select('report')
        .where('evidence', '=', evidence)
        .executeTakeFirst();
      return row?.report ?? null;
    },
  };
}

/** Runs that are pinned to a release and wait for an approval, by their ids, from after one of them. */
export async function waitingRunsOf(
  database: Database,
  release: Digest,
  page: { readonly after: string; readonly limit: number },
): Promise<{ readonly run: RunId; readonly approval: string }[]> {
  const rows = await database.read
    .selectFrom('runs')
    .select(['id', 'approval'])
    .where('release', '=', release)
    .where('ended_at', 'is', null)
    .where('approval', 'is not', null)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map(({ id, approval }) => ({ run: asId('run', id), approval: approval! }));
}

/** The releases that runs which have not ended are pinned to. */
export async function releasesUnderWay(
  database: Database,
): Promise<{ readonly workflow: string; readonly release: Digest }[]> {
  const rows = await database.read
    .selectFrom('runs')
    .select(['workflow', 'release'])
    .distinct()
    .where('ended_at', 'is', null)
    .execute();
  return rows.map(({ workflow, release }) => ({ workflow, release: release as Digest }));
}

function releaseOf(row: Selectable<ReleasesTable> & { bytes: number | null }): StoredRelease {
  const { release, workflow, version, portreeve, contract, origin, state, signed_by, added_by, added_at, bytes } = row;
  return {
    ...{ release: release as Digest, workflow, version, portreeve, signed_by, bytes, added_by },
    contract: workflowContractSchema.parse(JSON.parse(contract)),
    origin: origin as ReleaseOrigin,
    state: state as ReleaseState,
    added_at: added_at.toISOString(),
  };
}

function moveOf(row: Selectable<MovesTable>): ReleaseMove {
  const { release, event, from_state, to_state, reason, moved_by, moved_at, proposal } = row;
  return {
    ...{ release: release as Digest, event: event as ReleaseEvent, reason, by: moved_by },
    from: from_state as ReleaseState,
    to: to_state as ReleaseState,
    at: moved_at.toISOString(),
    proposal: proposal === null ? null : asId('proposal', proposal),
  };
}
