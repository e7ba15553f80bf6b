import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk';
import { type Credential, checkEndpoint, type EndpointOptions } from '../endpoint/options.ts';
import { tokenSource } from '../endpoint/token.ts';
import type { PromptCache } from '../messages/cache-point.ts';
import { API_VERSION, clientOptions, messagesProvider, OWN_HEADERS } from '../messages/provider.ts';
import type { Provider } from '../ports.ts';

export interface FoundryProviderOptions extends EndpointOptions {
  /** A key of the resource, or what gives tokens of Microsoft Entra. */
  readonly credential: Credential;
  readonly cache?: PromptCache;
}

export const foundryURL = (resource: string): string => `https://${resource}.services.ai.azure.com/anthropic/`;

/** Claude in Microsoft Foundry by the official SDK, with a key or as an Entra identity; no variable is read. */
export function foundryProvider(options: FoundryProviderOptions): Provider {
  const endpoint = checkEndpoint(options);
  const byKey = typeof options.credential === 'string';
  const credential = tokenSource(options.credential);
  const client = new AnthropicFoundry({
    ...clientOptions(endpoint, options.fetch, {
      credential,
      headers: (token) => ({
        ...OWN_HEADERS,
        'anthropic-version': API_VERSION,
        ...(byKey ? { 'x-api-key': token } : { authorization: `Bearer ${token}` }),
      }),
    }),
    // `baseURL` names the place; a resource from a variable would contradict it.
    resource: null,
    apiKey: 'portreeve',
  });
  return messagesProvider(client, endpoint, { vendor: 'azure.ai.inference', cache: options.cache ?? '5m' });
}
