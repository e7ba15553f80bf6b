import type { Json, JsonObject, ToolContract } from '@portreeve/contract';
import type { OutsideAnswer } from '@portreeve/gate';
import { asPart } from './closed-schema.ts';

/** Seconds after which a client may ask again about something that people decide. */
export const RETRY_AFTER_S = 10;

/** A result of `tools/call`, as far as we make one. */
export type CallAnswer = JsonObject & { readonly content: JsonObject[] };

/** What a client is told of an action (MCP 2026-07-28, `CallToolResult`). A refusal is a result, so that a model reads why. */
export function callAnswer({ binding }: ToolContract, answer: OutsideAnswer): JsonObject {
  switch (answer.status) {
    case 'succeeded':
      return binding.connector === 'mcp' && binding.whole
        ? whole(answer.result, answer)
        : ownResult(answer.result, answer);
    case 'waiting':
      return told('pending_approval', answer.proposal, {
        text:
          `People must approve this first (${answer.approval}, until ${answer.expires_at}). ` +
          'Go on with other work; call the tool again with exactly the same arguments to learn how it ended.',
        more: { approval_id: answer.approval, expires_at: answer.expires_at, retry_after_s: RETRY_AFTER_S },
      });
    case 'running':
      return told('running', answer.proposal, {
        text: 'It is not known yet how this ended. Call the tool again with exactly the same arguments to learn it.',
        more: { retry_after_s: RETRY_AFTER_S },
      });
    case 'ready':
      return told('ready', answer.proposal, {
        text: 'People have approved this. Call the tool again with exactly the same arguments, and it is done.',
        more: {},
      });
    case 'given':
      return told('given', answer.proposal, { text: 'This was let once already.', more: {} });
    case 'failed':
      return told('failed', answer.proposal, {
        text: `Nothing was done: ${answer.reason}. A person has it in the queue (${answer.handoff}).`,
        more: { handoff_id: answer.handoff },
      });
    case 'unknown':
      return told('unknown', answer.proposal, {
        text: `It is not known whether this took effect. Do not repeat it: a person finds out (${answer.handoff}).`,
        more: { handoff_id: answer.handoff },
      });
    case 'refused': {
      const { reasons, next, id } = answer.decision;
      const text = reasons.map((reason) => reason.text).join(' ') || 'Policy permits no such action.';
      return told('refused', answer.proposal, {
        text: `Refused by policy. ${text} ${next}`.trim(),
        more: { decision_id: id, reasons: reasons.map(({ code, rule }) => ({ code, rule })), next },
      });
    }
    case 'denied':
      return told('denied', answer.proposal, {
        text: answer.by === 'time-out' ? 'Nobody approved this in time.' : 'A person denied this.',
        more: { approval_id: answer.approval, by: answer.by },
      });
  }
}

function told(status: string, proposal: string, { text, more }: { text: string; more: object }): CallAnswer {
  return failure(text, { status, proposal_id: proposal, ...more });
}

/** A result that says what went wrong, so that a model can do better. */
export function failure(text: string, about: object): CallAnswer {
  const structuredContent = JSON.parse(JSON.stringify(about)) as JsonObject;
  return { isError: true, content: [{ type: 'text', text }], structuredContent };
}

type Succeeded = Extract<OutsideAnswer, { status: 'succeeded' }>;

const meta = ({ proposal, execution, narrowed }: Succeeded): JsonObject => ({
  'dev.portreeve/proposal': proposal,
  'dev.portreeve/execution': execution,
  ...(narrowed.length > 0 ? { 'dev.portreeve/narrowed': [...narrowed] } : {}),
});

/** The answer of an upstream: its content as data, and of its own remarks nothing. */
function whole(result: Json, answer: Succeeded): JsonObject {
  const { _meta: _, ...rest } = result as JsonObject;
  return { ...rest, _meta: meta(answer) };
}

function ownResult(result: Json, answer: Succeeded): CallAnswer {
  const isObject = typeof result === 'object' && result !== null && !Array.isArray(result);
  return {
    content: [{ type: 'text', text: JSON.stringify(result) }],
    ...(isObject ? { structuredContent: result } : {}),
    _meta: meta(answer),
  };
}

/** The form of what we say in place of a tool's own result. */
const TOLD: JsonObject = { type: 'object', properties: { status: { type: 'string' } }, required: ['status'] };

/**
 * The schema of results as clients are shown it: the tool's own, or ours. There are clients that hold a failure to the
 * schema as well. As a member, which is left out where the tool's own cannot stand inside another.
 */
export function withOutput(own: JsonObject): JsonObject {
  const made = asPart(own);
  return made ? { outputSchema: { ...made.defs, type: 'object', anyOf: [made.part, TOLD] } } : {};
}
