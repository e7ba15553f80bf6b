import { type Clock, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { type Ask, anthropicProvider, createModel, type Provider } from '@portreeve/model';
import { simulatedProvider, startSimulatedServer } from '@portreeve/model/simulated';
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
  const apiKey = (await options.secrets.read(SECRET)) ?? options.environmentKey;
  if (apiKey) {
    const provider = anthropicProvider({
      apiKey,
      model: config.model.name,
      clearance: config.model.clearance,
      ...(config.model.base_url ? { baseURL: config.model.base_url } : {}),
    });
    return { provider, ask: modelOf(provider), close: async () => undefined };
  }
  if (config.environment === 'production') {
    throw new PortreeveError('misconfigured', `There is no ${SECRET} in the secret store.`, {
      next: 'Production never runs on the simulated model: store the key and start again.',
    });
  }
  const server = await startSimulatedServer();
  const provider = simulatedProvider(server);
  return { provider, ask: modelOf(provider), close: () => server.close() };
}
