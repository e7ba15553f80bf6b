import { BadVerifierKey, type ExportResult, verifyExport } from './log/index.ts';

export interface FolderOptions {
  /** Prints one JSON object, the {@link ExportResult}, in place of text. */
  readonly json?: boolean;
  /** A file with the keys that the checkpoint must be signed by, one a line. */
  readonly vkeyFile?: string;
}

/**
 * Checks a folder that an export wrote, prints what was found, and gives the exit status: 0 nothing was changed,
 * 1 something was, 2 the folder or the key is not usable. Needs Node.
 */
export async function verifyFolder(folder: string, options: FolderOptions = {}): Promise<0 | 1 | 2> {
  try {
    const result = await check(folder, options.vkeyFile);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
    return result.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

class Unusable extends Error {}

async function check(folder: string, vkeyFile: string | undefined): Promise<ExportResult> {
  const expected = vkeyFile === undefined ? [] : keysIn(await read(vkeyFile));
  if (vkeyFile !== undefined && expected.length === 0) throw new Unusable(`${printable(vkeyFile)} holds no key`);
  const [checkpoint, vkey] = await Promise.all([read(`${folder}/checkpoint`), read(`${folder}/log.vkey`)]);
  try {
    const entries = pieces(`${folder}/entries.jsonl`);
    return await verifyExport({ entries, checkpoint, vkey, expectedVkeys: expected });
  } catch (error) {
    if (error instanceof BadVerifierKey) throw new Unusable(`The key is not usable: ${error.message}.`);
    throw error;
  }
}

async function* pieces(path: string): AsyncIterable<string> {
  const { createReadStream } = await import('node:fs');
  try {
    yield* createReadStream(path, { encoding: 'utf8' });
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function read(path: string): Promise<string> {
  // Not at the top: the rest of this package runs without Node as well.
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Unusable {
  const { code } = error as NodeJS.ErrnoException;
  return new Unusable(`Cannot read ${printable(path)} (${code ?? 'unknown'}). Name a folder that an export wrote.`);
}

function keysIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function describe(result: ExportResult): string {
  const lines: [string, string][] = [];
  if (result.origin !== null) lines.push(['log', result.origin]);
  if (result.size !== null) lines.push(['checkpoint', `${result.size} records, root ${result.root}`]);
  if (result.key !== null) {
    const trust = result.key_expected
      ? 'as expected'
      : 'found in the export itself: compare it with the key that you were given, or pass that with --vkey';
    lines.push(['key', `${result.key} (${trust})`]);
  }
  const what = result.complete
    ? 'all that the checkpoint covers'
    : result.ok
      ? 'a selection, each with its proof'
      : 'up to the fault';
  lines.push(['records', `${result.records} checked, ${what}`]);
  if (result.payloads_missing > 0) lines.push(['payloads', `${result.payloads_missing} erased or left out`]);
  if (result.verdicts > 0)
    lines.push([
      'verdicts',
      `${result.verdicts} signatures verify, ${result.verdicts_by_registered_key} of them by the key registered in these records`,
    ]);
  const where = result.first_bad_index === null ? '' : ` from index ${result.first_bad_index}`;
  const verdict = result.ok ? 'OK: nothing was changed.' : `NOT OK${where}: ${result.problem} (${result.kind}).`;
  return `${lines.map(([name, text]) => `${name.padEnd(11)} ${printable(text)}\n`).join('')}\n${printable(verdict)}\n`;
}

/** What comes from the export may not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, '\ufffd');
}
