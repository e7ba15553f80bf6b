import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { PassThroughClient } from 'google-auth-library';
import { type Credential, checkEndpoint, type EndpointOptions } from '../endpoint/options.ts';
import { tokenSource } from '../endpoint/token.ts';
import type { PromptCache } from '../messages/cache-point.ts';
import { clientOptions, messagesProvider, OWN_HEADERS } from '../messages/provider.ts';
import type { Provider } from '../ports.ts';

export interface VertexProviderOptions extends Omit<EndpointOptions, 'baseURL'> {
  readonly project: string;
  /** Such as `europe-west1`; `global`, `us` and `eu` are the multi-region endpoints. */
  readonly region: string;
  readonly baseURL?: string;
  /** An OAuth access token of Google Cloud, asked for anew for each request. */
  readonly credential: Credential;
  readonly cache?: PromptCache;
}

/** Where Vertex AI answers for a region. */
export function vertexURL(region: string): string {
  if (region === 'global') return 'https://aiplatform.googleapis.com/v1';
  if (region === 'us' || region === 'eu') return `https://aiplatform.${region}.rep.googleapis.com/v1`;
  return `https://${region}-aiplatform.googleapis.com/v1`;
}

/** Claude on Vertex AI (`rawPredict`) by the official SDK. Application Default Credentials are never looked for. */
export function vertexProvider(options: VertexProviderOptions): Provider {
  const { region, project } = options;
  const endpoint = checkEndpoint({ ...options, baseURL: options.baseURL ?? vertexURL(region) });
  const credential = tokenSource(options.credential);
  const client = new AnthropicVertex({
    ...clientOptions(endpoint, options.fetch, {
      credential,
      headers: (token) => ({ ...OWN_HEADERS, authorization: `Bearer ${token}` }),
    }),
    region,
    projectId: project,
    // It adds nothing and asks nobody: what is sent is written above.
    authClient: new PassThroughClient(),
  });
  return messagesProvider(client, endpoint, { vendor: 'gcp.vertex_ai', cache: options.cache ?? '5m' });
}
