import { type Clock, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { ANTHROPIC_URL, type Ask, anthropicProvider, createModel, type Provider } from '@portreeve/model';
import { simulatedProvider, startSimulatedServer } from '@portreeve/model/simulated';
import { proxyOf, ruleOf } from './egress.ts';
import type { Secrets } from './secrets.ts';

const SECRET = 'anthropic-api-key';

export interface ModelEndpoint {
  readonly provider: Provider;
  readonly ask: Ask;
  close(): Promise<void>;
}

/**
 * Claude where there is a key, otherwise the simulated model (requirement J1). The key comes from the secret store; from
 * the environment only outside production (requirement E9).
 */
export async function openModel(options: {
  config: ProjectConfig;
  secrets: Pick<Secrets, 'read'>;
  environmentKey: string | undefined;
  clock: Clock;
  /** Hears of each answer of the endpoint, and of each time that its circuit opens. */
  health: (endpoint: string, state: 'answers' | 'silent') => void;
}): Promise<ModelEndpoint> {
  const { config, clock } = options;
  const modelOf = (provider: Provider) =>
    createModel({ provider, clock, health: (state) => options.health(provider.name, state) });
  if (options.environmentKey && config.environment === 'production') {
    throw new PortreeveError('misconfigured', 'ANTHROPIC_API_KEY is set in production.', {
      next: `Put the key into the secret store as ${SECRET} and unset the variable.`,
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
  const apiKey = (await options.secrets.read(SECRET)) ?? options.environmentKey;
  if (apiKey) {
    const { base_url = ANTHROPIC_URL, private: allowed = base_url.startsWith('http:') } = config.model;
    const egress = reach(base_url, allowed);
    const provider = anthropicProvider({
      apiKey,
      baseURL: base_url,
      fetch: egress.fetch,
      model: config.model.name,
      clearance: config.model.clearance,
    });
    return { provider, ask: modelOf(provider), close: () => egress.close() };
  }
  if (config.environment === 'production') {
    throw new PortreeveError('misconfigured', `There is no ${SECRET} in the secret store.`, {
      next: 'Production never runs on the simulated model: store the key and start again.',
    });
  }
  const server = await startSimulatedServer();
  const egress = reach(server.url, true);
  const provider = simulatedProvider(server, { fetch: egress.fetch });
  return {
    provider,
    ask: modelOf(provider),
    async close() {
      await egress.close();
      await server.close();
    },
  };
}
