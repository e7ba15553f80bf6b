import type { Connector } from '../ports.ts';
import { takeVerifiedCall } from '../verified-call.ts';

/**
 * Calls nothing, once the grant was spent and put on record. `relabel`: the gate itself does it then. `caller`: whoever
 * asked does it, and all that is known here is that it was let.
 */
export function nothingConnector(): Connector {
  return {
    async call(call) {
      takeVerifiedCall(call);
      return { state: 'succeeded', result: {}, duration_ms: 0 };
    },
  };
}
