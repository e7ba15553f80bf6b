import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { idSchema, type JsonObject, type ToolContract, timeOfId } from '@portreeve/contract';
import type { OutsideAnswer } from '@portreeve/gate';
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
export function taskOf(answer: OutsideAnswer): JsonObject {
  const open = isOpen(answer);
  return {
    resultType: 'task',
    taskId: answer.proposal,
    status: open ? 'working' : 'completed',
    ...(open ? { statusMessage: messageOf(answer) } : {}),
    createdAt: timeOf(answer.proposal),
    lastUpdatedAt: timeOf(answer.proposal),
    ttlMs: TTL_MS,
    pollIntervalMs: RETRY_AFTER_S * 1000,
  };
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
    const id = idSchema('proposal').safeParse(taskId);
    const may = (contract: ToolContract) => inScope(who, contract);
    const found = id.success ? await outside.follow(who.principal, id.data, { may, carry }) : null;
    if (!found) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such task.');
    return found;
  };

  server.setRequestHandler('tasks/get', { params }, async ({ taskId }) => {
    // A client of tasks asks for nothing else until the end: this is what carries it on, and it is sent by POST.
    const { contract, answer } = await mine(taskId, true);
    const { resultType: _, ...task } = taskOf(answer);
    const result = isOpen(answer) ? {} : { result: { resultType: 'complete', ...callAnswer(contract, answer) } };
    return { resultType: 'complete', ...task, ...result };
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
