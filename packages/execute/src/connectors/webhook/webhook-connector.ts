import { canonicalJson } from '@portreeve/contract';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall } from '../../verified-call.ts';
import { located, measured, NotSendable } from '../ending.ts';
import type { HttpConnectorOptions } from '../http/http-connector.ts';
import { callHeaders } from '../http/http-request.ts';
import { sendOnce } from '../http/send-once.ts';
import { webhookSignature } from './sign-webhook.ts';

/**
 * Sends one event by Standard Webhooks 1.0: `{type, timestamp, data}`, where `data` is the arguments. Its id is the key
 * of this one effect, so that a receiver can tell a second delivery. What a receiver answers beside its status is not
 * read (the standard gives it no meaning): the result of a success is `{"delivered": true}`.
 */
export function webhookConnector(options: HttpConnectorOptions): Connector {
  const { clock, locate = (url) => url } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { binding } = call.contract;
        if (binding.connector !== 'webhook') throw new NotSendable('the tool is not bound to a webhook');
        if (credential === null) throw new NotSendable('there is no signing secret');
        const now = clock.now();
        const body = canonicalJson({ type: binding.event, timestamp: now.toISOString(), data: call.args });
        const id = call.idempotency_key;
        const timestamp_s = Math.floor(now.getTime() / 1000);
        const request = {
          method: 'POST',
          url: new URL(located(binding.url, locate)),
          headers: {
            ...callHeaders(call),
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': String(timestamp_s),
            'webhook-signature': webhookSignature({ id, timestamp_s, body }, credential),
          },
          body,
        } as const;
        const resultOf = () => ({ delivered: true });
        return sendOnce(options, request, call, { credential, signal, resultOf });
      });
    },
  };
}
