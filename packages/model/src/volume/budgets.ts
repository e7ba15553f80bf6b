import type { RunId } from '@portreeve/contract';

/** What a question may cost at the most, or has cost: tokens, and millionths of the currency's unit. */
export interface Amount {
  readonly tokens: number;
  readonly micros: number;
}

/** Who pays for a question. */
export interface Payer {
  readonly run: RunId;
  readonly workflow: string;
  readonly owner: string;
}

/** A budget that is used up, or too small for what was to come. */
export interface Shortfall {
  /** `run`, `workflow:NAME`, `owner:NAME` or `all`. */
  readonly budget: string;
  /** `2026-11`, or null for a run's. */
  readonly month: string | null;
  readonly unit: 'micros' | 'tokens';
  readonly limit: number;
  readonly used: number;
  /** Kept back for questions that are under way. */
  readonly reserved: number;
  readonly asked: number;
}

/**
 * Budgets of all processes (requirement E5). What a question may cost is kept back before it is sent and put right
 * afterwards, so that questions at the same time cannot overdraw.
 */
export interface Budgets {
  /** Keeps `most` back under a name, from all budgets of the payer or from none: then it says which is short. */
  reserve(id: string, payer: Payer, most: Amount, lease_ms: number): Promise<Shortfall | null>;
  /** Puts what it came to in the place of what was kept back. A second time changes nothing. */
  settle(id: string, used: Amount): Promise<void>;
}

/** Without limits and without a count: for a model that nothing pays for. */
export const NO_BUDGETS: Budgets = { reserve: async () => null, settle: async () => undefined };

/** The sentence for a person: which budget, how much of it is used, and what the question would have needed. */
export function describeShortfall(short: Shortfall, currency: string): string {
  const number = (value: number) => (short.unit === 'tokens' ? String(value) : inUnits(value));
  const unit = short.unit === 'tokens' ? ' tokens' : currency && ` ${currency}`;
  const whose = { run: 'this run', all: 'all workflows together' }[short.budget] ?? short.budget.replace(':', ' ');
  const budget = `the budget of ${whose}${short.month === null ? '' : ` for ${short.month}`}`;
  const used = `${number(short.used)} of ${number(short.limit)}${unit}`;
  if (short.used >= short.limit) return `${budget} is used up: ${used}`;
  const kept = short.reserved === 0 ? '' : `, ${number(short.reserved)} are kept back for questions under way`;
  return `${budget} does not suffice: ${used} are used${kept}, and this question may take up to ${number(short.asked)}`;
}

/** Millionths as a decimal, without a float: 1500000 is 1.50. */
export function inUnits(micros: number): string {
  const cents = (BigInt(micros) + 9_999n) / 10_000n;
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}
