import { digestOf } from '@portreeve/contract';
import { type Api, type ApiClient, ApiProblem, createClient } from '../client/index.ts';

type Answer = Api['POST /v1/proposals']['answer'];

/** What an agent wants to do, by the name that the gateway gives the tool. */
export interface GateCall {
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly rationale?: string;
  /** The agent's own id of this call: delivered twice, it is one proposal. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

/**
 * `go`: by `caller`, it may be done now, once; by `gateway`, it was done, with this result, and must not be done again.
 * Everything else is a block, and `say` tells a model why.
 */
export type Verdict =
  | { readonly go: true; readonly by: 'caller' | 'gateway'; readonly proposal: string; readonly result: unknown }
  | {
      readonly go: false;
      readonly status: Exclude<Answer['status'], 'succeeded'> | 'unreachable';
      readonly proposal: string | null;
      readonly say: string;
    };

export interface Gate {
  /** Asks for one action. Never throws: what is not expressly permitted is a block. */
  ask(call: GateCall): Promise<Verdict>;
  /**
   * Carries a proposal of ours on, and says where it stands; one that people have approved meanwhile may be done now, once,
   * with `args`: those that it was asked with. Never throws.
   */
  follow(proposal: string, args: GateCall['args'], signal?: AbortSignal): Promise<Verdict>;
  /** Says what will be done, before anything is read (`/v1/intents`). Throws where it is not taken. */
  declare(task: string, calls: Api['POST /v1/intents']['body']['calls']): Promise<void>;
}

export interface GateOptions {
  /** Of the Portreeve server, such as `https://portreeve.example`. */
  readonly url: string;
  /** Of the agent, or of whoever it acts for; a function is asked at each call, so that a token can be renewed. */
  readonly token: string | (() => string | Promise<string>);
  /** Milliseconds after which no answer is a block: 150 seconds, which is more than any tool of the gateway may take. */
  readonly timeout_ms?: number;
}

const TIMEOUT_MS = 150_000;

/** The gate for programs that run agents of their own: `/v1/proposals` with every failure as a block (requirement I5). */
export function createGate({ url, token, timeout_ms = TIMEOUT_MS }: GateOptions): Gate {
  const client = async () =>
    createClient({ baseUrl: url.replace(/\/+$/, ''), token: typeof token === 'string' ? token : await token() });
  const bounded = (signal?: AbortSignal) =>
    AbortSignal.any([AbortSignal.timeout(timeout_ms), ...(signal ? [signal] : [])]);
  const asked = async (
    { args, signal }: Pick<GateCall, 'args' | 'signal'>,
    send: (client: ApiClient, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Verdict> => {
    let sent = false;
    try {
      const open = await client();
      signal?.throwIfAborted();
      sent = true;
      return verdictOf(await send(open, bounded(signal)), args);
    } catch (error) {
      return blockedBy(error, sent);
    }
  };
  return {
    ask: ({ tool, args, rationale, key, signal }) =>
      asked({ args, ...(signal ? { signal } : {}) }, (open, until) =>
        open.call('POST /v1/proposals', {
          body: { tool, args, ...(rationale ? { rationale: rationale.slice(0, 4000) } : {}) },
          signal: until,
          ...(key === undefined ? {} : { idempotencyKey: key }),
        }),
      ),
    follow: (id, args, signal) =>
      asked({ args, ...(signal ? { signal } : {}) }, (open, until) =>
        open.call('POST /v1/proposals/:id/resume', { params: { id }, signal: until }),
      ),
    async declare(task, calls) {
      await (await client()).call('POST /v1/intents', { body: { task, calls }, signal: bounded() });
    },
  };
}

function verdictOf(answer: Answer, args: GateCall['args']): Verdict {
  const { id, status } = answer;
  if (status !== 'succeeded') return { go: false, status, proposal: id, say: sayOf({ ...answer, status }) };
  if (answer.carried_out_by !== 'caller') return { go: true, by: 'gateway', proposal: id, result: answer.result };
  // What is done here is what was asked for, as JSON carries it. INVARIANT: a leave for other arguments is none for these.
  if (answer.args_digest !== digestOf(JSON.parse(JSON.stringify(args)))) return { ...OTHERWISE, proposal: id };
  return { go: true, by: 'caller', proposal: id, result: answer.result };
}

const OTHERWISE: Verdict & { readonly go: false } = {
  go: false,
  status: 'refused',
  proposal: null,
  say: 'What was let has other arguments than these, so nothing is done. Ask anew.',
};

function sayOf(answer: Answer & { readonly status: Exclude<Answer['status'], 'succeeded'> }): string {
  const { approval, expires_at, reason, handoff, decision } = answer;
  switch (answer.status) {
    case 'waiting':
      return `People must approve this first (${approval}, until ${expires_at}). Go on with other work; ask again with exactly the same arguments later.`;
    case 'ready':
      return 'People have approved this. Ask again with exactly the same arguments.';
    case 'given':
      return 'This was let once already, and is not let again by the same question.';
    case 'running':
      return 'It is not known yet how this ended. Ask again with exactly the same arguments later.';
    case 'failed':
      return `Nothing was done: ${reason}. A person has it in the queue (${handoff}).`;
    case 'unknown':
      return `It is not known whether this took effect. Do not repeat it: a person finds out (${handoff}).`;
    case 'refused':
      return `Refused by policy. ${(decision?.reasons ?? []).map(({ text }) => text).join(' ')} ${decision?.next ?? ''}`.trim();
    case 'denied':
      return 'People have denied this, or nobody approved it in time.';
    default:
      // An answer that this version does not know permits nothing.
      return `Not permitted: ${String(answer.status)}.`;
  }
}

/** Failures of a connection that was never there: nothing has left. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

function blockedBy(error: unknown, sent: boolean): Verdict {
  if (error instanceof ApiProblem && error.problem.status < 500) {
    const { detail, next, errors } = error.problem;
    const wrong = (Array.isArray(errors) ? errors : []).map((each) => `${each?.path}: ${each?.message}.`).join(' ');
    const say = [detail, wrong, next].filter((part) => part).join(' ');
    return { go: false, status: 'refused', proposal: null, say };
  }
  const code = (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  if (sent && !(typeof code === 'string' && NEVER_SENT.has(code))) return UNANSWERED;
  const say = 'The gate cannot be reached, so nothing is done. Say so to the user, and do not try another way.';
  return { go: false, status: 'unreachable', proposal: null, say };
}

/** The request has left and no answer came that can be read: it may have been carried out. */
const UNANSWERED: Verdict & { readonly go: false } = {
  go: false,
  status: 'unknown',
  proposal: null,
  say: 'The gate did not answer, so it is not known whether this took effect. Do not repeat it; say so to the user.',
};
