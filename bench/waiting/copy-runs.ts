import { join } from 'node:path';
import { asId, systemClock } from '@portreeve/contract';
import { Database, fileKeyWrapper, loadKeys, wireKeys } from '@portreeve/server/internals';

/** Every table that has rows of a run that waits for an approval, and what of it is sealed to its place. */
const TABLES: readonly Table[] = [
  { name: 'public.runs', key: 'id', sealed: { asked: 'runs/{id}/asked', attachments: 'runs/{id}/attachments' } },
  { name: 'public.run_subjects', key: 'run', sealed: {} },
  { name: 'public.run_values', key: 'run', sealed: { content: 'run_values/{id}' } },
  { name: 'public.proposals', key: 'run', sealed: { body: 'proposals/{digest}' } },
  { name: 'public.approvals', key: 'run', sealed: {} },
  { name: 'public.budget_uses', key: 'run', sealed: {} },
  { name: 'dbos.workflow_status', key: 'workflow_uuid', sealed: {} },
  { name: 'dbos.workflow_input', key: 'workflow_uuid', sealed: {} },
  { name: 'dbos.operation_outputs', key: 'workflow_uuid', sealed: {} },
];
/** How a row names its run, where that is no column of its own. */
const WHERE: Readonly<Record<string, string>> = {
  'public.approvals': `refs::jsonb ->> 'run' = $1`,
  'public.budget_uses': `budget = 'run:' || $1`,
};
/** The last characters of an id, which are random, give way to the copy's number. */
const NUMBER_CHARS = 6;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const BATCH = 250;

interface Table {
  readonly name: string;
  readonly key: string;
  /** Sealed columns, and what each is bound to. */
  readonly sealed: Readonly<Record<string, string>>;
}
type Row = Readonly<Record<string, unknown>>;

/**
 * Makes `count` more waiting runs of those that are there: the rows of every table that a waiting run has, the engine's
 * with them, under other ids and sealed anew. Not copied is the record: a log cannot be. The product must not run.
 */
export async function copyRuns(options: {
  readonly databaseUrl: string;
  readonly stateFolder: string;
  readonly patterns: readonly string[];
  readonly count: number;
}): Promise<void> {
  const { databaseUrl, stateFolder, patterns, count } = options;
  const database = new Database(databaseUrl);
  const keys = await loadKeys(stateFolder);
  const file = join(stateFolder, 'keys', 'root-keys.json');
  const wrapper = fileKeyWrapper({ file, clock: systemClock });
  const { texts, of } = wireKeys({ database, key: keys.redaction, wrapper, clock: systemClock });
  try {
    const known = await Promise.all(patterns.map((run) => patternOf(run)));
    for (let made = 0; made < count; made += BATCH) {
      const rows = new Map<string, Row[]>();
      for (let number = made; number < Math.min(made + BATCH, count); number++) {
        const pattern = known[number % known.length]!;
        for (const [table, copies] of await copyOf(pattern, number))
          rows.set(table.name, [...(rows.get(table.name) ?? []), ...copies]);
      }
      for (const { name } of TABLES)
        await database.pool.query(
          `INSERT INTO ${name} SELECT * FROM jsonb_populate_recordset(NULL::${name}, $1::jsonb)`,
          [JSON.stringify(rows.get(name) ?? [])],
        );
    }
    await database.pool.query('ANALYZE');
  } finally {
    await database.close();
  }

  interface Pattern {
    readonly subjects: readonly string[];
    readonly ids: RegExp;
    readonly tables: readonly (readonly [Table, readonly Row[]])[];
  }

  async function patternOf(run: string): Promise<Pattern> {
    const tables: (readonly [Table, Row[]])[] = [];
    const ids = new Set([run.slice('run_'.length)]);
    for (const table of TABLES) {
      const where = WHERE[table.name] ?? `${table.key} = $1`;
      const { rows } = await database.pool.query<{ row: Row }>(
        `SELECT to_jsonb(t) AS row FROM ${table.name} t WHERE ${where}`,
        [run],
      );
      if (rows.length === 0) throw new Error(`${table.name} has nothing of ${run}`);
      const opened: Row[] = [];
      for (const { row } of rows) {
        const clear: Record<string, unknown> = { ...row };
        for (const [column, binding] of Object.entries(table.sealed))
          [clear[column]] = await texts.open([{ text: String(row[column]), binding: fill(binding, row) }]);
        opened.push(clear);
        for (const member of ['id', 'decision']) {
          const [, ulid] = /_([0-9a-z]{26})/.exec(String(row[member] ?? '')) ?? [];
          if (ulid) ids.add(ulid);
        }
      }
      tables.push([table, opened]);
    }
    return { subjects: await of(asId('run', run)), ids: new RegExp([...ids].join('|'), 'g'), tables };
  }

  async function copyOf({ subjects, ids, tables }: Pattern, number: number): Promise<[Table, Row[]][]> {
    let [suffix, left] = ['', number];
    for (let at = 0; at < NUMBER_CHARS; at++) {
      suffix = ALPHABET[left % ALPHABET.length] + suffix;
      left = Math.floor(left / ALPHABET.length);
    }
    const copies: [Table, Row[]][] = [];
    for (const [table, rows] of tables) {
      const own: Row[] = [];
      for (const row of rows) {
        const text = JSON.stringify(row).replace(ids, (id) => id.slice(0, -NUMBER_CHARS) + suffix);
        const copy = JSON.parse(text) as Record<string, unknown>;
        for (const [column, binding] of Object.entries(table.sealed))
          copy[column] = await texts.seal(subjects, 'runs', fill(binding, copy), String(copy[column]));
        own.push(copy);
      }
      copies.push([table, own]);
    }
    return copies;
  }
}

const fill = (binding: string, row: Row): string =>
  binding.replace(/\{([a-z]+)\}/g, (_all, column: string) => String(row[column]));
