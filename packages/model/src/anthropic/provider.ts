import Anthropic from '@anthropic-ai/sdk';
import { type Clearance, clearanceSchema, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import type { Provider } from '../ports.ts';
import { boundedFetch, labelHeader } from './bounded-fetch.ts';
import { toProviderError } from './errors.ts';
import { fromMessage, toMessage } from './message.ts';

/** Bytes of an answer that are read at the most: the text that we accept, escaped, and the message around it. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

export const ANTHROPIC_URL = 'https://api.anthropic.com';

export interface AnthropicProviderOptions {
  readonly apiKey: string;
  readonly baseURL?: string;
  /** The model for prompts that name none. */
  readonly model: string;
  /** Makes the connections; the server passes its egress guard. There is no default, so that nobody goes around it. */
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds for one attempt, the reading of the answer included. */
  readonly timeout_ms?: number;
  readonly name?: string;
  readonly simulated?: boolean;
  /** What this endpoint may receive; by default internal data without special categories. */
  readonly clearance?: Clearance;
}

const optionsSchema = z.object({
  // A value that cannot stand in a header would otherwise fail at the first question.
  apiKey: z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be printable ASCII without spaces'),
  baseURL: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1).max(128),
  timeout_ms: z.int().min(1).max(3_600_000),
  name: z.string().min(1).max(64),
});

/**
 * Claude over the Messages API (version 2026-10-21) by the official SDK. Key, address and headers come from here alone:
 * the SDK's own reading of environment variables and profiles is shut out, and so are its retries and its log.
 * Throws `misconfigured` for options that cannot work.
 */
export function anthropicProvider(options: AnthropicProviderOptions): Provider {
  const { apiKey, baseURL = ANTHROPIC_URL, model, timeout_ms = 120_000, name = 'anthropic' } = options;
  const checked = optionsSchema.safeParse({ apiKey, baseURL, model, timeout_ms, name });
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new PortreeveError('misconfigured', `model endpoint: ${issue?.path.join('.')} ${issue?.message}`);
  }
  const clearance = clearanceSchema.parse(options.clearance ?? { confidentiality: 'internal' });
  const client = new Anthropic({
    apiKey,
    baseURL,
    webhookKey: null,
    maxRetries: 0,
    timeout: timeout_ms,
    logLevel: 'off',
    openTelemetry: false,
    fetch: boundedFetch(options.fetch, {
      authorization: `Bearer ${apiKey}`,
      bytes_max: ANSWER_BYTES_MAX,
      clearance,
    }),
  });

  return {
    name,
    model,
    simulated: options.simulated ?? false,
    clearance,
    async complete(request, signal) {
      const message = toMessage(request);
      try {
        // The SDK's time-out ends with the headers; this one covers the body as well.
        const within = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]);
        const sent = { signal: within, headers: labelHeader(request.label) };
        const { data, request_id } = await client.messages.create(message, sent).withResponse();
        return fromMessage(data, request_id ?? null);
      } catch (error) {
        throw toProviderError(error);
      }
    },
  };
}
