import type { Tracer } from '@opentelemetry/api';
import {
  assertJson,
  type CallId,
  type Clock,
  costOf,
  covers,
  type Digest,
  digestOf,
  type EvidenceId,
  estimateRequest,
  type Json,
  type JsonObject,
  join,
  type Label,
  Labelled,
  labelSchema,
  type ModelRequest,
  newId,
  type Prices,
  type RecordData,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { createAttempts } from './attempts.ts';
import type { Health } from './circuit/circuits.ts';
import { type AskFailure, judgeAnswer, type Verdict } from './judge-answer.ts';
import {
  type ModelObserver,
  oneLine,
  type Provider,
  type ProviderAnswer,
  type ProviderError,
  type ProviderRequest,
  type Sleep,
  type Usage,
} from './ports.ts';
import { question, repairQuestion } from './question.ts';
import { createResilience, GaveUp, RESILIENCE, type ResilienceOptions, type Sharing } from './resilience.ts';
import { outputValidator } from './validate-output.ts';
import { describeShortfall, type Payer, type Shortfall } from './volume/budgets.ts';
import type { Load } from './volume/rates.ts';
import type { Asker } from './volume/turnstile.ts';

/** What came of one question. `attempts` counts the calls that were sent, retries and the repair included. */
export type AskResult =
  | {
      readonly status: 'valid';
      readonly call: CallId;
      readonly value: Labelled<Json>;
      /** The evidence that the answer cites, each id once, in the order of the answer. */
      readonly cited: readonly EvidenceId[];
      /** Of a prompt whose answers make claims: how many, and how many are not supported. They are marked in the value. */
      readonly claims: { readonly count: number; readonly unsupported: number } | null;
      /** What the model says of its confidence, in per cent; what that is worth, the step's tests tell. */
      readonly confidence_percent: number | null;
      /** The model says itself that what it was shown supports no answer (requirement E7). */
      readonly off_pattern: boolean;
      readonly repaired: boolean;
      readonly output_digest: Digest;
      readonly attempts: number;
    }
  | {
      /** An agent's turn: it wishes for tools, and goes on once it hears what became of that. */
      readonly status: 'wishes';
      readonly call: CallId;
      /** The answer as it goes back in the next turn. */
      readonly turn: Labelled<Json>;
      readonly wishes: readonly LabelledWish[];
      readonly attempts: number;
    }
  | {
      readonly status: 'failed';
      readonly call: CallId;
      readonly code: AskFailure;
      /** A sentence for a person: bounded, on one line. */
      readonly reason: string;
      readonly attempts: number;
      /** When it is worth another try; null where nobody knows, or it never is. */
      readonly retry_after_ms: number | null;
      /** With `budget_exhausted`: the budget that is short. */
      readonly shortfall: Shortfall | null;
    };

/** A wish for a tool, with the label of the answer that it stands in. */
export interface LabelledWish {
  readonly id: string;
  readonly name: string;
  readonly args: Labelled<JsonObject>;
  /** What the model wrote before it: a claim, and as hostile as what it had read. */
  readonly said: Labelled<string> | null;
}

/** For whom a question is asked: its turn depends on it, and who pays. */
export type Caller = Asker & Payer;

/**
 * Asks a model one question. Every way in which the model or its endpoint can fail is a returned result. It rejects
 * with `misconfigured` where the prompt's schema is not usable, with the reason of an aborted `signal`, and with what
 * the observer rejects with.
 */
export type Ask = (
  request: Labelled<ModelRequest>,
  observer: ModelObserver,
  options?: AskOptions,
) => Promise<AskResult>;

/** An endpoint that can be asked. `wait`: milliseconds until a question is worth it, as far as this process knows. */
export type Model = Ask & { readonly wait: () => number };

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly call?: CallId;
  readonly caller?: Caller;
  /**
   * Takes the answer's text as it arrives, and so asks for a stream. None of it has been validated, it may be of an
   * attempt that fails, and it carries the label of the answer.
   */
  readonly onText?: (piece: Labelled<string>) => void;
}

export interface ModelOptions {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly resilience?: Partial<ResilienceOptions>;
  readonly sleep?: Sleep;
  readonly health?: Health;
  /** Gets a span for each attempt, without content. */
  readonly tracer?: Tracer;
  /** What this process shares with others; left out: nothing. */
  readonly shared?: Sharing;
  /** What the endpoint's answers cost; left out: nothing, and budgets of money do not hold it back. */
  readonly prices?: Prices;
  /** Tokens that question and answer may have together; a longer question is not sent. */
  readonly context_tokens?: number;
}

