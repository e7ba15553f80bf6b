import type { WorkflowContract, WorkflowFacts } from '@portreeve/contract';

/** What policy may know of a workflow. */
export function factsOf(contract: WorkflowContract): WorkflowFacts {
  return {
    name: contract.name,
    tier: contract.tier,
    tools: [...contract.scope.tools],
    sources: [...contract.scope.sources],
    approvers: [...contract.approvers],
  };
}

/** Starting, reading and asking change nothing: a freeze that lets reads through again lets these through. */
export const LOOKING = { effect: 'read', tier: 1 } as const;
