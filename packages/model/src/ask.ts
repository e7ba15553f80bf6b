import {
  type CallId,
  type Clock,
  covers,
  type Digest,
  digestOf,
  type EvidenceId,
  type Json,
  join,
  type Label,
  Labelled,
  labelSchema,
  type ModelRequest,
  newId,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { type AskFailure, judgeAnswer, type Verdict } from './judge-answer.ts';
import {
  type ModelObserver,
  oneLine,
  type Provider,
  type ProviderAnswer,
  type ProviderRequest,
  type Sleep,
} from './ports.ts';
import { question, repairQuestion } from './question.ts';
import { createResilience, GaveUp, type Health, RESILIENCE, type ResilienceOptions } from './resilience.ts';
import { SIMULATED_PREFIX } from './simulated-names.ts';
import { outputValidator } from './validate-output.ts';

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
      readonly repaired: boolean;
      readonly output_digest: Digest;
      readonly attempts: number;
    }
  | {
      readonly status: 'failed';
      readonly call: CallId;
      readonly code: AskFailure;
      /** A sentence for a person: bounded, on one line. */
      readonly reason: string;
      readonly attempts: number;
    };

/**
 * Asks a model one question. Every way in which the model or its endpoint can fail is a returned result. It rejects
 * with `misconfigured` where the prompt's schema is not usable, with the reason of an aborted `signal`, and with what
 * the observer rejects with.
 */
export type Ask = (
  request: Labelled<ModelRequest>,
  observer: ModelObserver,
  options?: { readonly signal?: AbortSignal; readonly call?: CallId },
) => Promise<AskResult>;

export interface ModelOptions {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly resilience?: Partial<ResilienceOptions>;
  readonly sleep?: Sleep;
  readonly health?: Health;
}

/** Makes the one way to ask a model. Its circuit breaker is shared by all questions that go through it. */
export function createModel({ provider, clock, resilience: given = {}, sleep, health }: ModelOptions): Ask {
  const resilience = createResilience(clock, given, sleep, health);
  const total_timeout_ms = given.total_timeout_ms ?? RESILIENCE.total_timeout_ms;

  return async (labelled, observer, options = {}) => {
    const signal = options.signal ?? new AbortController().signal;
    const request = open(labelled);
    // Checked before anything is sent: an answer that cannot be labelled would be paid for and lost.
    const label = labelSchema.parse(answerLabel(labelled.label, request.prompt));
    const validate = outputValidator(request);
    const call = options.call ?? newId('call', clock);
    const model_asked = request.model ?? provider.model;
    const deadline = clock.now().getTime() + total_timeout_ms;
    let attempts = 0;

    const fail = async (code: AskFailure, reason: string): Promise<AskResult> => {
      const { name, simulated } = provider;
      const facts = { call, prompt: request.prompt, provider: name, simulated, model_asked, attempts, code, reason };
      await observer.failed(facts);
      return { status: 'failed', call, code, reason, attempts };
    };

    // Policy decides where data may go; this holds even where nobody asked it.
    if (!covers(provider.clearance, labelled.label)) {
      return fail(
        'rejected',
        `endpoint ${provider.name} is not cleared for ${labelled.label.confidentiality} data of this kind`,
      );
    }

    const send = async (
      asked: ProviderRequest,
      repair: boolean,
    ): Promise<{ answer: ProviderAnswer; verdict: Verdict }> => {
      const { answer, latency_ms } = await resilience.run(
        async (inner) => {
          attempts++;
          const from = clock.now().getTime();
          const answer = await provider.complete(asked, inner);
          return { answer, latency_ms: Math.max(0, clock.now().getTime() - from) };
        },
        { deadline, signal },
      );
      const verdict = judgeAnswer(answer, validate);
      await observer.answered({
        call,
        prompt: request.prompt,
        prompt_version: request.prompt_version,
        provider: provider.name,
        // A simulated endpoint behind a provider that was not declared as one is still recorded as simulated.
        simulated: provider.simulated || answer.model.startsWith(SIMULATED_PREFIX),
        model_asked,
        model_answered: oneLine(answer.model, 200),
        attempt: attempts,
        repair,
        stop_reason: oneLine(answer.stop_reason, 64),
        input_tokens: answer.input_tokens,
        output_tokens: answer.output_tokens,
        latency_ms,
        request_id: answer.request_id === null ? null : oneLine(answer.request_id, 200),
        input_digest: repair ? digestOf(asked) : request.input_digest,
        output_category: verdict.category,
      });
      return { answer, verdict };
    };

    try {
      let asked = question(request, model_asked, labelled.label);
      for (const repair of [false, true]) {
        const { answer, verdict } = await send(asked, repair);
        if (verdict.category === 'valid') {
          const { value, cited, claims, confidence_percent } = verdict.validation;
          const output_digest = digestOf(value);
          await observer.validated({
            prompt: request.prompt,
            output_digest,
            repaired: repair,
            cited: [...cited],
            label,
            ...(claims ? { claims: { ...claims } } : {}),
          });
          return {
            status: 'valid',
            call,
            value: new Labelled(value, label),
            cited,
            claims,
            confidence_percent,
            repaired: repair,
            output_digest,
            attempts,
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
      const { code, reason } = explain(error, attempts);
      return fail(code, reason);
    }
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

function explain({ why, last }: GaveUp, attempts: number): { code: AskFailure; reason: string } {
  const tried = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const detail = last === null ? '' : `: ${last.message}`;
  if (last?.kind === 'too_large') return { code: 'invalid_output', reason: last.message };
  switch (why) {
    case 'permanent':
      return { code: 'rejected', reason: last?.message ?? 'the endpoint rejected the question' };
    case 'circuit_open':
      return { code: 'unavailable', reason: `the endpoint failed repeatedly and is left alone for now${detail}` };
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
