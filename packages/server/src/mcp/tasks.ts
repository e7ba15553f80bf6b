import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
} from '@modelcontextprotocol/server';
import { idSchema, type JsonObject, type ToolContract, timeOfId } from '@portreeve/contract';
import type { Followed, OutsideAnswer } from '@portreeve/gate';
import { z } from 'zod';
import { callAnswer, RETRY_AFTER_S } from './answers.ts';
import { type Caller, isOpen } from './call-tool.ts';
import { inScope } from './gateway.ts';

/** The extension by which a call may answer later (ext-tasks, SEP-2663). */
export const TASKS = 'io.modelcontextprotocol/tasks';

/** How long a task is told of after its end: as long as its proposal is kept; this is what clients may rely on. */
const TTL_MS = 24 * 3_600_000;

export function clientHasTasks(capabilities: JsonObject): boolean {
  const { extensions } = capabilities as { extensions?: JsonObject };
  return typeof extensions?.[TASKS] === 'object';
}

/**
 * A proposal that is not at its end, as a task. Its id is the proposal's, of which nobody can guess one (80 random bits),
 * and which is nobody's but its principal's. `working` while others decide: the client has nothing to give.
 */
export function taskOf(answer: OutsideAnswer, reason: string | null = null): JsonObject {
  const status = statusOf(answer, reason);
  return {
    resultType: 'task',
    taskId: answer.proposal,
    status,
    ...(status === 'working' ? { statusMessage: messageOf(answer) } : {}),
    createdAt: timeOf(answer.proposal),
    lastUpdatedAt: timeOf(answer.proposal),
    ttlMs: TTL_MS,
    pollIntervalMs: RETRY_AFTER_S * 1000,
  };
}

/**
 * `cancelled`: who asked has taken it back. `failed`: the server behind answered with an error of the protocol. What people
 * or policy refused, and what a tool says that went wrong, is a result: `completed`.
 */
function statusOf(answer: OutsideAnswer, reason: string | null): 'working' | 'completed' | 'cancelled' | 'failed' {
  if (isOpen(answer)) return 'working';
  if (answer.status === 'denied' && answer.by === 'withdrawal') return 'cancelled';
  return errorOf(reason) === null ? 'completed' : 'failed';
}

/** The number of the error by which a task failed; null where it did not. It is ours, out of our connector's reason. */
function errorOf(reason: string | null): number | null {
  const code = / error (-\d{5})$/.exec(reason ?? '')?.[1];
  return code === undefined ? null : Number(code);
}

const messageOf = (answer: OutsideAnswer): string =>
  answer.status === 'waiting'
    ? `Waiting for approval ${answer.approval} until ${answer.expires_at}.`
    : answer.status === 'ready'
      ? 'Approved.'
      : 'Being carried out.';

function timeOf(proposal: OutsideAnswer['proposal']): string {
  try {
    return timeOfId(proposal).toISOString();
  } catch {
    // One that was named by its caller has no time in its id.
    return new Date(0).toISOString();
  }
}

const params = z.looseObject({ taskId: z.string().max(128) });

/** `tasks/get`, `tasks/update` and `tasks/cancel`: of one's own tasks; another's is one that does not exist. */
export function serveTasks(server: Server, caller: Caller): void {
  const { outside, who } = caller;
  const mine = async (taskId: string, carry: boolean) => {
    if (!clientHasTasks(caller.capabilities()))
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS]: {} } } });
    const id = idSchema('proposal').safeParse(taskId);
    const may = (contract: ToolContract) => inScope(who, contract);
    const found = id.success ? await outside.follow(who.principal, id.data, { may, carry }) : null;
    if (!found) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such task.');
    return found;
  };

  server.setRequestHandler('tasks/get', { params }, async ({ taskId }) => {
    // A client of tasks asks for nothing else until the end: this is what carries it on, and it is sent by POST.
    const found = await mine(taskId, true);
    const { resultType: _, ...task } = taskOf(found.answer, found.reason);
    return { resultType: 'complete', ...task, ...endOf(found) };
  });
  // Nothing is ever asked of the client for a task: whoever asks does not approve.
  server.setRequestHandler('tasks/update', { params }, async ({ taskId }) => {
    await mine(taskId, false);
    return { resultType: 'complete' };
  });
  server.setRequestHandler('tasks/cancel', { params }, async ({ taskId }) => {
    const { answer } = await mine(taskId, false);
    if (answer.status === 'waiting') await caller.withdraw(answer.approval, who.principal);
    return { resultType: 'complete' };
  });
}

/** What a task carries at its end: its result, or its error, and never both. */
function endOf({ contract, answer, reason }: Followed): JsonObject {
  const status = statusOf(answer, reason);
  if (status === 'working' || status === 'cancelled') return {};
  const result = callAnswer(contract, answer);
  if (status === 'completed') return { result: { resultType: 'complete', ...result } };
  const [{ text = '' } = {}] = result.content as { text?: string }[];
  return { error: { code: errorOf(reason), message: text, data: result.structuredContent ?? null } };
}
