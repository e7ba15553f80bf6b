import type { RecordDraft, WorkflowDefinition } from '@portreeve/contract';

/**
 * Which records are taken also while records wait too long for their place in the log: those of workflows that say
 * `while_unplaced: 'continue'`, unless they are about a tool above tier 1. What belongs to no workflow is not among them.
 */
export function whileUnplaced(definitions: readonly WorkflowDefinition[]): (draft: RecordDraft) => boolean {
  const tierOnesByWorkflow = new Map(
    definitions
      .filter(({ contract }) => contract.while_unplaced === 'continue')
      .map(({ contract, tools }) => [
        contract.name,
        new Set(tools.filter(({ tier, destructive }) => tier === 1 && !destructive).map(({ name }) => name)),
      ]),
  );
  return ({ refs }) => {
    const tools = refs?.workflow === undefined ? undefined : tierOnesByWorkflow.get(refs.workflow);
    return tools !== undefined && (refs?.tool === undefined || tools.has(refs.tool));
  };
}
