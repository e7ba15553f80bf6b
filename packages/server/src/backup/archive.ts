import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Digest } from '@portreeve/contract';
import type pg from 'pg';
import type { Table } from './catalog.ts';
import { type ManifestFile, type ManifestTable, unusable } from './manifest.ts';

/** Rows that are in memory at once. A record is 1 MiB at the most. */
const ROWS = 64;
/** Most of what is written is sealed and hardly gets smaller. */
const GZIP_LEVEL = 1;

/** Writes a table as lines of JSON texts, each the row as PostgreSQL writes it; gzip. Inside an open transaction. */
export async function writeTable(client: pg.ClientBase, table: Table, folder: string): Promise<ManifestTable> {
  const path = `tables/${table.name}.gz`;
  let rows = 0;
  async function* lines() {
    await client.query(`DECLARE backup NO SCROLL CURSOR FOR SELECT whole::text AS row FROM ${table.name} AS whole`);
    for (;;) {
      const page = await client.query<{ row: string }>(`FETCH ${ROWS} FROM backup`);
      rows += page.rows.length;
      yield page.rows.map(({ row }) => `${JSON.stringify(row)}\n`).join('');
      if (page.rows.length < ROWS) break;
    }
    await client.query('CLOSE backup');
  }
  const file = await write(
    Readable.from(lines(), { objectMode: false }),
    folder,
    path,
    createGzip({ level: GZIP_LEVEL }),
  );
  return { name: table.name, columns: [...table.columns], rows, file };
}

export function writeBytes(bytes: Buffer, folder: string, path: string): Promise<ManifestFile> {
  return write(Readable.from([bytes], { objectMode: false }), folder, path);
}

async function write(from: Readable, folder: string, path: string, through?: Transform): Promise<ManifestFile> {
  const measured = measure();
  const to = createWriteStream(join(folder, path), { flags: 'wx', mode: 0o600, flush: true });
  await (through ? pipeline(from, through, measured.stream, to) : pipeline(from, measured.stream, to));
  return { path, ...measured.seen() };
}

/** Throws `log_broken` where a file is not the one that the manifest names. */
export async function checkFile(folder: string, file: ManifestFile): Promise<void> {
  const measured = measure();
  measured.stream.resume();
  await pipeline(createReadStream(join(folder, file.path)), measured.stream).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(`${file.path} of the backup cannot be read (${cause.code ?? cause.message}).`);
  });
  assertSame(file, measured.seen());
}

export async function readBytes(folder: string, file: ManifestFile): Promise<Buffer> {
  await checkFile(folder, file);
  return readFile(join(folder, file.path));
}

/** The rows of a table as they were written, some at a time; throws at the end where the file was another one. */
export async function* readRows(folder: string, { file, rows }: ManifestTable): AsyncGenerator<string[]> {
  const measured = measure();
  const unzipped = createGunzip();
  const done = pipeline(createReadStream(join(folder, file.path)), measured.stream, unzipped);
  done.catch(() => undefined);
  let page: string[] = [];
  let count = 0;
  for await (const line of createInterface({ input: unzipped, crlfDelay: Number.POSITIVE_INFINITY })) {
    page.push(JSON.parse(line) as string);
    if (page.length < ROWS) continue;
    count += page.length;
    yield page;
    page = [];
  }
  count += page.length;
  if (page.length > 0) yield page;
  await done;
  assertSame(file, measured.seen());
  if (count !== rows) throw unusable(`${file.path} of the backup holds ${count} rows, and ${rows} were written.`);
}

function measure() {
  const hash: Hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, seen: (): { sha256: Digest; bytes: number } => ({ sha256: `sha256:${hash.digest('hex')}`, bytes }) };
}

function assertSame(file: ManifestFile, seen: { sha256: Digest; bytes: number }): void {
  if (seen.sha256 !== file.sha256 || seen.bytes !== file.bytes)
    throw unusable(`${file.path} of the backup is not the file that its manifest names.`);
}
