import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainKeystore } from '@portreeve/server';
import { type CaseSystem, EXAMPLE, startCaseSystem } from '../support/case-system.ts';
import { type Answer, type Person, signIn } from '../support/people.ts';
import { type Ended, freePort, type Started, start, temporaryFolder, until } from '../support/processes.ts';

/** The instants that a crash test can name: before and after the verdict, the grant, the intent, the call, the result. */
export const INSTANTS = [
  'before-verdict',
  'after-verdict',
  'before-grant',
  'before-intent',
  'after-intent',
  'before-call',
  'after-call',
  'before-result',
  'after-result',
] as const;
export type Instant = (typeof INSTANTS)[number];

export interface People {
  readonly analyst: Person;
  readonly lead: Person;
  readonly operator: Person;
  readonly auditor: Person;
}

/** One installation: a state folder, the case system beside it, and a Portreeve that comes and goes. */
export class Installation {
  readonly state: string;
  readonly port: number;
  readonly caseSystem: CaseSystem;
  readonly #databaseUrl: string | undefined;
  #process: Started | null = null;
  #people: People | null = null;

  private constructor(state: string, port: number, caseSystem: CaseSystem, databaseUrl: string | undefined) {
    this.state = state;
    this.port = port;
    this.caseSystem = caseSystem;
    this.#databaseUrl = databaseUrl;
  }

  static async make(options: { databaseUrl?: string } = {}): Promise<Installation> {
    const state = join(await temporaryFolder(), 'state');
    const port = await freePort();
    const secret = 'case-system-read-token';
    const readTokenFile = join(state, 'read-token');
    await plainKeystore(state, 'development').set(secret, 'a-token-for-the-crash-tests');
    await writeFile(readTokenFile, 'a-token-for-the-crash-tests', { mode: 0o600 });
    const caseSystem = await startCaseSystem({
      data: join(state, 'case-system'),
      jwks: `http://127.0.0.1:${port}/.well-known/jwks.json`,
      readTokenFile,
    });
    return new Installation(state, port, caseSystem, options.databaseUrl);
  }

  /** Starts Portreeve on the folder as it is. Whoever signed in at the first start still is. */
  async start(): Promise<People> {
    const program = fileURLToPath(new URL('./server.ts', import.meta.url));
    const running = start(process.execPath, [program, this.state, String(this.port), this.caseSystem.url, EXAMPLE], {
      ipc: true,
      ...(this.#databaseUrl === undefined ? {} : { env: { DATABASE_URL: this.#databaseUrl } }),
    });
    this.#process = running;
    const ready = once(running.child, 'message').then(([message]) => message as { url: string });
    const early = running.ended.then(({ err }) =>
      Promise.reject(new Error(`Portreeve ended before it was ready:\n${err}`)),
    );
    early.catch(() => undefined);
    const { url } = await Promise.race([ready, early]);
    this.#people ??= {
      analyst: await signIn(url, this.state, 'analyst'),
      lead: await signIn(url, this.state, 'lead'),
      operator: await signIn(url, this.state, 'operator'),
      auditor: await signIn(url, this.state, 'auditor'),
    };
    return this.#people;
  }

  /** From now on Portreeve kills itself at this instant. */
  async arm(instant: Instant): Promise<void> {
    const { child } = this.#running();
    const answer = once(child, 'message');
    child.send({ kill_at: instant });
    await answer;
  }

  /** Kills it now, from outside. */
  kill(): Promise<Ended> {
    const running = this.#running();
    running.child.kill('SIGKILL');
    return running.ended;
  }

  /** Waits for the death that was armed. */
  async death(): Promise<Ended> {
    const running = this.#running();
    await until('the process to kill itself', 30_000, () => running.child.signalCode);
    return running.ended;
  }

  #running(): Started {
    if (!this.#process) throw new Error('start it first');
    return this.#process;
  }
}

/** Asks for a summary of CASE-1042 and waits until a person is asked. */
export async function askForSummary(
  analyst: Person,
  headers?: Readonly<Record<string, string>>,
): Promise<{ run: string; approval: string }> {
  const task = { workflow: 'incident-summary', input: { case_id: 'CASE-1042' } };
  const { id: run } = await analyst.post('/v1/runs', task, headers);
  const { approval } = await until(`run ${run} to wait for a person`, 30_000, async () => {
    const now = await analyst.get(`/v1/runs/${run}`);
    return now.approval !== null && now;
  });
  return { run, approval };
}

export async function endOf(analyst: Person, run: string): Promise<Answer> {
  return until(`run ${run} to end`, 30_000, async () => {
    const now = await analyst.get(`/v1/runs/${run}`);
    return now.ended_at !== null && now;
  });
}
