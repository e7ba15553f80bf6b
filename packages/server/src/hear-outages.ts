import type { EnvironmentService } from '@portreeve/gate';
import type { Log } from './telemetry/open-log.ts';

/**
 * What the circuits of the model endpoints tell, as outages on record. An answer ends an outage whoever has told of it: the
 * process whose circuit opened may be gone.
 */
export function hearOutages(environment: Pick<EnvironmentService, 'facts' | 'outage'>, log: Log) {
  return (endpoint: string, state: 'answers' | 'silent'): void => {
    const known = environment.facts().outages.includes(endpoint);
    if (known === (state === 'silent')) return;
    const told =
      state === 'silent'
        ? environment.outage(endpoint, 'on', 'It did not answer several times in a row: the circuit is open.')
        : environment.outage(endpoint, 'off', 'It answers.');
    told.catch((error: unknown) => log('error', 'an outage could not be recorded', error));
  };
}
