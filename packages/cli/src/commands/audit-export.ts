import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MAIN_LOG } from '@portreeve/contract';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { type Progress, withProgress } from '../progress.ts';
import { type GlobalOptions, signIn } from '../session.ts';

export type SignedIn = Awaited<ReturnType<typeof signIn>>['client'];

/** One of the logs, as the server names them. */
export interface LogView {
  readonly name: string;
  readonly origin: string;
}

const FILES = /^(entries\.jsonl|checkpoint|log\.vkey|README\.txt)$/;

/** The logs that are asked for: all, the main one first, or the one of that name. */
export async function logsAsked(client: SignedIn, name?: string): Promise<readonly LogView[]> {
  const { logs } = await client.call<{ logs: LogView[] }>('GET', '/v1/audit/logs');
  if (name === undefined) return logs;
  const found = logs.filter((log) => log.name === name);
  if (found.length === 0)
    throw new UsageError(`There is no log ${name}; there are ${logs.map((log) => printable(log.name)).join(', ')}.`);
  return found;
}

export async function exportLogs(
  options: GlobalOptions & { readonly out?: unknown; readonly log?: string },
  filter: URLSearchParams,
): Promise<number> {
  const out = resolve(String(options.out));
  await mkdir(out, { recursive: true });
  if ((await readdir(out)).length > 0)
    throw new UsageError(`${out} is not empty: an export goes into a folder of its own.`);
  const { client } = await signIn(options, 'auditor');
  const records = await withProgress(options, 'exporting', (progress) =>
    writeExports(client, options.log, filter, out, progress),
  );
  if (options.json) console.log(JSON.stringify({ folder: out, records }));
  else
    console.log(`${style('green', '✓')} ${records} records in ${out}. Check them offline: npx portreeve-verify ${out}`);
  return EXIT.done;
}

/**
 * Writes the log of that name into the folder; without a name the main one, and every other one into `logs/NAME` in it.
 * Gives how many records there were. Of a selection only the logs that have some of it are left. Throws where an export
 * broke off.
 */
export async function writeExports(
  client: SignedIn,
  log: string | undefined,
  filter: URLSearchParams,
  out: string,
  progress: Progress,
): Promise<number> {
  const first = await writeExport(client, log ?? MAIN_LOG, filter, out, progress);
  let records = first.records;
  for (const { name } of log === undefined ? (await logsAsked(client)).slice(1) : []) {
    if (!/^[a-z][a-z0-9_-]{0,63}$/.test(name)) throw new Error('the server names a log that is no folder');
    const folder = join(out, 'logs', name);
    await mkdir(folder, { recursive: true });
    const written = await writeExport(client, name, filter, folder, progress);
    records += written.records;
    if (written.records === 0 && filter.size > 0) await rm(folder, { recursive: true });
  }
  if (first.records === 0 && records > 0 && filter.size > 0) for (const file of first.files) await rm(join(out, file));
  return records;
}

async function writeExport(client: SignedIn, log: string, filter: URLSearchParams, out: string, progress: Progress) {
  const files = new Map<string, Awaited<ReturnType<typeof open>>>();
  let complete = false;
  let records = 0;
  try {
    for await (const line of client.lines(`/v1/audit/export?${new URLSearchParams([...filter, ['log', log]])}`)) {
      const { file, text, end } = line as { file?: string; text?: string; end?: boolean };
      if (end) complete = true;
      if (file === undefined || text === undefined) continue;
      // The name comes from outside: only the names of an export are written.
      if (!FILES.test(file)) throw new Error(`unexpected file in the export: ${file}`);
      let handle = files.get(file);
      if (!handle) {
        handle = await open(join(out, file), 'wx', 0o600);
        files.set(file, handle);
      }
      await handle.write(text);
      if (file !== 'entries.jsonl') continue;
      records++;
      progress.at(`${records} records of ${log}`);
    }
  } finally {
    for (const handle of files.values()) await handle.close();
  }
  if (!complete) throw new Error(`the export broke off; ${out} is not complete`);
  return { records, files: [...files.keys()] };
}
