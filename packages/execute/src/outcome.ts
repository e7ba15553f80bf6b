import {
  actorOf,
  type CallOutcome,
  digestOf,
  draft,
  jsonSchema,
  type Proposal,
  type RecordDraft,
  type RecordRefs,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { z } from 'zod';
import type { StoredExecution } from './ports.ts';

const duration_ms = z.int().min(0);

/** A call's outcome as a store keeps it: checked again when it is read back. */
export const callOutcomeSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('succeeded'), status: z.int().optional(), result: jsonSchema, duration_ms }),
  z.strictObject({ state: z.literal('failed'), status: z.int().optional(), reason: z.string(), duration_ms }),
  z.strictObject({ state: z.literal('unknown'), reason: z.string(), duration_ms }),
]) as unknown as z.ZodType<CallOutcome>;

/** The record that a call is about to be made. */
export function intentRecord(execution: StoredExecution): RecordDraft {
  return draft({
    type: 'execution.intent',
    key: `execution.intent:${execution.id}`,
    actor: execution.actor,
    refs: execution.refs,
    data: {
      proposal_digest: execution.proposal_digest,
      args_digest: execution.args_digest,
      tool: execution.tool,
      tool_version: execution.tool_version,
      idempotency_key: execution.idempotency_key,
    },
  });
}

/** The record of how it ended. `late`: the answer came after the outcome had been settled as unknown. */
export function resultRecord(execution: StoredExecution, outcome: CallOutcome, late: boolean): RecordDraft {
  return draft({
    type: 'execution.result',
    key: `execution.result${late ? '.late' : ''}:${execution.id}`,
    actor: execution.actor,
    refs: execution.refs,
    outcome: outcome.state,
    data: {
      state: outcome.state,
      http_status: outcome.state === 'unknown' ? null : (outcome.status ?? null),
      reason: outcome.state === 'succeeded' ? null : outcome.reason,
      result: outcome.state === 'succeeded' ? outcome.result : null,
      result_digest: outcome.state === 'succeeded' ? digestOf(outcome.result) : null,
      duration_ms: outcome.duration_ms,
      late,
    },
  });
}

/** The record that a grant was refused. `proposal` is null where what came was not even a proposal. */
export function refusalRecord(
  proposal: Proposal | null,
  grant: RecordRefs | null,
  code: string,
  reason: string,
): RecordDraft {
  return draft({
    type: 'grant.refused',
    actor: proposal ? actorOf(proposal.principal) : SYSTEM_ACTOR,
    refs: grant ?? (proposal ? proposalRefs(proposal) : {}),
    outcome: code,
    data: { code, reason },
  });
}

function proposalRefs(proposal: Proposal): RecordRefs {
  return {
    ...(proposal.run ? { run: proposal.run } : {}),
    workflow: proposal.workflow,
    release: proposal.release,
    proposal: proposal.id,
    tool: proposal.tool,
  };
}
