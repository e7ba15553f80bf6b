import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortreeveError } from '@portreeve/contract';

export type DrillOrder = { readonly submit: string; readonly count: number } | { readonly stop: true };
export type DrillAnswer =
  | { readonly ready: true }
  | { readonly submitted: readonly string[] }
  | { readonly failed: string };

export interface DrillProcess {
  readonly pid: number;
  submit(workflow: string, count: number): Promise<readonly string[]>;
  /** Ends it, by its own id, and waits until it is gone. */
  stop(): Promise<void>;
}

/** TypeScript in a checkout, JavaScript in a published package: as this file is. */
const PROGRAM = fileURLToPath(new URL(`./server${extname(import.meta.url)}`, import.meta.url));
const STOP_MS = 20_000;

/** Starts one Portreeve of a drill. What it prints on standard error goes with the error if it ends early. */
export async function startDrillProcess(state: string, databaseUrl: string, project: string): Promise<DrillProcess> {
  const child = fork(PROGRAM, [state, databaseUrl, project], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = once(child, 'exit');
  try {
    await answerOf(child, ended, () => said);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    pid: child.pid ?? 0,

    async submit(workflow, count) {
      const answer = answerOf(child, ended, () => said);
      child.send({ submit: workflow, count } satisfies DrillOrder);
      const given = await answer;
      if ('submitted' in given) return given.submitted;
      throw new PortreeveError(
        'internal',
        `The drill could not submit: ${'failed' in given ? given.failed : 'no answer'}`,
      );
    },

    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send({ stop: true } satisfies DrillOrder);
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

async function answerOf(child: ChildProcess, ended: Promise<unknown>, said: () => string): Promise<DrillAnswer> {
  const early = ended.then((): never => {
    throw new PortreeveError('internal', `A process of the drill ended: ${said()}`);
  });
  early.catch(() => undefined);
  const [answer] = (await Promise.race([once(child, 'message'), early])) as [DrillAnswer];
  return answer;
}
