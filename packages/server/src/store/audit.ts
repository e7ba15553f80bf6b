import {
  type AuditStore,
  columnsOf,
  type RecordColumns,
  type StoredCheckpoint,
  type StoredNode,
  type StoredRecord,
} from '@portreeve/audit';
import type { Tx } from '@portreeve/contract';
import { type ColumnType, type Kysely, type Selectable, sql } from 'kysely';
import { LEAD_CHANNEL, leadLog } from './audit-lead.ts';
import { recordsAt, searchIndexes } from './audit-search.ts';
import { auditStage } from './audit-stage.ts';
import { termsOf } from './audit-terms.ts';
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
  leaf: Fixed<Buffer>;
}

interface AuditIndexTable {
  log: Fixed<string>;
  index: Bigint;
  type: Fixed<string>;
  time: Fixed<Date>;
  actor_id: Fixed<string>;
  agent: Fixed<string | null>;
  outcome: Fixed<string>;
  codes: Fixed<string[]>;
  run: Fixed<string | null>;
  workflow: Fixed<string | null>;
  tool: Fixed<string | null>;
  proposal: Fixed<string | null>;
  approval: Fixed<string | null>;
  model: Fixed<string | null>;
  prompt: Fixed<string | null>;
  prompt_version: Fixed<string | null>;
  policy_version: Fixed<string | null>;
  release: Fixed<string | null>;
  keys: Fixed<string[]>;
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

interface AuditCosignaturesTable {
  log: Fixed<string>;
  seq: Bigint;
  witness: Fixed<string>;
  lines: Fixed<string>;
}

declare module './tables.ts' {
  interface Tables {
    audit_records: AuditRecordsTable;
    audit_index: AuditIndexTable;
    audit_nodes: AuditNodesTable;
    audit_checkpoints: AuditCheckpointsTable;
    audit_cosignatures: AuditCosignaturesTable;
  }
}

const COLUMNS = [
  'type',
  'time',
  'actor_id',
  'agent',
  'outcome',
  'codes',
  'run',
  'workflow',
  'tool',
  'proposal',
  'approval',
  'model',
  'prompt',
  'prompt_version',
  'policy_version',
  'release',
] as const satisfies readonly (keyof RecordColumns)[];

/** Records of a partition. */
const PARTITION_WIDTH = 2 ** 20;

/** The audit log's store on PostgreSQL. The database refuses whatever is not an insert or a read (`0002_audit.sql`). */
export function auditStore(database: Database, { width = PARTITION_WIDTH }: { width?: number } = {}): AuditStore {
  const reader = (tx: Tx | null): Kysely<Tables> => (tx ? database.on(tx) : database.read);
  return {
    ...auditStage(database),

    lead: (log, options) => leadLog(database, log, options),

    async staged(log) {
      const { rows } = await sql<{ oldest: string | null; newest: string | null }>`
        SELECT (SELECT id FROM audit_pending WHERE log = ${log} ORDER BY id LIMIT 1) AS oldest,
          (SELECT id FROM audit_pending WHERE log = ${log} ORDER BY id DESC LIMIT 1) AS newest`.execute(database.read);
      const { oldest, newest } = rows[0]!;
      return oldest === null || newest === null ? null : { oldest: Number(oldest), newest: Number(newest) };
    },

    async callLead(log) {
      await sql`SELECT pg_notify(${LEAD_CHANNEL}, ${log})`.execute(database.read);
    },

    async head(tx, log) {
      const { rows } = await sql<{ index: string | null; entry: string | null; signed: string | null }>`
        SELECT last.index, last.entry, (
          SELECT size FROM audit_checkpoints WHERE log = ${log} ORDER BY seq DESC LIMIT 1
        ) AS signed
        FROM (SELECT 1) AS one
        LEFT JOIN LATERAL (
          SELECT index, entry FROM audit_records WHERE log = ${log} ORDER BY index DESC LIMIT 1
        ) AS last ON true`.execute(reader(tx));
      const row = rows[0]!;
      return {
        size: row.index === null ? 0 : Number(row.index) + 1,
        time: row.entry === null ? null : timeOf(row.entry),
        signed_size: Number(row.signed ?? 0),
      };
    },

    async nodes(tx, log, ranges) {
      if (ranges.length === 0) return [];
      const column = (name: 'level' | 'from' | 'to') => ranges.map((range) => range[name]);
      const { rows } = await sql<{ level: number; idx: string; hash: Buffer }>`
        WITH r AS (
          SELECT * FROM unnest(${column('level')}::smallint[], ${column('from')}::bigint[], ${column('to')}::bigint[])
            AS r (level, low, high)
        )
        SELECT n.level, n.idx, n.hash
        FROM r JOIN audit_nodes AS n ON n.log = ${log} AND n.level = r.level AND n.idx >= r.low AND n.idx < r.high
        WHERE r.level > 0
        UNION ALL
        SELECT 0, a.index, a.leaf
        FROM r JOIN audit_records AS a ON a.log = ${log} AND a.index >= r.low AND a.index < r.high
        WHERE r.level = 0`.execute(reader(tx));
      return rows.map((row): StoredNode => ({ level: row.level, index: Number(row.idx), hash: row.hash }));
    },

    async record(log, index) {
      const row = await database.read
        .selectFrom('audit_records')
        .select(['index', 'entry', 'payload'])
        .where('log', '=', log)
        .where('index', '=', String(index))
        .executeTakeFirst();
      return row ? toRecord(row) : null;
    },

    async records(log, from, limit) {
      const rows = await asFarAsDense(from, limit, (before) =>
        database.read
          .selectFrom('audit_records')
          .select(['index', 'entry', 'payload'])
          .where('log', '=', log)
          .where('index', '>=', String(from))
          .where('index', '<', before)
          .orderBy('index')
          .limit(limit)
          .execute(),
      );
      return rows.map(toRecord);
    },

    async entries(log, from, to) {
      const rows = await database.read
        .selectFrom('audit_records')
        .select('entry')
        .where('log', '=', log)
        .where('index', '>=', String(from))
        .where('index', '<', String(to))
        .orderBy('index')
        .execute();
      return rows.map(({ entry }) => entry);
    },

    async index(log, limit, wordsOf) {
      const { rows } = await sql<{ index: string; entry: string; payload: string | null }>`
        SELECT index, entry, payload FROM audit_records
        WHERE log = ${log} AND index > coalesce(
          (SELECT index FROM audit_index WHERE log = ${log} ORDER BY index DESC LIMIT 1), -1
        )
        ORDER BY index LIMIT ${limit}`.execute(database.read);
      if (rows.length === 0) return 0;
      const filed = rows.map((row) => ({ row, columns: readColumns(row.entry) }));
      const names = COLUMNS.filter((name) => name !== 'codes');
      const arrays = names.map((name) => {
        const type = sql.raw(name === 'time' ? 'timestamptz' : 'text');
        return sql`${filed.map(({ columns }) => columns[name])}::${type}[]`;
      });
      const terms = filed.map(({ row, columns }) => termsOf(Number(row.index), columns));
      const codes = filed.map(({ columns }) => JSON.stringify(columns.codes));
      const words = await wordsOf(rows.map(toRecord));
      const keys = rows.map(({ entry }) => keysOf(entry).join(' '));
      const listed = (table: string) => sql.join(names.map((name) => sql.ref(`${table}${name}`)));
      // Two processes may file the same records at once: they write the same. A key that is erased at this moment leaves
      // no words: its row is locked, or gone.
      await sql`
        WITH held AS (
          SELECT id FROM subject_keys WHERE id = ANY (${[...new Set(keys.flatMap((each) => each.split(' ')))]}::text[])
          FOR KEY SHARE
        )
        INSERT INTO audit_index (log, index, ${listed('')}, codes, keys, words)
        SELECT ${log}, f.index, ${listed('f.')}, ARRAY(SELECT jsonb_array_elements_text(f.codes::jsonb)),
          string_to_array(f.keys, ' '), f.terms::tsvector ||
          CASE WHEN (SELECT count(*) FROM held WHERE id = ANY (string_to_array(f.keys, ' '))) =
            cardinality(string_to_array(f.keys, ' ')) THEN to_tsvector('simple', f.words) ELSE '' END
        FROM unnest(${rows.map((row) => row.index)}::bigint[], ${codes}::text[], ${terms}::text[], ${keys}::text[],
          ${words}::text[], ${sql.join(arrays)}) AS f (index, codes, terms, keys, words, ${listed('')})
        ON CONFLICT DO NOTHING`.execute(database.read);
      return rows.length;
    },

    async forgetWords(tx, keys) {
      // Of many records, this takes the time that it takes.
      await sql`SET LOCAL statement_timeout = 0`.execute(database.on(tx));
      // What begins with "=" is no word: the columns and blocks under which the record is still found.
      await sql`UPDATE audit_index
        SET words = ts_delete(words, ARRAY(SELECT lexeme FROM unnest(words) WHERE left(lexeme, 1) <> '='))
        WHERE keys && ${[...keys]}::text[]`.execute(database.on(tx));
    },

    async indexed(log, from, limit) {
      const rows = await asFarAsDense(from, limit, (before) =>
        database.read
          .selectFrom('audit_index')
          .select(['index', ...COLUMNS])
          .where('log', '=', log)
          .where('index', '>=', String(from))
          .where('index', '<', before)
          .orderBy('index')
          .limit(limit)
          .execute(),
      );
      return rows.map(({ index, ...columns }) => ({ index: Number(index), columns }));
    },

    async search(log, search) {
      return recordsAt(database.read, log, await searchIndexes(database.read, log, search));
    },

    async prepare(log, from, count) {
      const to = String(from + count);
      await sql`SELECT audit_prepare(${log}, ${String(from)}::bigint, ${to}::bigint, ${String(width)}::bigint)`.execute(
        database.read,
      );
    },

    async detachable(log, before) {
      // A partition is over when its last record is there, and old when that one is.
      const { rows } = await sql<{ high: string; old: boolean }>`
        SELECT p.high, EXISTS (
          SELECT FROM audit_index AS i WHERE i.log = ${log} AND i.index = p.high - 1 AND i.time < ${before}
        ) AS old FROM audit_partitions(${log}) AS p ORDER BY p.low`.execute(database.read);
      const kept = rows.findIndex(({ old }) => !old);
      const last = rows[(kept < 0 ? rows.length : kept) - 1];
      return last ? Number(last.high) : null;
    },

    async detach(log, below) {
      await sql`SELECT audit_detach(${log}, ${String(below)}::bigint)`.execute(database.read);
    },

    async lockCheckpoints(tx, log) {
      // A statement of its own: the ones after it see what the holder before has committed.
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`portreeve/checkpoint/${log}`}, 0))`.execute(
        database.on(tx),
      );
    },

    async appendCheckpoint(tx, log, checkpoint) {
      await database
        .on(tx)
        .insertInto('audit_checkpoints')
        .values({ log, ...checkpoint })
        .execute();
    },

    async newestCheckpoint(tx, log, cosignatures = 0) {
      const { rows } = await sql<CheckpointRow>`
        SELECT c.seq, c.size, c.time, c.note || coalesce(w.lines, '') AS note
        FROM audit_checkpoints AS c LEFT JOIN LATERAL ${cosigned} AS w ON true
        WHERE c.log = ${log} AND (${cosignatures} = 0 OR w.count >= ${cosignatures})
          AND c.seq > (SELECT max(seq) FROM audit_checkpoints WHERE log = ${log}) - ${COSIGNED_WITHIN}
        ORDER BY c.seq DESC LIMIT 1`.execute(reader(tx));
      return rows[0] ? toCheckpoint(rows[0]) : null;
    },

    async checkpoints(log, from, limit) {
      const { rows } = await sql<CheckpointRow>`
        SELECT c.seq, c.size, c.time, c.note || coalesce(w.lines, '') AS note
        FROM audit_checkpoints AS c LEFT JOIN LATERAL ${cosigned} AS w ON true
        WHERE c.log = ${log} AND c.seq >= ${from}
        ORDER BY c.seq LIMIT ${limit}`.execute(database.read);
      return rows.map(toCheckpoint);
    },

    async addCosignature(log, { seq, witness, lines }) {
      await database.read
        .insertInto('audit_cosignatures')
        .values({ log, seq, witness, lines })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}

/** The greatest that an index can be. */
const NO_END = '9223372036854775807';

/**
 * Rows from an index on, as many as asked for. Indexes have no gaps but where somebody has been at them, so it asks up to
 * where the last one must lie: without an end, PostgreSQL may sort all that lies behind (it does while a table that is
 * written fast has no statistics). What is missing then is asked for without one.
 */
async function asFarAsDense<Row>(
  from: number,
  limit: number,
  read: (before: string) => Promise<Row[]>,
): Promise<readonly Row[]> {
  const rows = await read(String(from + limit));
  return rows.length === limit ? rows : read(NO_END);
}

function toRecord(row: Pick<Selectable<AuditRecordsTable>, 'index' | 'entry' | 'payload'>): StoredRecord {
  return { index: Number(row.index), entry: row.entry, payload: row.payload };
}

const UNREADABLE: RecordColumns = {
  type: 'unreadable',
  time: new Date(0),
  actor_id: '',
  agent: null,
  outcome: '',
  codes: [],
  run: null,
  workflow: null,
  tool: null,
  proposal: null,
  approval: null,
  model: null,
  prompt: null,
  prompt_version: null,
  policy_version: null,
  release: null,
};

/** What an entry is filed under. One that was spoilt in the database must not stop searches for all others. */
function readColumns(entry: string): RecordColumns {
  try {
    return columnsOf(JSON.parse(entry));
  } catch {
    return UNREADABLE;
  }
}

/** The keys that an entry names. */
function keysOf(entry: string): string[] {
  try {
    const { keys } = JSON.parse(entry);
    return Array.isArray(keys) && keys.every((key) => /^key_[a-z0-9_-]{1,64}$/.test(key)) ? keys : [];
  } catch {
    return [];
  }
}

function timeOf(entry: string): string | null {
  try {
    const { time } = JSON.parse(entry);
    return typeof time === 'string' ? time : null;
  } catch {
    return null;
  }
}

/** How many checkpoints are looked through for one that witnesses have cosigned. */
const COSIGNED_WITHIN = 1000;

type CheckpointRow = Omit<Selectable<AuditCheckpointsTable>, 'log'>;

/** What witnesses have signed of the checkpoint `c`. */
const cosigned = sql`(
  SELECT string_agg(lines, '' ORDER BY witness) AS lines, count(*) AS count
  FROM audit_cosignatures AS s WHERE s.log = c.log AND s.seq = c.seq
)`;

function toCheckpoint(row: CheckpointRow): StoredCheckpoint {
  return { seq: Number(row.seq), size: Number(row.size), time: row.time, note: row.note };
}
