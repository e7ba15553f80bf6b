import type pg from 'pg';
import { auditStore } from '../store/audit.ts';
import { databaseOn } from '../store/database.ts';
import { readRows } from './archive.ts';
import { EXACT_TEXT, tablesOf } from './catalog.ts';
import { type Manifest, type ManifestTable, unusable } from './manifest.ts';
import type { OpenedArchives } from './open-archives.ts';

/** Rows that an archive of keys may hold although what they open was erased. They do not come back. */
const ERASED: Readonly<Record<string, string>> = {
  'public.subject_keys': 'WHERE (s.r).id NOT IN (SELECT id FROM erased_keys)',
};

/**
 * Fills the empty tables of a database from both archives, in the open transaction of `client`: the log's first, so that
 * what it says is erased stays so. Gives how many keys were left out for that.
 */
export async function loadTables(client: pg.Client, archives: OpenedArchives): Promise<number> {
  await client.query(EXACT_TEXT);
  // The parts of each log, which its records are put into.
  for (const { log, first, size } of archives.log.manifest.trees)
    await auditStore(databaseOn(client)).prepare(log, first, size - first);
  let erased = 0;
  for (const archive of ['log', 'keys'] as const) {
    const { folder, manifest } = archives[archive];
    for (const table of await inOrder(client, manifest)) {
      const loaded = await loadTable(client, folder, table);
      erased += table.rows - loaded;
      await setSequences(client, table);
    }
  }
  return erased;
}

/** The archive's tables, each behind those that it refers to; throws where the schema is another. */
async function inOrder(client: pg.Client, manifest: Manifest): Promise<ManifestTable[]> {
  const present = await tablesOf(client);
  const written = new Map(manifest.tables.map((table) => [table.name, table]));
  const ordered = present.flatMap(({ name, columns }) => {
    const table = written.get(name);
    if (!table) return [];
    written.delete(name);
    if (columns.join() !== table.columns.join()) throw unusable(`The table ${name} of the backup has other columns.`);
    return [table];
  });
  const unknown = [...written.keys()];
  if (unknown.length > 0) throw unusable(`This version has no table for ${unknown.join(', ')} of the backup.`);
  return ordered;
}

async function loadTable(client: pg.Client, folder: string, table: ManifestTable): Promise<number> {
  const columns = table.columns.map((name) => `"${name}"`);
  const where = ERASED[table.name] ?? '';
  const text = `INSERT INTO ${table.name} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.map((name) => `(s.r).${name}`).join(', ')}
    FROM (SELECT t::${table.name} AS r FROM unnest($1::text[]) AS t OFFSET 0) AS s ${where}`;
  let loaded = 0;
  for await (const rows of readRows(folder, table)) loaded += (await client.query(text, [rows])).rowCount ?? 0;
  return loaded;
}

/** A sequence goes on behind what was given out. */
async function setSequences(client: pg.Client, { name, columns }: ManifestTable): Promise<void> {
  const { rows } = await client.query<{ name: string; sequence: string }>(
    `SELECT name, sequence FROM unnest($2::text[]) AS name, pg_get_serial_sequence($1, name) AS sequence
     WHERE sequence IS NOT NULL`,
    [name, columns],
  );
  for (const own of rows)
    await client.query(`SELECT setval($1, max("${own.name}")) FROM ${name} HAVING count(*) > 0`, [own.sequence]);
}
