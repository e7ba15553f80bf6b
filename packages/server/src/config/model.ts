import { type Clock, type ModelEndpoint, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { createEgress, type Egress } from '@portreeve/execute';
import {
  ANTHROPIC_URL,
  anthropicProvider,
  createModel,
  type Provider,
  RESILIENCE,
  type Sharing,
} from '@portreeve/model';
import { simulatedProvider, startSimulatedServer } from '@portreeve/model/simulated';
import type { Endpoint } from '@portreeve/run';
import { proxyOf, ruleOf } from './egress.ts';
import type { Secrets } from './secrets.ts';

/** The secret that the environment variable `ANTHROPIC_API_KEY` stands in for, outside production. */
const ENVIRONMENT_SECRET = 'anthropic-api-key';

/** An endpoint with what people are told of it. */
export interface OpenEndpoint extends Endpoint {
  readonly model: string;
  readonly simulated: boolean;
}

export interface Models {
  /** In the order in which they are tried; at least one. */
  readonly endpoints: readonly [OpenEndpoint, ...OpenEndpoint[]];
  close(): Promise<void>;
}

/**
 * The configured endpoints where there are keys, otherwise the simulated model alone (requirement J1). Keys come from the
 * secret store; from the environment only outside production (requirement E9). A key for some and not for all is
 * `misconfigured`: questions would silently go another way than the configuration says.
 */
export async function openModels(options: {
  config: ProjectConfig;
  secrets: Pick<Secrets, 'read'>;
  environmentKey: string | undefined;
  clock: Clock;
  /** Hears of each answer of an endpoint, and of each time that its circuit opens. */
  health: (endpoint: string, state: 'answers' | 'silent') => void;
  /** What all processes share of the endpoints. */
  shared: Sharing;
}): Promise<Models> {
  const { config, clock } = options;
  const production = config.environment === 'production';
  const open = (provider: Provider, where: ModelEndpoint['where'], from: ModelEndpoint | undefined): OpenEndpoint => ({
    name: provider.name,
    where,
    clearance: provider.clearance,
    model: provider.model,
    simulated: provider.simulated,
    ask: createModel({
      ...{ provider, clock, shared: options.shared },
      resilience: { ...defined(from?.resilience), ...defined(from?.limits) },
      ...(from?.prices && { prices: from.prices }),
      health: (state) => options.health(provider.name, state),
    }),
  });
  if (options.environmentKey && production) {
    throw new PortreeveError('misconfigured', 'ANTHROPIC_API_KEY is set in production.', {
      next: `Put the key into the secret store as ${ENVIRONMENT_SECRET} and unset the variable.`,
    });
  }
  const reach = (address: string, allowed: boolean) => {
    // The provider's own time-out is the shorter one.
    const headers_timeout_ms = 600_000;
    return createEgress({
      allow: [ruleOf(address, allowed)],
      proxy: proxyOf(config, options.secrets),
      headers_timeout_ms,
    });
  };
  const keyed = await Promise.all(
    config.models.map(async (endpoint) => {
      const stored = await options.secrets.read(endpoint.secret);
      const apiKey = stored ?? (endpoint.secret === ENVIRONMENT_SECRET ? options.environmentKey : undefined);
      return { endpoint, apiKey: apiKey || null };
    }),
  );
  const lacking = keyed.find(({ apiKey }) => apiKey === null);
  if (lacking && (production || keyed.some(({ apiKey }) => apiKey !== null))) {
    const { name, secret } = lacking.endpoint;
    throw new PortreeveError('misconfigured', `There is no ${secret} in the secret store, for the endpoint ${name}.`, {
      next: production
        ? 'Production never runs on the simulated model: store the key and start again.'
        : 'Store the key, or take the endpoint out of `models`: the simulated model stands in for all endpoints or none.',
    });
  }
  if (lacking) {
    const server = await startSimulatedServer();
    const egress = reach(server.url, true);
    return {
      endpoints: [open(simulatedProvider(server, { fetch: egress.fetch }), 'inside', config.models[0])],
      async close() {
        await egress.close();
        await server.close();
      },
    };
  }
  const ways: Egress[] = [];
  const endpoints = keyed.map(({ endpoint, apiKey }) => {
    const { name, model, clearance, where, base_url = ANTHROPIC_URL } = endpoint;
    const egress = reach(base_url, endpoint.private ?? base_url.startsWith('http:'));
    ways.push(egress);
    const timeout_ms = endpoint.resilience?.attempt_timeout_ms ?? RESILIENCE.attempt_timeout_ms;
    return open(
      anthropicProvider({
        ...{ apiKey: apiKey ?? '', baseURL: base_url, fetch: egress.fetch, name, model, clearance, timeout_ms },
      }),
      where,
      endpoint,
    );
  });
  return {
    endpoints: endpoints as [OpenEndpoint, ...OpenEndpoint[]],
    async close() {
      await Promise.all(ways.map((egress) => egress.close()));
    },
  };
}

/** What is configured, without what is left out. */
function defined<T extends object>(given: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as never;
}
