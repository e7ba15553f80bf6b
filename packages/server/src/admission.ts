import {
  type Clock,
  PortreeveError,
  type Principal,
  type ProjectConfig,
  type WorkflowContract,
} from '@portreeve/contract';
import { describeShortfall } from '@portreeve/model';
import type { BudgetStore } from './store/budgets.ts';

/** How many runs there are, as far as that is of interest here. */
export interface RunPressure {
  /** Runs that work or wait for a machine; not those that wait for a person. Counts up to `most`. */
  active(most: number): Promise<number>;
  /** Runs that have ended since. */
  endedSince(time: Date): Promise<number>;
}

/** Persons find this much room, in per cent, when nobody else does any more. */
const ROOM_FOR_PERSONS = 10;
const RETRY_MAX_S = 300;
const DRAIN_MS = 60_000;

/**
 * Refuses a task that could only pile up (requirement E5), and says when to come again: `busy` while there are as many
 * runs as are configured, `budget_exhausted` where this month's budget of the workflow, its owner or all is used up.
 */
export function admission(deps: {
  config: Pick<ProjectConfig, 'admission' | 'models'>;
  runs: RunPressure;
  budgets: Pick<BudgetStore, 'exhausted'>;
  clock: Clock;
}) {
  const { clock, config, runs, budgets } = deps;

  return async (contract: WorkflowContract, principal: Principal): Promise<void> => {
    const most = config.admission.runs_active_max;
    const room = principal.kind === 'person' ? most + Math.ceil((most * ROOM_FOR_PERSONS) / 100) : most;
    const active = await runs.active(room + 1);
    if (active >= room) {
      const ended = await runs.endedSince(new Date(clock.now().getTime() - DRAIN_MS));
      const retry_after_s = wait(active - room + 1, ended);
      throw new PortreeveError('busy', `${room} runs are under way, as many as may be.`, {
        next: `Send it again after ${retry_after_s} s, with the same Idempotency-Key.`,
        extra: { retry_after_s },
      });
    }
    const short = await budgets.exhausted({ workflow: contract.name, owner: contract.owners.business });
    if (short) {
      const detail = describeShortfall(short, currencyOf(config));
      throw new PortreeveError('budget_exhausted', `${detail[0]?.toUpperCase()}${detail.slice(1)}.`, {
        next: `Have ${contract.owners.business} raise the budget under \`budgets\` in portreeve.config.ts, or wait for the next month.`,
        extra: { retry_after_s: untilNextMonth(clock.now()) },
      });
    }
  };
}

/** The currency of all prices; empty where there is none. */
export const currencyOf = ({ models }: Pick<ProjectConfig, 'models'>): string =>
  models.find(({ prices }) => prices)?.prices?.currency ?? '';

/** Seconds until so many have ended, at the rate of the last minute. */
function wait(many: number, ended: number): number {
  const rate_per_s = Math.max(ended / (DRAIN_MS / 1000), 1 / RETRY_MAX_S);
  return Math.min(RETRY_MAX_S, Math.max(1, Math.ceil(many / rate_per_s)));
}

function untilNextMonth(now: Date): number {
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  return Math.ceil((next - now.getTime()) / 1000);
}
