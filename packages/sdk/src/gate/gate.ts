import { type Api, ApiProblem, createClient } from '../client/index.ts';

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
  /** Where a proposal of ours stands; one that people have approved meanwhile may be done now. Never throws. */
  follow(proposal: string, signal?: AbortSignal): Promise<Verdict>;
  /** Says what will be done, before anything is read (`/v1/intents`). Throws where it is not taken. */
  declare(task: string, calls: Api['POST /v1/intents']['body']['calls']): Promise<void>;
}

export interface GateOptions {
  /** Of the Portreeve server, such as `https://portreeve.example`. */
  readonly url: string;
  /** Of the agent, or of whoever it acts for; a function is asked at each call, so that a token can be renewed. */
  readonly token: string | (() => string | Promise<string>);
  /** Milliseconds after which no answer is a block: 10 seconds. */
  readonly timeout_ms?: number;
}

/** The gate for programs that run agents of their own: `/v1/proposals` with every failure as a block (requirement I5). */
export function createGate({ url, token, timeout_ms = 10_000 }: GateOptions): Gate {
  const client = async () =>
    createClient({ baseUrl: url.replace(/\/+$/, ''), token: typeof token === 'string' ? token : await token() });
  const bounded = (signal?: AbortSignal) =>
    AbortSignal.any([AbortSignal.timeout(timeout_ms), ...(signal ? [signal] : [])]);
  const asked = async (ask: () => Promise<Answer>): Promise<Verdict> => {
    try {
      return verdictOf(await ask());
    } catch (error) {
      return blockedBy(error);
    }
  };
  return {
    ask: ({ tool, args, rationale, key, signal }) =>
      asked(async () =>
        (await client()).call('POST /v1/proposals', {
          body: { tool, args, ...(rationale ? { rationale: rationale.slice(0, 4000) } : {}) },
          signal: bounded(signal),
          ...(key === undefined ? {} : { idempotencyKey: key }),
        }),
      ),
    follow: (id, signal) =>
      asked(async () => (await client()).call('GET /v1/proposals/:id', { params: { id }, signal: bounded(signal) })),
    async declare(task, calls) {
      await (await client()).call('POST /v1/intents', { body: { task, calls }, signal: bounded() });
    },
  };
}

function verdictOf(answer: Answer): Verdict {
  const { id, status } = answer;
  if (status !== 'succeeded') return { go: false, status, proposal: id, say: sayOf({ ...answer, status }) };
  const by = answer.carried_out_by === 'caller' ? 'caller' : 'gateway';
  return { go: true, by, proposal: id, result: answer.result };
}

function sayOf(answer: Answer & { readonly status: Exclude<Answer['status'], 'succeeded'> }): string {
  const { approval, expires_at, reason, handoff, decision } = answer;
  switch (answer.status) {
    case 'waiting':
      return `People must approve this first (${approval}, until ${expires_at}). Go on with other work; ask again with exactly the same arguments later.`;
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

function blockedBy(error: unknown): Verdict {
  if (error instanceof ApiProblem) {
    const { detail, next, errors = [] } = error.problem;
    const wrong = errors.map(({ path, message }) => `${path}: ${message}.`).join(' ');
    const say = [detail, wrong, next].filter((part) => part).join(' ');
    return { go: false, status: 'refused', proposal: null, say };
  }
  const say = 'The gate cannot be reached, so nothing is done. Say so to the user, and do not try another way.';
  return { go: false, status: 'unreachable', proposal: null, say };
}
