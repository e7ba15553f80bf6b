import type { Clearance } from '@portreeve/contract';
import { anthropicProvider } from '../anthropic/provider.ts';
import type { Provider } from '../ports.ts';
import type { SimulatedServer } from './server.ts';

export { SIMULATED_MODEL, WORST_CASE_MODEL } from '../simulated-names.ts';
export { type Behaviour, type SimulatedServer, type SimulatedServerOptions, startSimulatedServer } from './server.ts';

/** The provider for a simulated server: the same adapter and the same SDK as for the real one, labelled as simulated. */
export function simulatedProvider(
  server: Pick<SimulatedServer, 'url' | 'model'>,
  options: {
    readonly fetch: typeof globalThis.fetch;
    readonly name?: string;
    readonly clearance?: Clearance;
    readonly timeout_ms?: number;
  },
): Provider {
  return anthropicProvider({
    credential: 'simulated',
    fetch: options.fetch,
    ...(options.timeout_ms === undefined ? {} : { timeout_ms: options.timeout_ms }),
    baseURL: server.url,
    model: server.model,
    name: options.name ?? 'simulated',
    simulated: true,
    // Nothing leaves the machine.
    clearance: options.clearance ?? {
      confidentiality: 'restricted',
      categories: ['personal', 'health', 'payment', 'credential', 'customer'],
    },
  });
}
