import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';

/** What figures can be split by: columns of the index. */
export const SPLITS = ['workflow', 'tool', 'model', 'prompt', 'policy_version', 'release'] as const;
type Split = (typeof SPLITS)[number];

export interface CountedRecords {
  readonly type: string;
  readonly outcome: string;
  /** Of the codes that were asked for, those that the records have. */
  readonly codes: readonly string[];
  /** The value that it is split by; null: the record has none. */
  readonly value: string | null;
  /** Which part of the time: 0 is the first. */
  readonly part: number;
  readonly count: number;
}

export interface FigureQuery {
  readonly since: Date;
  readonly until: Date;
  readonly parts: number;
  readonly by: Split;
  readonly types: readonly string[];
  /** Reason codes that are told apart. */
  readonly codes: readonly string[];
  /** The workflows that the reader may see; null: all. */
  readonly workflows: readonly string[] | null;
}

/** Counts over the index of all logs: what a dashboard shows is what a search finds (requirement H6). */
export interface AuditFigures {
  counts(query: FigureQuery): Promise<CountedRecords[]>;
  /** How often each reason code stands in refusals, most often first, at most 50. */
  codes(query: FigureQuery): Promise<{ readonly code: string; readonly type: string; readonly count: number }[]>;
  /** Counts by type, outcome and workflow of the records of a log from an index on, and the index behind the last of them. */
  from(
    log: string,
    index: number,
    types: readonly string[],
    codes: readonly string[],
  ): Promise<{
    readonly next: number;
    readonly rows: readonly (Pick<CountedRecords, 'type' | 'outcome' | 'codes' | 'count'> & {
      readonly workflow: string | null;
    })[];
  }>;
}

const COLUMNS: Readonly<Record<Split, RawBuilder<unknown>>> = {
  workflow: sql`workflow`,
  tool: sql`tool`,
  model: sql`model`,
  prompt: sql`prompt || coalesce(' ' || prompt_version, '')`,
  policy_version: sql`policy_version`,
  release: sql`release`,
};
const REFUSALS = [
  ...['decision.made', 'run.refused', 'source.refused', 'tool.refused', 'prompt.refused', 'endpoint.refused'],
  ...['api.refused', 'grant.refused'],
];

export function auditFigures(database: Database, logs: readonly string[]): AuditFigures {
  const where = ({ since, until, workflows }: FigureQuery, types: readonly string[]) => sql`
    log = ANY(${[...logs]}) AND time >= ${since} AND time < ${until} AND type = ANY(${[...types]})
    ${workflows === null ? sql`` : sql`AND workflow = ANY(${[...workflows]})`}`;
  /** Which of these codes a record has, in their order. */
  const told = (codes: readonly string[]) =>
    sql`ARRAY(SELECT each FROM unnest(${[...codes]}::text[]) AS each WHERE each = ANY(codes))`;
  return {
    async counts(query) {
      const { since, until, parts, by, types } = query;
      const width = (until.getTime() - since.getTime()) / 1000 / parts;
      const { rows } = await sql<Omit<CountedRecords, 'count'> & { count: string }>`
        SELECT type, outcome, ${told(query.codes)} AS codes, ${COLUMNS[by]} AS value,
          least(${parts - 1}::int, floor(extract(epoch FROM time - ${since}::timestamptz) / ${width}::float8)::int) AS part,
          count(*) AS count
        FROM audit_index WHERE ${where(query, types)} GROUP BY 1, 2, 3, 4, 5`.execute(database.read);
      return rows.map((row) => ({ ...row, count: Number(row.count) }));
    },
    async codes(query) {
      const { rows } = await sql<{ code: string; type: string; count: string }>`
        SELECT code, type, count(*) AS count FROM audit_index, unnest(codes) AS code
        WHERE ${where(query, REFUSALS)} AND (type <> 'decision.made' OR outcome = 'refuse')
        GROUP BY 1, 2 ORDER BY count(*) DESC, code, type LIMIT 50`.execute(database.read);
      return rows.map((row) => ({ ...row, count: Number(row.count) }));
    },
    async from(log, index, types, codes) {
      const { rows } = await sql<{
        type: string;
        outcome: string;
        codes: string[];
        workflow: string | null;
        count: string;
        last: string;
      }>`
        SELECT type, outcome, ${told(codes)} AS codes, workflow, count(*) AS count, max(index) AS last FROM audit_index
        WHERE log = ${log} AND index >= ${index} AND type = ANY(${[...types]}) GROUP BY 1, 2, 3, 4`.execute(
        database.read,
      );
      return {
        next: rows.reduce((next, { last }) => Math.max(next, Number(last) + 1), index),
        rows: rows.map(({ last: _, ...row }) => ({ ...row, count: Number(row.count) })),
      };
    },
  };
}
