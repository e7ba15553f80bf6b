import type { Assembly, Deidentified } from '@portreeve/context';
import type { CallId } from '@portreeve/contract';
import type { AskFailure, AskResult } from '@portreeve/model';
import { type Endpoint, type Judged, type Route, routeQuestion } from './route-question.ts';

type Failed = Extract<AskResult, { status: 'failed' }>;
type Chosen = NonNullable<Route['chosen']>;

/** An endpoint that policy permits and that did not take the question. */
export interface PassedOver {
  readonly endpoint: string;
  /** Null: it was left alone, and nothing was sent. */
  readonly call: CallId | null;
  readonly code: AskFailure;
  readonly reason: string;
  readonly retry_after_ms: number | null;
}

export type Sent =
  | { readonly status: 'answered'; readonly chosen: Chosen; readonly answer: Exclude<AskResult, Failed> }
  /** The question itself met its end: another endpoint would give no other. */
  | { readonly status: 'failed'; readonly endpoint: string; readonly answer: Failed }
  /** Policy lets it go nowhere. */
  | { readonly status: 'nowhere'; readonly route: Route }
  /** Each endpoint that may have it was passed over. */
  | { readonly status: 'away'; readonly passed: readonly PassedOver[] };

/** Failures of an endpoint, and not of the question: the next endpoint may do better. */
const OF_THE_ENDPOINT: readonly AskFailure[] = ['unavailable', 'timeout', 'no_access', 'budget_exhausted'];

/**
 * Sends a question to the first endpoint that may have it and takes it (requirement E6). Each further endpoint is decided
 * by policy anew, with the label of what would be sent; `note` keeps what is decided and found on the way, in order. An
 * endpoint whose limits are reached is waited for: that it is busy is no reason to go elsewhere.
 */
export async function sendQuestion(
  deps: Parameters<typeof routeQuestion>[0],
  question: Parameters<typeof routeQuestion>[1],
  way: {
    refused(judged: Judged): void;
    unhidden(reason: string): void;
    passed(over: PassedOver): void;
    /** What was noted must be on record before anything is sent. */
    sending(chosen: Chosen): Promise<void>;
    ask(endpoint: Endpoint, chosen: Chosen): Promise<AskResult>;
  },
): Promise<Sent> {
  const passed: PassedOver[] = [];
  let rest = deps.endpoints;
  let hidden: Promise<Deidentified> | null = null;
  const deidentify = (assembly: Assembly) => {
    hidden ??= deps.deidentify(assembly);
    return hidden;
  };
  for (;;) {
    const route = await routeQuestion({ ...deps, endpoints: rest, deidentify }, question);
    for (const judged of route.refused) way.refused(judged);
    if (route.failure !== null) way.unhidden(route.failure);
    const { chosen } = route;
    if (!chosen) return passed.length === 0 ? { status: 'nowhere', route } : { status: 'away', passed };
    const { endpoint } = chosen;
    const over = await tryEndpoint(chosen);
    if ('status' in over) return over;
    passed.push(over);
    way.passed(over);
    if (over.code === 'busy') return { status: 'away', passed };
    rest = rest.slice(rest.indexOf(endpoint) + 1);
  }

  async function tryEndpoint(chosen: Chosen): Promise<PassedOver | Sent> {
    const { endpoint } = chosen;
    const { name } = endpoint;
    const wait = endpoint.ask.wait();
    if (wait > 0) {
      const reason = 'it failed repeatedly and is left alone for now';
      return { endpoint: name, call: null, code: 'unavailable', reason, retry_after_ms: wait };
    }
    await way.sending(chosen);
    const answer = await way.ask(endpoint, chosen);
    if (answer.status !== 'failed') return { status: 'answered', chosen, answer };
    const { call, code, reason, retry_after_ms } = answer;
    if (code !== 'busy' && !OF_THE_ENDPOINT.includes(code)) return { status: 'failed', endpoint: name, answer };
    return { endpoint: name, call, code, reason, retry_after_ms };
  }
}
