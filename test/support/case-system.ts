import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../repository.ts';
import { type Started, start } from './processes.ts';

export const EXAMPLE = join(ROOT, 'examples/incident-summary');

export interface JournalLine {
  readonly type: 'grant_used' | 'published';
  readonly at: string;
  readonly jti?: string;
  readonly by?: { readonly grant: string; readonly run: string };
  readonly case_id?: string;
}

export interface CaseSystem extends Started {
  readonly url: string;
  /** What it has on disk: the truth about what was published. */
  journal(): Promise<JournalLine[]>;
  /** How it misbehaves from now on. */
  misbehave(mode: 'none' | 'timeout' | 'drop_before' | 'drop_after' | 'error'): Promise<void>;
}

/** Starts the example's downstream system as a process of its own. */
export async function startCaseSystem(options: {
  data: string;
  jwks: string;
  readTokenFile: string;
}): Promise<CaseSystem> {
  const system = start(
    process.execPath,
    [
      join(EXAMPLE, 'case-system/server.ts'),
      ...['--port', '0', '--data', options.data, '--issuer', 'urn:portreeve:development', '--jwks', options.jwks],
      ...['--read-token-file', options.readTokenFile, '--allow-faults'],
    ],
    // It ends when its standard input does.
    { keepInput: true },
  );
  const [, url = ''] = await system.printed(/"listening":"([^"]+)"/);
  return {
    ...system,
    url,
    journal: () => readJournal(options.data),
    async misbehave(mode) {
      const response = await fetch(`${url}/_faults`, { method: 'POST', body: JSON.stringify({ mode }) });
      if (!response.ok) throw new Error(`the case system refuses the fault ${mode}: ${await response.text()}`);
    },
  };
}

/** The journal of a case system, or of another one of the kit, running or not. */
export async function readJournal<Line = JournalLine>(data: string): Promise<Line[]> {
  const text = await readFile(join(data, 'journal.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
