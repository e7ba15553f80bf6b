import type { Run, ToolContract, WorkflowDefinition } from '@portreeve/contract';
import type { KnownOfWish } from '@portreeve/gate';
import { factsOf } from './facts.ts';

/**
 * What a wish is decided by that the run and its release say, the same wherever the run is carried out. INVARIANT: nothing
 * of it is for who carries the run to say, whether the run is a shadow least of all.
 */
export function knownOfWish(
  run: Run,
  { contract: workflow, tools }: Pick<WorkflowDefinition, 'contract' | 'tools'>,
  contract: ToolContract,
): Omit<KnownOfWish, 'id'> {
  return {
    ...{ run: run.id, release: run.release, principal: run.principal, request: run.input },
    ...{ workflow: factsOf(workflow), contract, tools },
    ...{ approval_timeout_minutes: workflow.approval_timeout_minutes, history: workflow.history },
    ...(workflow.input_secrecy ? { request_secrecy: workflow.input_secrecy } : {}),
    ...(run.shadow_of ? { shadow: true as const } : {}),
  };
}
