import type { ModelEndpoint } from './model-endpoint.ts';
import type { BudgetsConfig } from './model-limits.ts';

type Place = readonly (string | number)[];

/** Every budget that counts money, as a path within `budgets`. */
export function moneyBudgets(budgets: BudgetsConfig): Place[] {
  const { run, month, workflows, owners } = budgets;
  const all: [Place, { readonly micros?: number | undefined } | undefined][] = [
    [['run'], run],
    [['month'], month],
    ...Object.entries(workflows).flatMap(([name, of]): typeof all => [
      [['workflows', name, 'run'], of.run],
      [['workflows', name, 'month'], of.month],
    ]),
    ...Object.entries(owners).map(([name, of]): (typeof all)[number] => [['owners', name, 'month'], of.month]),
  ];
  return all.flatMap(([path, budget]) => (budget?.micros === undefined ? [] : [path]));
}

/**
 * Whether an endpoint's answers by this model count in budgets of money. The simulated one costs nothing; any other says
 * what it costs, and a model of the house's own says 0.
 */
export const isPriced = ({ kind, prices }: ModelEndpoint, model: string): boolean =>
  kind === 'simulated' || (prices !== undefined && Object.hasOwn(prices.models, model));

/** What to write, for whom lacks a price. */
export const priceLacks = ({ name }: ModelEndpoint, model: string): string =>
  `holds nothing back at ${name}, which has no price for ${model}: set \`prices\` there (0 where it costs nothing), or \`tokens\` here`;

/** Budgets of money that would silently not hold (requirement E5): any endpoint may be asked for any workflow. */
export function unpricedBudgets(
  models: readonly ModelEndpoint[],
  budgets: BudgetsConfig,
): { path: Place; message: string }[] {
  const lacking = models.find((endpoint) => !isPriced(endpoint, endpoint.model));
  return lacking ? moneyBudgets(budgets).map((path) => ({ path, message: priceLacks(lacking, lacking.model) })) : [];
}