/** Makes the one way to ask a model. Its circuit, limits and budgets hold for all questions, also of other processes. */
export function createModel(options: ModelOptions): Model {
  const { provider, clock, resilience: given = {}, sleep, health, shared } = options;
  const { tracer = null, prices = null, context_tokens = Number.POSITIVE_INFINITY } = options;
  const resilience = createResilience({
    ...{ endpoint: provider.name, clock, options: given },
    ...(sleep && { sleep }),
    ...(health && { health }),
    ...(shared && { shared }),
  });
  const total_timeout_ms = given.total_timeout_ms ?? RESILIENCE.total_timeout_ms;

  const ask: Ask = async (labelled, observer, asking = {}) => {
    const signal = asking.signal ?? new AbortController().signal;
    const request = open(labelled);
    // Checked before anything is sent: an answer that cannot be labelled would be paid for and lost.
    const label = labelSchema.parse(answerLabel(labelled.label, request.prompt));
    const validate = outputValidator(request);
    const call = asking.call ?? newId('call', clock);
    const model_asked = request.model ?? provider.model;
    const deadline = clock.now().getTime() + total_timeout_ms;
    const { onText, caller = null } = asking;
    const attempts = createAttempts({
      ...{ provider, clock, tracer, prices, observer, call, request, model_asked },
      label: labelled.label,
      onText: onText ? (piece) => onText(new Labelled(piece, label)) : null,
    });

    const cost = (usage: Usage) => costOf(prices, [model_asked], usage)?.micros ?? 0;

    const fail = async (code: AskFailure, reason: string, gaveUp: GaveUp | null = null): Promise<AskResult> => {
      const { name, simulated } = provider;
      const { count } = attempts;
      const facts = { call, prompt: request.prompt, provider: name, simulated, model_asked, code, reason };
      await observer.failed({ ...facts, attempts: count });
      const { retry_after_ms = null, shortfall = null } = gaveUp ?? {};
      return { status: 'failed', call, code, reason, attempts: count, retry_after_ms, shortfall };
    };

    // Policy decides where data may go; this holds even where nobody asked it.
    if (!covers(provider.clearance, labelled.label)) {
      return fail(
        'rejected',
        `endpoint ${provider.name} is not cleared for ${labelled.label.confidentiality} data of this kind`,
      );
    }
    const over = overBudget(request, context_tokens);
    if (over !== null) return fail('over_budget', over);

    const send = async (
      asked: ProviderRequest,
      repair: boolean,
    ): Promise<{ answer: ProviderAnswer; verdict: Verdict }> => {
      const { failed } = attempts;
      const answered = await resilience.run((inner) => attempts.send(asked, repair, inner), {
        ...{ deadline, signal, asker: caller ?? NOBODY, payer: caller, cost, failed },
        most: mostOf(asked),
        used: ({ answer }) => answer,
      });
      const verdict = judgeAnswer(answered.answer, validate, request.tools);
      const validated =
        verdict.category === 'valid' ? validatedFacts(request.prompt, verdict.validation, label, repair) : null;
      await attempts.recordAnswer(answered, verdict.category, validated);
      return { answer: answered.answer, verdict };
    };

    try {
      let asked = question(request, model_asked, labelled.label);
      for (const repair of [false, true]) {
        const { answer, verdict } = await send(asked, repair);
        if (verdict.category === 'wishes') {
          const turn = new Labelled(plain(answer.content) as unknown as Json, label);
          const wishes = verdict.wishes.map(({ id, name, args, said }) => ({
            ...{ id, name, args: new Labelled(plain(args), label) },
            said: said === null ? null : new Labelled(said, label),
          }));
          return { status: 'wishes', call, turn, wishes, attempts: attempts.count };
        }
        if (verdict.category === 'valid') {
          const { value, cited, claims, confidence_percent, off_pattern } = verdict.validation;
          const output_digest = digestOf(value);
          return {
            status: 'valid',
            call,
            value: new Labelled(value, label),
            cited,
            claims,
            confidence_percent,
            off_pattern,
            repaired: repair,
            output_digest,
            attempts: attempts.count,
          };
        }
        if (verdict.category !== 'invalid') return await fail(verdict.code, verdict.reason);

        const { errors, repairable } = verdict.validation;
        const repair_follows = !repair && repairable;
        await observer.rejected({ prompt: request.prompt, errors: [...errors], repair_follows });
        if (!repair_follows)
          return await fail('invalid_output', oneLine(`the answer was not valid: ${errors.join('; ')}`, 1000));
        asked = repairQuestion(asked, answer.text, errors);
      }
      throw new Error('unreachable: the repair is the last question');
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      const { code, reason } = explain(error, attempts.count, prices?.currency ?? '');
      return fail(code, reason, error);
    }
  };
  return Object.assign(ask, { wait: () => resilience.wait() });
}

