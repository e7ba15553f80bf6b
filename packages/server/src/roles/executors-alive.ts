import type { Clock, ProjectConfig } from '@portreeve/contract';
import type { Database } from '../store/database.ts';
import { livingLeases } from '../store/leases.ts';

/** The name of an executor's process, as leases and executions know it: its key's thumbprint, and a part of its own. */
export function instanceName(jkt: string, unique: string): string {
  return `executor/${jkt}/${unique}`;
}

export interface ExecutorsAlive {
  /** The thumbprints of configured executors that hold a lease now. */
  alive(): Promise<string[]>;
  /** One of them for the next grant, in turn; the first configured one where none lives, since it may come back in time. */
  choose(): Promise<string>;
}

const REMEMBER_MS = 500;

/** Which executors may be given work: those of the configuration, and of these the ones that live. */
export function executorsAlive(options: {
  readonly database: Database;
  readonly executors: ProjectConfig['executors'];
  readonly clock: Clock;
}): ExecutorsAlive {
  const { database, clock } = options;
  const configured = Object.values(options.executors).map(({ jkt }) => jkt);
  let known: { readonly at: number; readonly alive: Promise<string[]> } | null = null;
  let turn = 0;

  const look = async (): Promise<string[]> => {
    const living = (await livingLeases(database)).map((instance) => instance.split('/')[1]);
    return configured.filter((jkt) => living.includes(jkt));
  };
  const alive = (): Promise<string[]> => {
    const at = clock.now().getTime();
    if (!known || at - known.at > REMEMBER_MS) {
      known = { at, alive: look() };
      known.alive.catch(() => {
        known = null;
      });
    }
    return known.alive;
  };
  return {
    alive,
    async choose() {
      const living = await alive();
      const among = living.length > 0 ? living : configured.slice(0, 1);
      return among[turn++ % among.length]!;
    },
  };
}
