import { type Span, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { CallId } from '@portreeve/contract';
import { oneLine, type Provider, type ProviderAnswer, type ProviderError, type Usage } from './ports.ts';

// The GenAI conventions are still in development and have moved between repositories (semantic-conventions-genai,
// 2026-10): all of their names stand here.
const OPERATION = 'gen_ai.operation.name';
const PROVIDER = 'gen_ai.provider.name';
const REQUEST_MODEL = 'gen_ai.request.model';
const REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens';
const REQUEST_STREAM = 'gen_ai.request.stream';
const OUTPUT_TYPE = 'gen_ai.output.type';
const RESPONSE_ID = 'gen_ai.response.id';
const RESPONSE_MODEL = 'gen_ai.response.model';
const FINISH_REASONS = 'gen_ai.response.finish_reasons';
const TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
const OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
const CACHE_READ_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
const CACHE_CREATION_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';
const SERVER_ADDRESS = 'server.address';
const SERVER_PORT = 'server.port';
const HTTP_STATUS = 'http.response.status_code';
const ERROR_TYPE = 'error.type';
// Ours: there are no conventions for them.
const CALL = 'portreeve.call.id';
const PROMPT = 'portreeve.prompt.id';
const PROMPT_VERSION = 'portreeve.prompt.version';
const ATTEMPT = 'portreeve.attempt';
const ENDPOINT = 'portreeve.endpoint';
const SIMULATED = 'portreeve.simulated';

export interface TracedAttempt {
  readonly call: CallId;
  readonly prompt: string;
  readonly prompt_version: string;
  readonly model: string;
  readonly max_output_tokens: number;
  readonly streamed: boolean;
  readonly attempt: number;
}

/**
 * A span for one attempt, as the GenAI conventions of OpenTelemetry have it: `chat {model}`, kind CLIENT. INVARIANT: no
 * content, neither of the question nor of the answer; a switch for it does not exist, because a trace has no labels.
 */
export function startAttemptSpan(tracer: Tracer, provider: Provider, asked: TracedAttempt): Span {
  return tracer.startSpan(`chat ${asked.model}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      [OPERATION]: 'chat',
      [PROVIDER]: provider.vendor,
      [REQUEST_MODEL]: asked.model,
      [REQUEST_MAX_TOKENS]: asked.max_output_tokens,
      [REQUEST_STREAM]: asked.streamed,
      [OUTPUT_TYPE]: 'json',
      [SERVER_ADDRESS]: provider.address.host,
      [SERVER_PORT]: provider.address.port,
      [CALL]: asked.call,
      [PROMPT]: asked.prompt,
      [PROMPT_VERSION]: asked.prompt_version,
      [ATTEMPT]: asked.attempt,
      [ENDPOINT]: provider.name,
      [SIMULATED]: provider.simulated,
    },
  });
}

export function endAnswered(span: Span, answer: ProviderAnswer, first_text_ms: number | null): void {
  span.setAttributes({
    [RESPONSE_MODEL]: oneLine(answer.model, 200),
    [FINISH_REASONS]: [oneLine(answer.stop_reason, 64)],
    ...(answer.request_id === null ? {} : { [RESPONSE_ID]: oneLine(answer.request_id, 200) }),
    ...(first_text_ms === null ? {} : { [TIME_TO_FIRST_CHUNK]: first_text_ms / 1000 }),
    ...counts(answer),
  });
  span.end();
}

export function endFailed(span: Span, error: ProviderError): void {
  span.setAttributes({
    [ERROR_TYPE]: error.status === null ? error.kind : String(error.status),
    ...(error.status === null ? {} : { [HTTP_STATUS]: error.status }),
    ...(error.request_id === null ? {} : { [RESPONSE_ID]: oneLine(error.request_id, 200) }),
    ...counts(error.usage),
  });
  // Without the message: a vendor's words may quote the question.
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

const counts = (usage: Usage) => ({
  [INPUT_TOKENS]: usage.input_tokens,
  [OUTPUT_TOKENS]: usage.output_tokens,
  [CACHE_READ_TOKENS]: usage.cache_read_tokens,
  [CACHE_CREATION_TOKENS]: usage.cache_write_tokens,
});
