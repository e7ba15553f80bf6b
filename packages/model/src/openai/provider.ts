import OpenAI, { APIConnectionTimeoutError, APIError, APIUserAbortError, OpenAIError } from 'openai';
import { boundedFetch } from '../endpoint/bounded-fetch.ts';
import { type ReadError, readEvents, requestIdOf, toProviderError } from '../endpoint/errors.ts';
import { type Credential, checkEndpoint, type EndpointOptions } from '../endpoint/options.ts';
import { inScope } from '../endpoint/question-scope.ts';
import { tokenSource } from '../endpoint/token.ts';
import { OWN_HEADERS } from '../messages/provider.ts';
import { NO_USAGE, type Provider } from '../ports.ts';
import { fromChat } from './from-chat.ts';
import { StreamedChat } from './read-stream.ts';
import { type LimitParameter, toChat } from './to-chat.ts';

export interface OpenAIProviderOptions extends EndpointOptions {
  /** None for a server that asks for none. */
  readonly credential?: Credential;
  readonly limit_parameter?: LimitParameter;
}

/**
 * Any model behind an OpenAI-compatible `chat/completions`, a vendor's or one's own, by the official SDK. Address, key
 * and headers come from here alone. Throws `misconfigured` for options that cannot work.
 */
export function openaiProvider(options: OpenAIProviderOptions): Provider {
  const endpoint = checkEndpoint(options);
  const { name, model, simulated, clearance, address, timeout_ms, baseURL } = endpoint;
  const client = new OpenAI({
    ...{ baseURL, maxRetries: 0, timeout: timeout_ms, logLevel: 'off' },
    // Named, so that the SDK reads no variable; what is sent is written below.
    apiKey: 'portreeve',
    ...{ adminAPIKey: null, organization: null, project: null, webhookSecret: null },
    fetch: boundedFetch(options.fetch, {
      clearance,
      credential: options.credential === undefined ? null : tokenSource(options.credential),
      headers: (token) => ({ ...OWN_HEADERS, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) }),
    }),
  });

  return {
    ...{ name, model, simulated, clearance, address, vendor: 'openai' },
    async complete(request, signal, watch = {}) {
      const chat = toChat(request, options.limit_parameter ?? 'max_completion_tokens');
      const { text } = watch;
      const streamed = text === undefined ? null : new StreamedChat(text);
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]);
      try {
        return await inScope(request.label, watch, async () => {
          if (streamed === null) {
            const { data, response } = await client.chat.completions.create(chat, { signal: within }).withResponse();
            return fromChat(data, requestIdOf(response.headers));
          }
          const asked = { ...chat, stream: true, stream_options: { include_usage: true } } as const;
          const { data, response } = await client.chat.completions.create(asked, { signal: within }).withResponse();
          await readEvents(data, (chunk) => streamed.take(chunk), OpenAIError);
          // The SDK ends an aborted stream as if it had been whole.
          within.throwIfAborted();
          return fromChat(streamed.end(), requestIdOf(response.headers));
        });
      } catch (error) {
        throw toProviderError(error, readError, streamed?.usage ?? NO_USAGE);
      }
    },
  };
}

const readError: ReadError = (error) => {
  if (error instanceof APIConnectionTimeoutError || error instanceof APIUserAbortError) return 'timeout';
  // Connection errors are `APIError`s too, without headers.
  if (!(error instanceof APIError) || error.headers === undefined) return null;
  const said: unknown = error.error;
  const message = typeof said === 'object' && said !== null ? Reflect.get(said, 'message') : null;
  return {
    status: error.status ?? null,
    headers: error.headers,
    name: error.code ?? error.type ?? null,
    message: typeof message === 'string' ? message : null,
  };
};
