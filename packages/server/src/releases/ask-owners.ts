import {
  type Digest,
  type JsonObject,
  type Principal,
  type ProposalId,
  RELEASE_DESK,
  RELEASE_DESK_DIGEST,
  RELEASE_TOOLS,
  type ToolContract,
} from '@portreeve/contract';
import type { Gate, GateResult } from '@portreeve/gate';

/** A proposal of a tool of the house, by an operator. */
export interface HouseWish {
  readonly proposal: ProposalId;
  readonly tool: ToolContract;
  readonly args: JsonObject;
  readonly reason: string;
  readonly by: Principal;
  /** The groups whose members agree. */
  readonly owners: readonly string[];
  readonly timeout_minutes: number;
}

/** Puts it before the gate: policy, the owners, the grant and the record are those of every action. */
export function askOwners(
  gate: Pick<Gate, 'submit'>,
  { proposal, tool, args, reason, by, owners, timeout_minutes }: HouseWish,
): Promise<GateResult> {
  return gate.submit({
    id: proposal,
    run: null,
    workflow: {
      ...{ name: RELEASE_DESK, tier: 'medium', sources: [] },
      tools: RELEASE_TOOLS.map(({ name }) => name),
      approvers: [...owners],
    },
    approval_timeout_minutes: timeout_minutes,
    history: {},
    release: RELEASE_DESK_DIGEST satisfies Digest,
    principal: by,
    contract: tool,
    tools: RELEASE_TOOLS,
    args,
    request: {},
    rationale: reason,
    evidence: null,
    stoodFor: [],
    injection: 0,
  });
}

/** Where a wish stands for whoever made it. */
export interface Asked {
  readonly proposal: ProposalId;
  readonly tool: string;
  readonly status: GateResult['status'];
  /** What people are asked by, while they are. */
  readonly approval: string | null;
  /** Why nothing was done. */
  readonly reason: string | null;
}

export function askedOf({ proposal, tool }: Pick<Asked, 'proposal' | 'tool'>, result: GateResult): Asked {
  const approval = result.status === 'waiting' || result.status === 'denied' ? result.approval : null;
  return { proposal, tool, status: result.status, approval, reason: reasonOf(result) };
}

/** Whether it may still come to something. */
export const goesOn = ({ status }: GateResult): boolean => ['waiting', 'running', 'settling'].includes(status);

/** What was noted and never proposed is given up after so long: who stops in between leaves that behind. */
export const NEVER_ASKED_MS = 60_000;

function reasonOf(result: GateResult): string | null {
  if (result.status === 'refused') return result.decision.reasons.map(({ text }) => text).join(' ');
  if (result.status === 'failed') return result.reason;
  if (result.status === 'denied') return result.by === 'person' ? 'A person said no.' : `By ${result.by}.`;
  return null;
}
