import {
  BadPolicy,
  BadVerifierKey,
  type ExportResult,
  type Policy,
  parsePolicy,
  verifyExport,
  verifyTiles,
} from './log/index.ts';

export interface FolderOptions {
  /** Prints one JSON object, the {@link ExportResult}, in place of text. */
  readonly json?: boolean;
  /** A file with the keys that the checkpoint must be signed by, one a line. */
  readonly vkeyFile?: string;
  /** A C2SP tlog-policy file: the keys and witnesses that are trusted, and how many must have cosigned. */
  readonly policyFile?: string;
  /** Names each verdict of an approval, who gave it and by what; one by an unregistered key is a fault. */
  readonly approvals?: boolean;
}

/**
 * Checks a folder that an export wrote, prints what was found, and gives the exit status: 0 nothing was changed,
 * 1 something was, 2 the folder or the key is not usable. Needs Node.
 */
export async function verifyFolder(folder: string, options: FolderOptions = {}): Promise<0 | 1 | 2> {
  try {
    const result = await check(folder, options);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
    return result.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

class Unusable extends Error {}

async function check(
  folder: string,
  { vkeyFile, policyFile, approvals = false }: FolderOptions,
): Promise<ExportResult> {
  const policy = policyFile === undefined ? null : await policyOf(policyFile);
  const expected = vkeyFile === undefined ? [] : keysIn(await read(vkeyFile));
  if (vkeyFile !== undefined && expected.length === 0) throw new Unusable(`${printable(vkeyFile)} holds no key`);
  const checkpoint = await read(`${folder}/checkpoint`);
  // An anchor's folder has no key with it: it must come from elsewhere.
  const tiles = await isThere(`${folder}/tile`);
  const trusted = { ...(policy ? { policy } : {}), expectedVkeys: expected };
  if (tiles && !policy && expected.length === 0)
    throw new Unusable('This is a folder of tiles: name the key that you trust with --vkey or --policy.');
  const vkey = tiles ? '' : await read(`${folder}/log.vkey`);
  try {
    if (tiles) return await verifyTiles({ read: resourcesOf(folder), checkpoint, vkey, ...trusted });
    const entries = pieces(`${folder}/entries.jsonl`);
    return await verifyExport({ entries, checkpoint, vkey, approvals, ...trusted });
  } catch (error) {
    if (error instanceof BadVerifierKey) throw new Unusable(`The key is not usable: ${error.message}.`);
    throw error;
  }
}

async function policyOf(path: string): Promise<Policy> {
  try {
    return parsePolicy(await read(path));
  } catch (error) {
    if (error instanceof BadPolicy)
      throw new Unusable(`${printable(path)} is not a policy: ${printable(error.message)}.`);
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  const { stat } = await import('node:fs/promises');
  return stat(path).then(
    () => true,
    () => false,
  );
}

function resourcesOf(folder: string): (path: string) => Promise<Uint8Array | null> {
  return async (path) => {
    const { readFile } = await import('node:fs/promises');
    return readFile(`${folder}/${path}`).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw unreadable(`${folder}/${path}`, error);
    });
  };
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

const NAMES = { key: 'their signing key', passkey: 'their passkey' } as const;

function describe(result: ExportResult): string {
  const lines: [string, string][] = [];
  if (result.origin !== null) lines.push(['log', result.origin]);
  if (result.size !== null) lines.push(['checkpoint', `${result.size} records, root ${result.root}`]);
  if (result.key !== null) {
    const trust = result.key_expected
      ? 'as expected'
      : 'found in the export itself: compare it with the key that you were given, or pass that with --vkey';
    lines.push(['key', `${short(result.key)} (${trust})`]);
  }
  for (const vkey of result.cosigned_by) lines.push(['cosigned by', short(vkey)]);
  const what = result.complete
    ? 'all that the checkpoint covers'
    : result.ok
      ? 'a selection, each with its proof'
      : 'up to the fault';
  lines.push(['records', `${result.records} checked, ${what}`]);
  if (result.payloads_missing > 0) {
    const { payloads_missing: missing, payloads_unexplained: unexplained } = result;
    const none = missing === unexplained && missing === result.records;
    const rest = unexplained > 0 ? `; of ${unexplained} no record here says so` : ', on record';
    lines.push(['payloads', none ? 'not in these files' : `${missing} erased${rest}`]);
  }
  if (result.verdicts > 0)
    lines.push([
      'verdicts',
      `${result.verdicts} signatures verify, ${result.verdicts_by_registered_key} of them by the key registered in these records`,
    ]);
  for (const { index, approval, verdict, approver, by, proposal_digest } of result.proved ?? [])
    lines.push([`  ${index}`, `${approval}: ${approver} signed “${verdict}” over ${proposal_digest} by ${NAMES[by]}`]);
  const where = result.first_bad_index === null ? '' : ` from index ${result.first_bad_index}`;
  const verdict = result.ok ? 'OK: nothing was changed.' : `NOT OK${where}: ${result.problem} (${result.kind}).`;
  return `${lines.map(([name, text]) => `${name.padEnd(11)} ${printable(text)}\n`).join('')}\n${printable(verdict)}\n`;
}

/** The key of an ML-DSA signature has 1,750 characters. */
function short(vkey: string): string {
  return vkey.length <= 120 ? vkey : `${vkey.slice(0, 100)}\u2026`;
}

/** What comes from the export may not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, '\ufffd');
}
