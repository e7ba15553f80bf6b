import type { RecordDraft, ToolContract, WorkflowDefinition } from '@portreeve/contract';

/**
 * Which records are taken also while records wait too long for their place in the log: those of workflows that say
 * `while_unplaced: 'continue'`, unless they are about a tool that does more than read (requirement C4: low risk degrades to a
 * read-only mode). What belongs to no workflow is not among them.
 */
export function whileUnplaced(definitions: readonly WorkflowDefinition[]): (draft: RecordDraft) => boolean {
  const readsByWorkflow = new Map(
    definitions
      .filter(({ contract }) => contract.while_unplaced === 'continue')
      .map(({ contract, tools }) => [contract.name, new Set(tools.filter(readsOnly).map(({ name }) => name))]),
  );
  return ({ refs }) => {
    const tools = refs?.workflow === undefined ? undefined : readsByWorkflow.get(refs.workflow);
    return tools !== undefined && (refs?.tool === undefined || tools.has(refs.tool));
  };
}

const readsOnly = ({ tier, effect, egress, destructive }: ToolContract): boolean =>
  tier === 1 && effect === 'read' && egress !== true && destructive !== true;
