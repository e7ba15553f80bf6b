import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The folder of a bench's data: `--data DIR` (with or without the set's own folder), else the shared one. */
export function dataFolder(name: string, args: readonly string[] = process.argv): string | null {
  const at = args.indexOf('--data');
  const given = at >= 0 ? args[at + 1] : undefined;
  const shared = new URL('../../../shared/bench/', import.meta.url).pathname;
  for (const folder of given === undefined ? [join(shared, name)] : [join(given, name), given])
    if (existsSync(folder) && setNames(folder).length > 0) return folder;
  return null;
}

export const setNames = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .sort();

/** The rows of a JSON Lines file, compressed or not. */
export function readRows<Row>(path: string): Row[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
