import { type Clock, type ModelEndpoint, PortreeveError } from '@portreeve/contract';
import { awsIdentity } from '@portreeve/execute';
import {
  ANTHROPIC_URL,
  anthropicFederation,
  anthropicProvider,
  ENTRA_AUTHORITY,
  entraFederation,
  GOOGLE_IMPERSONATION_URL,
  GOOGLE_TOKEN_URL,
  googleFederation,
  jwtBearer,
  type Provider,
} from '@portreeve/model';
import { simulatedProvider, startSimulatedServer } from '@portreeve/model/simulated';

/** What an endpoint is opened with. */
export interface OpenWith {
  /** The key that the endpoint's secret holds; null where it names none. */
  readonly key: string | null;
  readonly clock: Clock;
  /** A path of the configuration, as an absolute one. */
  readonly at: (path: string) => string;
}

/** An endpoint that knows whom it talks to, before it has a way there. */
export interface Opened {
  /** Every address that it needs, its authorisation servers included: its egress lets out nothing else. */
  readonly reaches: readonly string[];
  provider(fetch: typeof globalThis.fetch): Provider;
  /** Ends what was started for it. */
  close?(): Promise<void>;
}

type Of<Kind extends ModelEndpoint['kind']> = Extract<ModelEndpoint, { kind: Kind }>;

/** How each kind of endpoint is opened. An SDK is loaded only where the configuration has an endpoint for it. */
const OPENERS: { readonly [Kind in ModelEndpoint['kind']]: (endpoint: Of<Kind>, given: OpenWith) => Promise<Opened> } =
  {
    async anthropic(endpoint, { key, clock, at }) {
      const { base_url: baseURL = ANTHROPIC_URL, federation } = endpoint;
      return {
        reaches: [baseURL],
        provider: (fetch) =>
          anthropicProvider({
            ...common(endpoint),
            ...{ baseURL, fetch, cache: endpoint.prompt_cache },
            credential: federation ? anthropicFederation({ fetch, clock }, local(federation, at), baseURL) : keyOf(key),
          }),
      };
    },

    async bedrock(endpoint, { key, clock, at }) {
      const { bedrockProvider, bedrockURL } = await import('@portreeve/model/bedrock');
      const { region, auth, base_url: baseURL = bedrockURL(region) } = endpoint;
      const sts = new URL(endpoint.sts_endpoint ?? `https://sts.${region}.amazonaws.com/`);
      return {
        reaches: [baseURL, ...(auth?.method === 'web-identity' ? [sts.href] : [])],
        provider(fetch) {
          const identity = auth && awsIdentity({ fetch, auth: awsFiles(auth, at), sts, clock, timeout_ms: 30_000 });
          return bedrockProvider({
            ...common(endpoint),
            ...{ region, baseURL, fetch, cache: endpoint.prompt_cache },
            credential: identity ? { keys: () => identity.get() } : keyOf(key),
          });
        },
      };
    },

    async vertex(endpoint, { clock, at }) {
      const { vertexProvider, vertexURL } = await import('@portreeve/model/vertex');
      const { region, project, federation, base_url: baseURL = vertexURL(region) } = endpoint;
      const { token_url = GOOGLE_TOKEN_URL, impersonation_url = GOOGLE_IMPERSONATION_URL } = federation;
      return {
        reaches: [baseURL, token_url, ...(federation.service_account ? [impersonation_url] : [])],
        provider: (fetch) =>
          vertexProvider({
            ...common(endpoint),
            ...{ region, project, baseURL, fetch, cache: endpoint.prompt_cache },
            credential: googleFederation({ fetch, clock }, local(federation, at)),
          }),
      };
    },

    async foundry(endpoint, { key, clock, at }) {
      const { foundryProvider, foundryURL } = await import('@portreeve/model/foundry');
      const { federation, base_url: baseURL = foundryURL(endpoint.resource ?? '') } = endpoint;
      return {
        reaches: [baseURL, ...(federation ? [federation.authority ?? ENTRA_AUTHORITY] : [])],
        provider: (fetch) =>
          foundryProvider({
            ...common(endpoint),
            ...{ baseURL, fetch, cache: endpoint.prompt_cache },
            credential: federation ? entraFederation({ fetch, clock }, local(federation, at)) : keyOf(key),
          }),
      };
    },

    async 'openai-compatible'(endpoint, { key, clock, at }) {
      const { openaiProvider } = await import('@portreeve/model/openai');
      const { federation, base_url: baseURL, limit_parameter } = endpoint;
      return {
        reaches: [baseURL, ...(federation ? [federation.token_url] : [])],
        provider(fetch) {
          const credential = federation ? jwtBearer({ fetch, clock }, local(federation, at)) : key;
          return openaiProvider({
            ...common(endpoint),
            ...{ baseURL, fetch, limit_parameter },
            ...(credential === null ? {} : { credential }),
          });
        },
      };
    },

    async simulated(endpoint) {
      const server = await startSimulatedServer({ behaviour: endpoint.behaviour });
      return {
        reaches: [server.url],
        provider: (fetch) => simulatedProvider(server, { fetch, name: endpoint.name, clearance: endpoint.clearance }),
        close: server.close,
      };
    },
  };

/** Opens an endpoint of the configuration. Throws `misconfigured` where its credential is not usable. */
export function openProvider(endpoint: ModelEndpoint, given: OpenWith): Promise<Opened> {
  const open = OPENERS[endpoint.kind] as (endpoint: ModelEndpoint, given: OpenWith) => Promise<Opened>;
  return open(endpoint, given);
}

function common({ name, model, clearance, timeout_s }: ModelEndpoint) {
  return { name, model, clearance, ...(timeout_s === undefined ? {} : { timeout_ms: timeout_s * 1000 }) };
}

function keyOf(key: string | null): string {
  if (key === null) throw new PortreeveError('misconfigured', 'A model endpoint has no credential.');
  return key;
}

/** The file that the platform writes is relative to the project, as all files of the configuration are. */
function local<Federation extends { token_file: string }>(federation: Federation, at: OpenWith['at']): Federation {
  return { ...federation, token_file: at(federation.token_file) };
}

function awsFiles(auth: NonNullable<Of<'bedrock'>['auth']>, at: OpenWith['at']) {
  return auth.method === 'keys'
    ? { ...auth, secret_access_key_file: at(auth.secret_access_key_file) }
    : { ...auth, token_file: at(auth.token_file) };
}
