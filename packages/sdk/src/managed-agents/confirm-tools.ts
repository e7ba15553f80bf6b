import { type Gate, type NameOf, nameIn, type Verdict } from '../gate/index.ts';
import { letOrNot, unnamed } from '../gate/names.ts';

/** An event of a session (Managed Agents, beta `managed-agents-2026-04-01`), as far as it matters here. */
interface SessionEvent {
  readonly type: string;
  readonly id?: string;
  readonly name?: string;
  readonly mcp_server_name?: string;
  readonly input?: Record<string, unknown>;
  readonly evaluated_permission?: string;
  readonly stop_reason?: { readonly type: string; readonly event_ids?: readonly string[] } | null;
}

type Reply =
  | { type: 'user.tool_confirmation'; tool_use_id: string; result: 'allow' }
  | { type: 'user.tool_confirmation'; tool_use_id: string; result: 'deny'; deny_message: string }
  | {
      type: 'user.custom_tool_result';
      custom_tool_use_id: string;
      content: { type: 'text'; text: string }[];
      is_error: boolean;
    }
  | { type: 'user.interrupt' };

/** `client.beta.sessions.events` of `@anthropic-ai/sdk`. */
export interface SessionEvents {
  stream(session: string): PromiseLike<AsyncIterable<unknown>>;
  send(session: string, params: { events: Reply[] }): PromiseLike<unknown>;
}

export interface ConfirmOptions {
  readonly gate: Gate;
  readonly events: SessionEvents;
  readonly session: string;
  /**
   * Which tool of the gateway stands for which of the agent's: by its name, that of an MCP server's by `SERVER/NAME`. Custom
   * tools are carried out by the gateway; the others run where the agent runs, and are let or not.
   */
  readonly tools: NameOf;
  /** Waits before it asks again how people have decided. */
  readonly pause: () => Promise<void>;
}

/** A tool ran, or runs, without anybody having been asked: the agent's permission policy is not `always_ask`. */
export class Ungoverned extends Error {
  override readonly name = 'Ungoverned';
}

const USES = new Set(['agent.tool_use', 'agent.mcp_tool_use', 'agent.custom_tool_use']);

/**
 * Answers what a session of Claude Managed Agents asks for, by the gate, until the session's stream ends (requirement I5).
 * While people decide, the session stays idle: it is durable, and nobody is told anything before. A gate that cannot be
 * reached denies. Throws {@link Ungoverned}, after it has interrupted the session, where a tool was not asked for.
 */
export async function confirmTools(options: ConfirmOptions): Promise<void> {
  const { events, session } = options;
  const uses = new Map<string, SessionEvent>();
  const answered = new Set<string>();
  for await (const each of await events.stream(session)) {
    const event = each as SessionEvent;
    if (USES.has(event.type) && event.id !== undefined) {
      uses.set(event.id, event);
      await assertAsked(options, event);
    }
    if (event.type !== 'session.status_idle' || event.stop_reason?.type !== 'requires_action') continue;
    // An event may name what was answered already: it was on its way.
    const open = (event.stop_reason.event_ids ?? []).filter((id) => !answered.has(id));
    for (const id of open) answered.add(id);
    const replies = await Promise.all(open.map((id) => replyTo(options, id, uses.get(id))));
    if (replies.length > 0) await events.send(session, { events: replies });
    for (const id of open) uses.delete(id);
  }
}

async function assertAsked({ events, session }: ConfirmOptions, event: SessionEvent): Promise<void> {
  const { type, name, evaluated_permission } = event;
  // What the server itself has denied does not run, and a custom tool runs here alone.
  if (type === 'agent.custom_tool_use' || evaluated_permission === 'ask' || evaluated_permission === 'deny') return;
  await events.send(session, { events: [{ type: 'user.interrupt' }] });
  throw new Ungoverned(`${name} was not asked for: give each tool of the agent the permission policy always_ask.`);
}

async function replyTo(options: ConfirmOptions, id: string, use: SessionEvent | undefined): Promise<Reply> {
  const verdict = use ? await decided(options, id, use) : UNSEEN;
  if (use?.type === 'agent.custom_tool_use') {
    const text = verdict.go ? JSON.stringify(verdict.result ?? null) : verdict.say;
    return {
      type: 'user.custom_tool_result',
      custom_tool_use_id: id,
      content: [{ type: 'text', text }],
      is_error: !verdict.go,
    };
  }
  const allowed = letOrNot(verdict);
  return allowed.go
    ? { type: 'user.tool_confirmation', tool_use_id: id, result: 'allow' }
    : { type: 'user.tool_confirmation', tool_use_id: id, result: 'deny', deny_message: allowed.say };
}

const UNSEEN: Verdict & { go: false } = {
  go: false,
  status: 'refused',
  proposal: null,
  say: 'This call was not seen, so it is not permitted. Make it again.',
};

const OPEN = new Set(['waiting', 'ready', 'running']);

/** An `unknown` of the gateway names its proposal; one that names none is an answer that did not come. */
const isUnanswered = ({ status, proposal }: Verdict & { go: false }): boolean =>
  status === 'unreachable' || (status === 'unknown' && proposal === null);

async function decided(
  { gate, tools, pause, session }: ConfirmOptions,
  id: string,
  use: SessionEvent,
): Promise<Verdict> {
  const name = use.type === 'agent.mcp_tool_use' ? `${use.mcp_server_name}/${use.name}` : String(use.name);
  const named = nameIn(tools, name);
  if (named === null) return unnamed(name);
  const rationale = `Managed agent, session ${session}.`;
  const args = { ...use.input };
  let verdict = await gate.ask({ tool: named, args, rationale, key: id });
  while (!verdict.go && OPEN.has(verdict.status) && verdict.proposal !== null) {
    await pause();
    const next = await gate.follow(verdict.proposal, args);
    // While nobody answers, what was last known still holds: people are deciding. To ask again is safe: a leave that was
    // lost on its way is not given a second time.
    if (next.go || !isUnanswered(next)) verdict = next;
  }
  return verdict;
}
