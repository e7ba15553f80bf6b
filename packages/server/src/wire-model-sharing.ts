import type { Clock, ProjectConfig } from '@portreeve/contract';
import { CIRCUITS, createCircuits, type Sharing, TAKEN } from '@portreeve/model';
import { every } from './every.ts';
import { type BudgetStore, budgetStore } from './store/budgets.ts';
import type { Database } from './store/database.ts';
import { listen } from './store/listen.ts';
import { MODEL_CHANNEL, modelStates } from './store/model-states.ts';

export interface ModelSharing extends Sharing {
  readonly budgets: BudgetStore;
  stop(): Promise<void>;
}

/** Looked at all the same, should nobody tell. */
const REFRESH_EVERY_MS = 2000;

/** What the processes share of their model endpoints: circuits, of which each hears at once, limits and budgets. */
export function wireModelSharing(deps: {
  database: Database;
  databaseUrl: string;
  config: ProjectConfig;
  clock: Clock;
  executor: string;
  log: (level: 'error', message: string, error?: unknown) => void;
}): ModelSharing {
  const { database, clock } = deps;
  const circuits = createCircuits({ store: modelStates(database, CIRCUITS), clock, process: deps.executor });
  const listener = listen(deps.databaseUrl, {
    ...{ channel: MODEL_CHANNEL, name: 'portreeve-model' },
    heard: () => void circuits.refresh().catch(() => undefined),
  });
  const stopLooking = every(REFRESH_EVERY_MS, () => circuits.refresh(), deps.log);
  return {
    circuits,
    taken: modelStates(database, TAKEN),
    budgets: budgetStore(database, deps.config.budgets, clock),
    async stop() {
      await stopLooking();
      await listener.stop();
    },
  };
}
