import type { Span, Tracer } from '@opentelemetry/api';
import {
  type CallId,
  type Clock,
  costOf,
  digestOf,
  type Label,
  type ModelRequest,
  type Prices,
  type RecordData,
} from '@portreeve/contract';
import type { OutputCategory } from './judge-answer.ts';
import {
  type ModelObserver,
  oneLine,
  type Provider,
  type ProviderAnswer,
  type ProviderError,
  type ProviderRequest,
  type Usage,
} from './ports.ts';
import { SIMULATED_PREFIX } from './simulated-names.ts';
import { endAnswered, endFailed, startAttemptSpan } from './telemetry.ts';

export interface Asking {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly tracer: Tracer | null;
  readonly prices: Prices | null;
  readonly observer: ModelObserver;
  readonly call: CallId;
  readonly request: ModelRequest;
  readonly label: Label;
  readonly model_asked: string;
  /** Takes the text of a stream; null asks for the answer in one piece. */
  readonly onText: ((piece: string) => void) | null;
}

/** One attempt under way, or the last that was. */
interface Attempt {
  readonly asked: ProviderRequest;
  readonly repair: boolean;
  readonly number: number;
  readonly from: number;
  readonly span: Span | null;
  requests: number;
  status: number | null;
  first_text_ms: number | null;
  /** It has an end: what its provider still says is heard no more. */
  over: boolean;
}

/** The attempts of one question: each is sent, metered, traced and put on record, also where it fails (E8). */
export function createAttempts(asking: Asking) {
  const { provider, clock, tracer, prices, observer, call, request, label, model_asked, onText } = asking;
  const streamed = onText !== null;
  const now = () => clock.now().getTime();
  let count = 0;
  let current: Attempt | null = null;

  const begin = (asked: ProviderRequest, repair: boolean): Attempt => {
    const number = ++count;
    const { prompt, prompt_version } = request;
    const traced = { call, prompt, prompt_version, model: asked.model, streamed, attempt: number };
    return {
      ...{ asked, repair, number, from: now() },
      span: tracer && startAttemptSpan(tracer, provider, { ...traced, max_output_tokens: asked.max_output_tokens }),
      ...{ requests: 0, status: null, first_text_ms: null, over: false },
    };
  };

  const facts = (attempt: Attempt, models: readonly string[], request_id: string | null, usage: Usage) => ({
    ...{ call, model_asked, streamed },
    prompt: request.prompt,
    prompt_version: request.prompt_version,
    input_digest: attempt.repair ? digestOf(attempt.asked) : request.input_digest,
    input_label: {
      integrity: label.integrity,
      confidentiality: label.confidentiality,
      categories: [...label.categories],
    },
    provider: provider.name,
    // A simulated endpoint behind a provider that was not declared as one is still recorded as simulated.
    simulated: provider.simulated || models.some((model) => model.startsWith(SIMULATED_PREFIX)),
    attempt: attempt.number,
    repair: attempt.repair,
    requests: attempt.requests,
    status: attempt.status,
    request_id: request_id === null ? null : oneLine(request_id, 200),
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_read_tokens: usage.cache_read_tokens,
    cache_write_tokens: usage.cache_write_tokens,
    cost: costOf(prices, [...models, model_asked], usage),
    first_text_ms: attempt.first_text_ms,
  });

  return {
    /** How many were sent. */
    get count() {
      return count;
    },

    /** Makes one attempt. Its record is written by {@link recordAnswer} once the answer was judged, or by `failed`. */
    async send(asked: ProviderRequest, repair: boolean, signal: AbortSignal) {
      const attempt = begin(asked, repair);
      current = attempt;
      const watch = {
        sent: () => {
          if (!attempt.over) attempt.requests++;
        },
        began: (status: number) => {
          if (!attempt.over) attempt.status = status;
        },
        ...(onText && {
          text: (piece: string) => {
            if (attempt.over) return;
            attempt.first_text_ms ??= Math.max(0, now() - attempt.from);
            onText(piece);
          },
        }),
      };
      const answer = await provider.complete(asked, signal, watch);
      const latency_ms = Math.max(0, now() - attempt.from);
      attempt.over = true;
      if (attempt.span) endAnswered(attempt.span, answer, attempt.first_text_ms);
      return { answer, attempt, latency_ms };
    },

    recordAnswer(
      { answer, attempt, latency_ms }: { answer: ProviderAnswer; attempt: Attempt; latency_ms: number },
      output_category: OutputCategory,
      validated: RecordData<'output.validated'> | null,
    ): Promise<void> {
      const data: RecordData<'model.answered'> = {
        ...facts(attempt, [answer.model], answer.request_id, answer),
        ...{ latency_ms, output_category },
        model_answered: oneLine(answer.model, 200),
        stop_reason: oneLine(answer.stop_reason, 64),
      };
      return observer.answered(data, validated);
    },

    /** Puts the attempt that has just failed on record. What began no attempt leaves none. */
    async failed(error: ProviderError): Promise<void> {
      const attempt = current;
      if (attempt === null || attempt.over) return;
      attempt.over = true;
      if (attempt.span) endFailed(attempt.span, error);
      await observer.attemptFailed({
        ...facts(attempt, [], error.request_id, error.usage),
        latency_ms: Math.max(0, now() - attempt.from),
        ...{ kind: error.kind, transient: error.transient, retry_after_ms: error.retry_after_ms },
        reason: error.message,
      });
    },
  };
}
