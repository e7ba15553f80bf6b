import type { Anthropic, ClientOptions, Middleware } from '@anthropic-ai/sdk';
import { AnthropicError, APIConnectionTimeoutError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { type BoundedFetchOptions, boundedFetch } from '../endpoint/bounded-fetch.ts';
import { type ReadError, readEvents, requestIdOf, toProviderError } from '../endpoint/errors.ts';
import type { CheckedEndpoint } from '../endpoint/options.ts';
import { inScope } from '../endpoint/question-scope.ts';
import { NO_USAGE, type Provider, type Usage } from '../ports.ts';
import type { PromptCache } from './cache-point.ts';
import { fromMessage } from './from-message.ts';
import { StreamedMessage } from './read-stream.ts';
import { toMessage } from './to-message.ts';

/** The version of the Messages API that the pinned SDKs are written for. */
export const API_VERSION = '2026-10-21';

/** Headers of every request in the shape of the Messages API. */
export const OWN_HEADERS = {
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'portreeve',
} as const;

/**
 * Before a cloud's SDK makes its own request: it copies headers into the body and puts them under its signature, and
 * some of them would come from an environment variable.
 */
const ownHeaders: Middleware = (request, next) =>
  next({ ...request, headers: new Headers({ ...OWN_HEADERS, 'anthropic-version': API_VERSION }) });

/** Options of every client of this family: what an SDK would take from its surroundings is shut out. */
export function clientOptions(
  { timeout_ms, clearance, baseURL }: CheckedEndpoint,
  inner: typeof fetch,
  sending: Pick<BoundedFetchOptions, 'credential' | 'headers'>,
) {
  return {
    baseURL,
    webhookKey: null,
    maxRetries: 0,
    timeout: timeout_ms,
    logLevel: 'off' as const,
    openTelemetry: false as const,
    middleware: [ownHeaders],
    fetch: boundedFetch(inner, { ...sending, clearance }),
  } satisfies ClientOptions;
}

/** Any client that speaks the Messages API: Anthropic's own, and those of the clouds. */
type MessagesClient = { readonly messages: Pick<Anthropic['messages'], 'create'> };

/** A provider over a client of the Messages API. Whatever the platform, the wire's shape is the SDK's concern alone. */
export function messagesProvider(
  client: MessagesClient,
  endpoint: CheckedEndpoint,
  { vendor, cache }: { readonly vendor: string; readonly cache: PromptCache },
): Provider {
  const { name, model, simulated, clearance, address, timeout_ms } = endpoint;
  return {
    ...{ name, model, simulated, clearance, address, vendor },
    async complete(request, signal, watch = {}) {
      const message = toMessage(request, cache);
      const { text } = watch;
      const streamed = text === undefined ? null : new StreamedMessage(text);
      // The SDK's time-out ends with the headers; this one covers the body as well.
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]);
      try {
        return await inScope(request.label, watch, async () => {
          if (streamed === null) {
            const { data, response } = await client.messages.create(message, { signal: within }).withResponse();
            return fromMessage(data, requestIdOf(response.headers));
          }
          const sent = client.messages.create({ ...message, stream: true }, { signal: within });
          const { data, response } = await sent.withResponse();
          await readEvents(data, (event) => streamed.take(event), AnthropicError);
          // The SDK ends an aborted stream as if it had been whole.
          within.throwIfAborted();
          return fromMessage(streamed.end(), requestIdOf(response.headers));
        });
      } catch (error) {
        throw toProviderError(error, readError, usageSoFar(streamed));
      }
    },
  };
}

const usageSoFar = (streamed: StreamedMessage | null): Usage => streamed?.usage ?? NO_USAGE;

const readError: ReadError = (error) => {
  if (error instanceof APIConnectionTimeoutError || error instanceof APIUserAbortError) return 'timeout';
  // Connection errors are `APIError`s too, without headers.
  if (!(error instanceof APIError) || error.headers === undefined) return null;
  return {
    status: error.status ?? null,
    headers: error.headers,
    name: error.errorCode ?? error.type ?? cloudName(error),
    message: error.apiMessage ?? member(error.error, 'message'),
  };
};

/** The clouds answer in words of their own where the request did not reach the model. */
function cloudName({ headers, error }: APIError): string | null {
  const aws = headers?.get('x-amzn-errortype')?.split(':')[0];
  return aws || member(member(error, 'error'), 'status') || member(member(error, 'error'), 'code');
}

function member(value: unknown, name: string): string | null;
function member(value: unknown, name: 'error'): unknown;
function member(value: unknown, name: string): unknown {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
  return name === 'error' ? found : typeof found === 'string' ? found : null;
}
