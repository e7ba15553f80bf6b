import { asId, type Digest, type ProposalId } from '@portreeve/contract';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

interface RequestsTable {
  proposal: string;
  release: string;
  tool: string;
  asked_by: string;
  asked_at: ColumnType<Date, string, never>;
  ending: string | null;
}

declare module './tables.ts' {
  interface Tables {
    release_requests: RequestsTable;
  }
}

/** A proposal by which a release is to move. */
export interface ReleaseRequest {
  readonly proposal: ProposalId;
  readonly release: Digest;
  readonly tool: string;
  readonly asked_by: string;
  readonly asked_at: string;
  /** How it ended; null while it goes on. */
  readonly ending: string | null;
}

export interface ReleaseRequests {
  insert(request: ReleaseRequest): Promise<void>;
  /** Those that go on, oldest first. */
  open(limit: number): Promise<ReleaseRequest[]>;
  /** Newest first. */
  of(release: Digest): Promise<ReleaseRequest[]>;
  end(proposal: ProposalId, ending: string): Promise<void>;
}

export function releaseRequests(database: Database): ReleaseRequests {
  return {
    async insert(request) {
      await database.read.insertInto('release_requests').values(request).execute();
    },
    async open(limit) {
      const rows = await database.read
        .selectFrom('release_requests')
        .selectAll()
        .where('ending', 'is', null)
        .orderBy('asked_at')
        .limit(limit)
        .execute();
      return rows.map(requestOf);
    },
    async of(release) {
      const rows = await database.read
        .selectFrom('release_requests')
        .selectAll()
        .where('release', '=', release)
        .orderBy('asked_at', 'desc')
        .limit(50)
        .execute();
      return rows.map(requestOf);
    },
    async end(proposal, ending) {
      await database.read
        .updateTable('release_requests')
        .set({ ending })
        .where('proposal', '=', proposal)
        .where('ending', 'is', null)
        .execute();
    },
  };
}

function requestOf({ proposal, release, asked_at, ...rest }: Selectable<RequestsTable>): ReleaseRequest {
  return {
    ...rest,
    proposal: asId('proposal', proposal),
    release: release as Digest,
    asked_at: asked_at.toISOString(),
  };
}
