import { type GateCall, type NameOf, nameIn, type Verdict } from '../gate/index.ts';
import { letOrNot, unnamed } from '../gate/names.ts';

/**
 * What Claude Code gives a hook of a tool (claude-agent-sdk 0.3.329: `PreToolUseHookInput`, `PostToolUseHookInput`,
 * `PostToolUseFailureHookInput`).
 */
export interface ToolHookInput {
  readonly hook_event_name: string;
  readonly session_id?: string;
  readonly tool_name?: unknown;
  readonly tool_input?: unknown;
  readonly tool_response?: unknown;
  readonly error?: unknown;
  readonly tool_use_id?: unknown;
  readonly mcp_server?: { readonly name: string; readonly source: string };
}

export type Hook = (
  input: ToolHookInput,
  toolUseId: string | undefined,
  options: { readonly signal: AbortSignal },
) => Promise<HookAnswer>;

/** The part of `SyncHookJSONOutput` that we give. */
export interface HookAnswer {
  /** `false` ends the turn before the model reads on. */
  readonly continue?: false;
  readonly stopReason?: string;
  readonly hookSpecificOutput?:
    | {
        readonly hookEventName: 'PreToolUse';
        readonly permissionDecision: 'allow' | 'deny';
        readonly permissionDecisionReason: string;
      }
    | {
        readonly hookEventName: 'PostToolUse';
        readonly additionalContext: string;
        readonly updatedToolOutput?: unknown;
      }
    | { readonly hookEventName: 'PostToolUseFailure'; readonly additionalContext: string };
}

/** Asks the gate for a call, under the id that Claude Code gave it. */
export type Ask = (call: GateCall, id: string | undefined) => Promise<Verdict>;

/** Decides on one call before it is made. Never throws: what is not expressly permitted is denied. */
export async function beforeTool(
  options: { readonly ask: Ask; readonly tools: NameOf; readonly server: string },
  input: ToolHookInput,
  signal?: AbortSignal,
): Promise<HookAnswer> {
  const { ask, tools, server } = options;
  const { tool_name, tool_input, tool_use_id, mcp_server } = input;
  if (input.hook_event_name !== 'PreToolUse' || typeof tool_name !== 'string') return answer('deny', UNREADABLE);
  // The gateway decides on its own tools itself, when they are called: asking here too would be two questions.
  if (isGateway(mcp_server, server) && tool_name.startsWith(`mcp__${server}__`))
    return answer('allow', 'The gateway decides on this when it is called.');
  const named = nameIn(tools, tool_name);
  if (named === null) return answer('deny', unnamed(tool_name).say);
  if (typeof tool_input !== 'object' || tool_input === null) return answer('deny', UNREADABLE);
  const call = {
    tool: named,
    args: { ...tool_input },
    rationale: `Claude Code, call ${String(tool_use_id).slice(0, 100)}.`,
    ...(signal ? { signal } : {}),
  };
  const asked = await ask(call, typeof tool_use_id === 'string' ? tool_use_id : undefined);
  const verdict = letOrNot(asked);
  return verdict.go ? answer('allow', `Permitted (${verdict.proposal}).`) : answer('deny', verdict.say);
}

/** Where a server may come from that has the gateway's name: from this program or from the organization, not from a project. */
const SOURCES = new Set(['sdk', 'dynamic', 'managed', 'enterprise']);

const isGateway = (from: ToolHookInput['mcp_server'], server: string): boolean =>
  from !== undefined && from.name === server && SOURCES.has(from.source);

const UNREADABLE = 'This call cannot be read, so it is not made.';

const answer = (permissionDecision: 'allow' | 'deny', permissionDecisionReason: string): HookAnswer => ({
  hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision, permissionDecisionReason },
});
