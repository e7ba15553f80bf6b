import { isPriced, moneyBudgets, PortreeveError, type ProjectConfig, priceLacks } from '@portreeve/contract';
import type { LoadedWorkflow } from '@portreeve/run';

/**
 * A prompt may name a model of its own; a budget of money that the workflow is under needs a price for that too
 * (requirement E5). Throws `misconfigured`.
 */
export function checkPrices(
  { models, budgets }: Pick<ProjectConfig, 'models' | 'budgets'>,
  { definition, promptsByName }: Pick<LoadedWorkflow, 'definition' | 'promptsByName'>,
): void {
  const { name, owners } = definition.contract;
  const budget = moneyBudgets(budgets).find(
    ([kind, whose]) => whose === undefined || (kind === 'workflows' ? whose === name : whose === owners.business),
  );
  if (!budget) return;
  for (const { contract } of promptsByName.values()) {
    const { model } = contract;
    const lacking = model === undefined ? undefined : models.find((endpoint) => !isPriced(endpoint, model));
    if (model !== undefined && lacking)
      throw new PortreeveError(
        'misconfigured',
        `The prompt ${contract.id} of ${name} asks for ${model}, and budgets.${budget.join('.')} ${priceLacks(lacking, model)}.`,
      );
  }
}
