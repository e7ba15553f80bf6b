import { digestOf, type OpenApiBinding } from '@portreeve/contract';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall } from '../../verified-call.ts';
import { located, measured, NotSendable } from '../ending.ts';
import { exchange } from '../http/exchange.ts';
import type { HttpConnectorOptions } from '../http/http-connector.ts';
import { sendOnce } from '../http/send-once.ts';
import { openApiRequest } from './openapi-request.ts';

/** Bytes of a document at the most. */
const SPEC_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Calls one operation of an OpenAPI 3 document. Where the binding says that the downstream serves its document, it is
 * read before the call, and another one than the pinned one stops it.
 */
export function openApiConnector(options: HttpConnectorOptions): Connector {
  const { egress, clock, locate = (url) => url } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { contract } = call;
        const { binding } = contract;
        if (binding.connector !== 'openapi') throw new NotSendable('the tool is not bound to OpenAPI');
        const url = located(binding.url, locate);
        const request = openApiRequest(call, { ...binding, url }, credential);
        if (binding.spec_url !== undefined)
          await assertPinned(binding, located(binding.spec_url, locate), contract, signal);
        return sendOnce(options, request, call, { credential, signal });
      });
    },
  };

  async function assertPinned(
    binding: OpenApiBinding,
    address: string,
    { timeout_ms }: { readonly timeout_ms: number },
    signal: AbortSignal,
  ): Promise<void> {
    const request = {
      method: 'GET',
      url: new URL(address),
      headers: { accept: 'application/json' },
      body: null,
    } as const;
    const limits = { timeout_ms, answer_bytes_max: SPEC_BYTES_MAX, signal };
    const exchanged = await exchange(egress.dispatcher, request, limits);
    if (exchanged.kind !== 'answer' || exchanged.status !== 200) {
      const why = exchanged.kind === 'answer' ? `status ${exchanged.status}` : exchanged.reason;
      throw new NotSendable(`the document of the operation could not be read: ${why}`);
    }
    let served: string;
    try {
      served = digestOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(exchanged.body)));
    } catch {
      throw new NotSendable('the document of the operation is not usable JSON');
    }
    if (served !== binding.spec) {
      throw new NotSendable(
        `the document of the operation has changed: ${binding.spec} is pinned, ${served} is served`,
      );
    }
  }
}