/** Who asks where nobody says so. */
const NOBODY: Asker = { workflow: '', priority: 'background' };

/** The fewest characters of a token that are counted on: an estimate that is rather too high, and put right afterwards. */
const CHARS_OF_A_TOKEN = 3;

/** What one attempt may take at the most. */
function mostOf(asked: ProviderRequest): Load {
  return {
    input_tokens: Math.ceil(JSON.stringify(asked).length / CHARS_OF_A_TOKEN),
    output_tokens: asked.max_output_tokens,
  };
}

/** A vendor's JSON as plain JSON of our own; throws where it has no faithful form. */
function plain<T>(value: T): T {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  assertJson(copy);
  return copy as T;
}

function validatedFacts(
  prompt: string,
  { value, cited, claims }: Extract<Verdict, { category: 'valid' }>['validation'],
  label: Label,
  repaired: boolean,
): RecordData<'output.validated'> {
  return {
    ...{ prompt, repaired, output_digest: digestOf(value), cited: [...cited] },
    label: { ...label, categories: [...label.categories], origins: [...label.origins] },
    ...(claims ? { claims: { ...claims } } : {}),
  };
}

/** An answer is at least as tainted and as secret as all that the model saw, and never better than `internal`. */
function answerLabel(seen: Label, prompt: string): Label {
  const made: Label = {
    integrity: 'internal',
    confidentiality: 'public',
    categories: [],
    origins: [`model:${prompt}`],
  };
  return join(seen, made);
}

/** Why the question is longer than it may be, or null. A token is counted as three characters, on the safe side. */
function overBudget(request: ModelRequest, context_tokens: number): string | null {
  const tokens = estimateRequest(request);
  const budget = request.input_budget_tokens;
  if (tokens > budget) return `the question has about ${tokens} tokens, and the prompt's budget is ${budget}`;
  const { requires_context_tokens: required = 0 } = request;
  if (required > context_tokens)
    return `the prompt asks for a context of ${required} tokens, and the endpoint has ${context_tokens}`;
  if (tokens + request.max_output_tokens > context_tokens)
    return `the question has about ${tokens} tokens and leaves no room for an answer in ${context_tokens}`;
  return null;
}

function explain(
  { why, last, shortfall, message }: GaveUp,
  attempts: number,
  currency: string,
): { code: AskFailure; reason: string } {
  const tried = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const detail = last === null ? '' : `: ${last.message}`;
  if (last?.kind === 'context_overflow') return { code: 'over_budget', reason: last.message };
  if (last?.kind === 'too_large') return { code: 'invalid_output', reason: last.message };
  switch (why) {
    case 'permanent':
      return {
        code: last !== null && isOfTheEndpoint(last) ? 'no_access' : 'rejected',
        reason: last?.message ?? 'the endpoint rejected the question',
      };
    case 'circuit_open':
      return {
        code: 'unavailable',
        reason: `the endpoint failed repeatedly and is left alone for now${last === null ? `: ${oneLine(message, 400)}` : detail}`,
      };
    case 'busy':
      return {
        code: 'busy',
        reason: `the endpoint's limits are reached for now${message === why ? '' : `: ${message}`}`,
      };
    case 'budget':
      return {
        code: 'budget_exhausted',
        reason: shortfall === null ? message : describeShortfall(shortfall, currency),
      };
    case 'deadline':
      return {
        code: last === null || last.kind === 'timeout' ? 'timeout' : 'unavailable',
        reason: `no time is left after ${tried}${detail}`,
      };
    case 'attempts':
      return {
        code: last?.kind === 'timeout' ? 'timeout' : 'unavailable',
        reason: `no answer after ${tried}${detail}`,
      };
  }
}

/** Permanent errors that would meet every question: no access, no money, no such model. */
function isOfTheEndpoint({ kind, status, code }: ProviderError): boolean {
  if (kind === 'credential' || (code !== null && OF_THE_ENDPOINT.has(code))) return true;
  return kind === 'status' && status !== null && [401, 402, 403, 404, 429].includes(status);
}
const OF_THE_ENDPOINT = new Set(['organization_on_hold', 'sandbox_egress_restricted']);
