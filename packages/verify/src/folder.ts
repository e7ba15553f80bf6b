import { describe, printable } from './describe.ts';
import {
  BadPolicy,
  BadVerifierKey,
  type ExportResult,
  newRegistrations,
  type Policy,
  parsePolicy,
  parseVkey,
} from './log/index.ts';
import { checkFolder, type FolderTrust, isThere, keysIn, logsIn, originIn, read, Unusable } from './read-folder.ts';

export interface FolderOptions {
  /** Prints one JSON object, the {@link FolderResult}, in place of text. */
  readonly json?: boolean;
  /** A file with the keys that checkpoints must be signed by, one a line; of each log that must be there. */
  readonly vkeyFile?: string;
  /** C2SP tlog-policy files, one for each log: the keys and witnesses that are trusted, and how many must have cosigned. */
  readonly policyFiles?: readonly string[];
  /** Names each verdict of an approval, who gave it and by what; one by an unregistered key is a fault. */
  readonly approvals?: boolean;
}

/** What was found of the first log, as a rule the main one; `ok` is that of all. */
export interface FolderResult extends ExportResult {
  /** What was found of the other ones, by name. */
  readonly logs?: Readonly<Record<string, ExportResult>>;
  /** Logs whose keys were given, and that are not there. */
  readonly absent?: readonly string[];
}

/**
 * Checks a folder that an export wrote, with the folders of further logs in it (`logs/NAME`), prints what was found, and
 * gives the exit status: 0 nothing was changed, 1 something was, or a log is not there whose key was given, 2 the folder or
 * the key is not usable. Needs Node.
 */
export async function verifyFolder(folder: string, options: FolderOptions = {}): Promise<0 | 1 | 2> {
  try {
    const result = await check(folder, options);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : inWords(result));
    return result.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

async function check(folder: string, { vkeyFile, policyFiles = [], approvals = false }: FolderOptions) {
  const policies = await Promise.all(policyFiles.map(policyOf));
  const keys = vkeyFile === undefined ? [] : keysIn(await read(vkeyFile));
  if (vkeyFile !== undefined && keys.length === 0) throw new Unusable(`${printable(vkeyFile)} holds no key`);
  const more = { approvals, registrations: newRegistrations() };
  try {
    const results: [name: string, result: ExportResult][] = [];
    for (const [name, place] of await placesIn(folder)) {
      const trust = trustOf(await originIn(place), keys, policies);
      results.push([name, await checkFolder(place, trust, more)]);
    }
    return together(results, namesIn(keys, policies));
  } catch (error) {
    if (error instanceof BadVerifierKey) throw new Unusable(`The key is not usable: ${error.message}.`);
    throw error;
  }
}

/** Each log by its own name; where nothing given is of that name, by whatever was given, which it then fails. */
function trustOf(origin: string, keys: readonly string[], policies: readonly Policy[]): FolderTrust {
  const own = (vkeys: readonly string[]) => vkeys.filter((vkey) => parseVkey(vkey).name === origin);
  const expectedVkeys = own(keys).length > 0 ? own(keys) : keys;
  const policy = policies.find(({ logs }) => own(logs).length > 0) ?? policies[0];
  return { expectedVkeys, ...(policy ? { policy } : {}) };
}

/** The names of the logs that the keys and policies given are of. */
function namesIn(keys: readonly string[], policies: readonly Policy[]): ReadonlySet<string> {
  return new Set([...keys, ...policies.flatMap(({ logs }) => logs)].map((vkey) => parseVkey(vkey).name));
}

/** The folders of logs, by the logs' names: the main one first, unless a selection has nothing of it. */
async function placesIn(folder: string): Promise<[name: string, place: string][]> {
  const others = (await logsIn(folder)).map((name): [string, string] => [name, `${folder}/logs/${name}`]);
  return others.length > 0 && !(await isThere(`${folder}/checkpoint`)) ? others : [['main', folder], ...others];
}

function together(
  results: readonly (readonly [name: string, result: ExportResult])[],
  given: ReadonlySet<string>,
): FolderResult {
  const all = results.map(([, result]) => result);
  const present = new Set(all.map(({ origin }) => origin));
  // Where a signature failed, that is said already, and nobody knows which log it should have been.
  const absent = all.every(({ origin }) => origin !== null) ? [...given].filter((name) => !present.has(name)) : [];
  return {
    ...all[0]!,
    ok: absent.length === 0 && all.every(({ ok }) => ok) && present.size === all.length,
    ...(all.length > 1 ? { logs: Object.fromEntries(results.slice(1)) } : {}),
    ...(absent.length > 0 ? { absent } : {}),
  };
}

function inWords({ logs = {}, absent = [], ...main }: FolderResult): string {
  const others = Object.values(logs);
  // Its own verdict, not that of all.
  const parts = [{ ...main, ok: main.kind === null }, ...others].map(describe);
  const missing = absent.map((name) => `NOT OK: the log ${printable(name)} is not here, and its key was given.\n`);
  const names = [main, ...others].map(({ origin }) => origin);
  const twice = names.filter((name, i) => name !== null && names.indexOf(name) !== i);
  const same = twice.map((name) => `NOT OK: the log ${printable(String(name))} is here twice.\n`);
  return [...parts, ...missing, ...same].join('\n');
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
