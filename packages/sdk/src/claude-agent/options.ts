import { createGate, type Gate, type GateOptions, type NameOf } from '../gate/index.ts';
import { namedCalls } from '../gate/name-calls.ts';
import { beforeTool, type Hook } from './hooks.ts';
import { afterTool, type Redact } from './redact-output.ts';

export interface GovernedOptions extends GateOptions {
  /**
   * Which tool of the gateway stands for which of Claude Code's, such as `{ Bash: 'desk_start_build' }`. A tool that does
   * not stand here is denied. The tools of the gateway itself come over MCP and need no name.
   */
  readonly tools: NameOf;
  /** The name of the gateway among the MCP servers: `portreeve`. */
  readonly server?: string;
  /** Secrets of this process that no model should read: taken out of what tools return. */
  readonly secrets?: readonly string[];
  /** Changes what a tool has returned before a model reads it. What it throws withholds the whole, and ends the turn. */
  readonly redact?: Redact;
  /** Another gate than that of `url`. */
  readonly gate?: Gate;
}

/** Seconds after which Claude Code gives a hook up. The gate's own time-out is shorter, and blocks. */
export const HOOK_TIMEOUT_S = 180;

/**
 * Options for `query()` of the Claude Agent SDK (0.3.329) by which every call of a tool comes to the gate first (requirement
 * I5): a hook before each tool that blocks where it fails, no settings from disk, no MCP server but the gateway, an explicit
 * permission mode, and nobody else to ask. Put your own options before these: `{ ...own, ...governedOptions(…) }`.
 */
export async function governedOptions(options: GovernedOptions) {
  const { url, token, server = 'portreeve', tools, secrets = [], redact = (text: string) => text } = options;
  const gate = options.gate ?? createGate(options);
  const bearer = typeof token === 'string' ? token : await token();
  const ask = namedCalls(gate);
  const before: Hook = (input, _id, { signal }) => beforeTool({ ask, tools, server }, input, signal);
  const after: Hook = async (input) => afterTool({ secrets: [...secrets, bearer], redact }, input);
  return {
    permissionMode: 'dontAsk' as const,
    permissionPrompts: 'none' as const,
    settingSources: [] as [],
    strictMcpConfig: true,
    // Not on the command line, where other users of the machine could read the token.
    mcpServersDelivery: 'initialize' as const,
    mcpServers: {
      [server]: {
        type: 'http' as const,
        url: `${url.replace(/\/+$/, '')}/mcp`,
        headers: { Authorization: `Bearer ${bearer}` },
      },
    },
    // What these would approve beforehand no prompt would see; the hook sees it in any case.
    allowedTools: [] as string[],
    hooks: {
      PreToolUse: [{ hooks: [before], timeout: HOOK_TIMEOUT_S, onFailure: 'block' as const }],
      PostToolUse: [{ hooks: [after], timeout: HOOK_TIMEOUT_S, onFailure: 'block' as const }],
      PostToolUseFailure: [{ hooks: [after], timeout: HOOK_TIMEOUT_S, onFailure: 'block' as const }],
    },
  };
}
