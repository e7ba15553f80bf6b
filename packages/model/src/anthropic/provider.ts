import Anthropic from '@anthropic-ai/sdk';
import { type Credential, checkEndpoint, type EndpointOptions } from '../endpoint/options.ts';
import { tokenSource } from '../endpoint/token.ts';
import type { PromptCache } from '../messages/cache-point.ts';
import { API_VERSION, clientOptions, messagesProvider, OWN_HEADERS } from '../messages/provider.ts';
import type { Provider } from '../ports.ts';

export const ANTHROPIC_URL = 'https://api.anthropic.com';

export interface AnthropicProviderOptions
  extends Partial<Pick<EndpointOptions, 'baseURL' | 'name'>>,
    Omit<EndpointOptions, 'baseURL' | 'name'> {
  readonly credential: Credential;
  /** For how long the vendor keeps the stable beginning of a question. */
  readonly cache?: PromptCache;
}

/**
 * Claude over the Messages API (version 2026-10-21) by the official SDK. Key, address and headers come from here alone:
 * the SDK's own reading of environment variables and profiles is shut out, and so are its retries and its log.
 * Throws `misconfigured` for options that cannot work.
 */
export function anthropicProvider(options: AnthropicProviderOptions): Provider {
  const endpoint = checkEndpoint({ baseURL: ANTHROPIC_URL, name: 'anthropic', ...options });
  const credential = tokenSource(options.credential);
  const client = new Anthropic({
    ...clientOptions(endpoint, options.fetch, {
      credential,
      headers: (token) => ({ ...OWN_HEADERS, 'anthropic-version': API_VERSION, authorization: `Bearer ${token}` }),
    }),
    // Named, so that the SDK looks for none; what is sent is written above.
    apiKey: 'portreeve',
  });
  return messagesProvider(client, endpoint, { vendor: 'anthropic', cache: options.cache ?? '5m' });
}
