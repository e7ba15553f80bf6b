import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { type Credential, checkEndpoint, type EndpointOptions } from '../endpoint/options.ts';
import { tokenSource } from '../endpoint/token.ts';
import type { PromptCache } from '../messages/cache-point.ts';
import { clientOptions, messagesProvider, OWN_HEADERS } from '../messages/provider.ts';
import { type Provider, ProviderError } from '../ports.ts';

/** What requests are signed with (AWS Signature Version 4). */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface BedrockProviderOptions extends Omit<EndpointOptions, 'baseURL'> {
  readonly region: string;
  readonly baseURL?: string;
  /** A Bedrock API key, or keys to sign with, asked for anew for each request. */
  readonly credential: Credential | { readonly keys: () => Promise<AwsKeys> };
  readonly cache?: PromptCache;
}

export const bedrockURL = (region: string): string => `https://bedrock-runtime.${region}.amazonaws.com`;

/** What a signed request may hold; the rest is not under the signature either. */
const SIGNED = new Set([
  ...Object.keys(OWN_HEADERS),
  'authorization',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
]);

/** Claude on Amazon Bedrock (InvokeModel) by the official SDK. No variable, profile or instance role is read. */
export function bedrockProvider(options: BedrockProviderOptions): Provider {
  const { region, credential } = options;
  const endpoint = checkEndpoint({ ...options, baseURL: options.baseURL ?? bedrockURL(region) });
  const signs = typeof credential === 'object' && 'keys' in credential;
  const client = new AnthropicBedrock({
    ...clientOptions(endpoint, options.fetch, {
      credential: signs ? null : tokenSource(credential),
      headers: (token, given) =>
        signs
          ? Object.fromEntries([...given].filter(([name]) => SIGNED.has(name)))
          : { ...OWN_HEADERS, authorization: `Bearer ${token}` },
    }),
    awsRegion: region,
    // `null` keeps the SDK from its variables; the name stands for a key that is written in the headers above.
    apiKey: signs ? null : 'portreeve',
    ...(signs ? { providerChainResolver: async () => () => keysOf(credential.keys) } : {}),
  });
  return messagesProvider(client, endpoint, { vendor: 'aws.bedrock', cache: options.cache ?? '5m' });
}

async function keysOf(keys: () => Promise<AwsKeys>): Promise<AwsKeys> {
  try {
    return await keys();
  } catch (error) {
    throw new ProviderError('credential', `no keys for AWS: ${error instanceof Error ? error.message : 'unknown'}`, {
      transient: true,
      cause: error,
    });
  }
}
