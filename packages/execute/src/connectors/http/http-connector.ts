import type { Clock } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall } from '../../verified-call.ts';
import { type Locate, located, measured, NotSendable } from '../ending.ts';
import { buildRequest } from './http-request.ts';
import { sendOnce } from './send-once.ts';

export interface HttpConnectorOptions {
  readonly egress: Egress;
  readonly clock: Clock;
  /** Bytes of an answer at the most; 1 MiB. */
  readonly answer_bytes_max?: number;
  readonly locate?: Locate;
}

/** Calls tools over HTTP/1.1 by their `http` binding, through the egress guard alone. */
export function httpConnector(options: HttpConnectorOptions): Connector {
  const { clock, locate = (url) => url } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { binding } = call.contract;
        if (binding.connector !== 'http') throw new NotSendable('the tool is not bound to HTTP');
        const url = located(binding.url, locate);
        const request = buildRequest({ ...call, contract: { binding: { ...binding, url } } }, credential);
        return sendOnce(options, request, call, { credential, signal });
      });
    },
  };
}
