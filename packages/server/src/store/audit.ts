import type { AuditStore, StoredCheckpoint, StoredNode, StoredRecord } from '@portreeve/audit';
import type { Tx } from '@portreeve/contract';
import { type ColumnType, type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

/** PostgreSQL gives a `bigint` as text. Indexes stay below 2^53. */
type Bigint = ColumnType<string, number, never>;
type Fixed<T> = ColumnType<T, T, never>;

interface AuditRecordsTable {
  log: Fixed<string>;
  index: Bigint;
  entry: Fixed<string>;
  payload: Fixed<string | null>;
  key: Fixed<string | null>;
  type: Fixed<string>;
  time: Fixed<Date>;
  actor_id: Fixed<string>;
  outcome: Fixed<string>;
  run: Fixed<string | null>;
  workflow: Fixed<string | null>;
  tool: Fixed<string | null>;
  proposal: Fixed<string | null>;
  approval: Fixed<string | null>;
  policy_version: Fixed<string | null>;
  release: Fixed<string | null>;
  words: ColumnType<string, never, never>;
}

interface AuditNodesTable {
  log: Fixed<string>;
  level: Fixed<number>;
  idx: Bigint;
  hash: Fixed<Buffer>;
}

interface AuditCheckpointsTable {
  log: Fixed<string>;
  seq: Bigint;
  size: Bigint;
  time: Fixed<Date>;
  note: Fixed<string>;
}

declare module './tables.ts' {
  interface Tables {
    audit_records: AuditRecordsTable;
    audit_nodes: AuditNodesTable;
    audit_checkpoints: AuditCheckpointsTable;
  }
}

const COLUMNS = [
  'index',
  'entry',
  'payload',
  'type',
  'time',
  'actor_id',
  'outcome',
  'run',
  'workflow',
  'tool',
  'proposal',
  'approval',
  'policy_version',
  'release',
] as const;

/** Rows of one INSERT: PostgreSQL takes at most 65,535 parameters a statement. */
const ROWS = 2000;

/** What the column `words` takes for a space as well (`0002_audit.sql`). */
const PUNCTUATION = /[\u00a0\u00ab\u00bb\u2000-\u206f\u27e6\u27e7\u3000-\u303f]/g;

/** The audit log's store on PostgreSQL. The database refuses whatever is not an insert or a read (`0002_audit.sql`). */
export function auditStore(database: Database): AuditStore {
  const reader = (tx: Tx | null): Kysely<Tables> => (tx ? database.on(tx) : database.read);
  return {
    async lock(tx, log) {
      // A statement of its own: the ones after it see what the holder before has committed.
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`portreeve/audit/${log}`}, 0))`.execute(
        database.on(tx),
      );
    },

    async head(tx, log) {
      const { rows } = await sql<{ index: string | null; time: Date | null; signed: string | null }>`
        SELECT last.index, last.time, (
          SELECT size FROM audit_checkpoints WHERE log = ${log} ORDER BY seq DESC LIMIT 1
        ) AS signed
        FROM (SELECT 1) AS one
        LEFT JOIN LATERAL (
          SELECT index, time FROM audit_records WHERE log = ${log} ORDER BY index DESC LIMIT 1
        ) AS last ON true`.execute(reader(tx));
      const row = rows[0]!;
      return {
        size: row.index === null ? 0 : Number(row.index) + 1,
        time: row.time,
        signed_size: Number(row.signed ?? 0),
      };
    },

    async usedKeys(tx, log, keys) {
      const rows = await database
        .on(tx)
        .selectFrom('audit_records')
        .select('key')
        .where('log', '=', log)
        .where('key', 'in', keys)
        .execute();
      return rows.map((row) => row.key!);
    },

    async append(tx, log, records, nodes) {
      const kysely = database.on(tx);
      for (let at = 0; at < records.length; at += ROWS) {
        const values = records
          .slice(at, at + ROWS)
          .map(({ index, entry, payload, key, columns }) => ({ log, index, entry, payload, key, ...columns }));
        await kysely.insertInto('audit_records').values(values).execute();
      }
      for (let at = 0; at < nodes.length; at += ROWS) {
        const values = nodes
          .slice(at, at + ROWS)
          .map(({ level, index, hash }) => ({ log, level, idx: index, hash: Buffer.from(hash) }));
        await kysely.insertInto('audit_nodes').values(values).execute();
      }
    },

    async nodes(tx, log, ranges) {
      if (ranges.length === 0) return [];
      const column = (name: 'level' | 'from' | 'to') => ranges.map((range) => range[name]);
      const { rows } = await sql<{ level: number; idx: string; hash: Buffer }>`
        SELECT n.level, n.idx, n.hash
        FROM unnest(${column('level')}::smallint[], ${column('from')}::bigint[], ${column('to')}::bigint[])
          AS r(level, low, high)
        JOIN audit_nodes AS n ON n.log = ${log} AND n.level = r.level AND n.idx >= r.low AND n.idx < r.high`.execute(
        reader(tx),
      );
      return rows.map((row): StoredNode => ({ level: row.level, index: Number(row.idx), hash: row.hash }));
    },

    async record(log, index) {
      const row = await database.read
        .selectFrom('audit_records')
        .select(COLUMNS)
        .where('log', '=', log)
        .where('index', '=', String(index))
        .executeTakeFirst();
      return row ? toRecord(row) : null;
    },

    async records(log, from, limit) {
      const rows = await database.read
        .selectFrom('audit_records')
        .select(COLUMNS)
        .where('log', '=', log)
        .where('index', '>=', String(from))
        .orderBy('index')
        .limit(limit)
        .execute();
      return rows.map(toRecord);
    },

    async search(log, search) {
      const newest = search.order === 'newest';
      let query = database.read.selectFrom('audit_records').select(COLUMNS).where('log', '=', log);
      for (const name of COLUMNS) {
        if (name === 'index' || name === 'entry' || name === 'payload' || name === 'time') continue;
        const value = search.equals[name];
        if (value !== undefined && value !== null) query = query.where(name, '=', value);
      }
      if (search.types !== null) query = query.where('type', 'in', search.types);
      if (search.since) query = query.where('time', '>=', search.since);
      if (search.until) query = query.where('time', '<', search.until);
      if (search.words !== null) {
        const words = search.words.replace(PUNCTUATION, ' ');
        query = query.where(sql<boolean>`words @@ websearch_to_tsquery('simple', ${words})`);
      }
      if (search.after !== null) query = query.where('index', newest ? '<' : '>', String(search.after));
      const rows = await query
        .orderBy('index', newest ? 'desc' : 'asc')
        .limit(search.limit)
        .execute();
      return rows.map(toRecord);
    },

    async appendCheckpoint(tx, log, checkpoint) {
      await database
        .on(tx)
        .insertInto('audit_checkpoints')
        .values({ log, ...checkpoint })
        .execute();
    },

    async newestCheckpoint(tx, log) {
      const row = await reader(tx)
        .selectFrom('audit_checkpoints')
        .select(['seq', 'size', 'time', 'note'])
        .where('log', '=', log)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? toCheckpoint(row) : null;
    },

    async checkpoints(log, from, limit) {
      const rows = await database.read
        .selectFrom('audit_checkpoints')
        .select(['seq', 'size', 'time', 'note'])
        .where('log', '=', log)
        .where('seq', '>=', String(from))
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map(toCheckpoint);
    },
  };
}

function toRecord(row: Pick<Selectable<AuditRecordsTable>, (typeof COLUMNS)[number]>): StoredRecord {
  const { index, entry, payload, ...columns } = row;
  return { index: Number(index), entry, payload, columns };
}

function toCheckpoint(row: Omit<Selectable<AuditCheckpointsTable>, 'log'>): StoredCheckpoint {
  return { seq: Number(row.seq), size: Number(row.size), time: row.time, note: row.note };
}
