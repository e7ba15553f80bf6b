import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { GRANT_HEADER, isPortreeveError, PROOF_HEADER } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { VerifiedCall } from '../../verified-call.ts';
import { credentialHeader } from '../http/http-request.ts';
import type { Sending } from './once.ts';

/** Errors of a connection that was never made. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Streamable HTTP through the egress guard: no redirect is followed, nothing is tried again, all answers together are
 * bounded. The grant and the proof travel with the call alone.
 */
export function httpTransport(options: {
  readonly url: URL;
  readonly egress: Egress;
  readonly credential: string | null;
  /** Whose grant and proof go with the call; null where nothing is called. */
  readonly call: Pick<VerifiedCall, 'token' | 'prove'> | null;
  readonly bytes_max: number;
  readonly sending: Sending;
}): StreamableHTTPClientTransport {
  const { url, egress, call, bytes_max, sending } = options;
  const own = credentialHeader(options.credential);
  let bytes = 0;
  const bounded = (chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void => {
    bytes += chunk.byteLength;
    if (bytes > bytes_max) controller.error(new Error(`answers of more than ${bytes_max} bytes`));
    else controller.enqueue(chunk);
  };
  return new StreamableHTTPClientTransport(url, {
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
    async fetch(target, init) {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(own)) headers.set(name, value);
      if (call && sending.isCall(init?.body)) {
        headers.set(GRANT_HEADER, call.token);
        headers.set(PROOF_HEADER, call.prove(init?.method ?? 'GET', new URL(target)));
      }
      let response: Response;
      try {
        response = await egress.fetch(target, { ...init, headers, redirect: 'manual' });
      } catch (error) {
        const cause = (error as Error).cause as { code?: unknown } | undefined;
        if (isPortreeveError(error) || NEVER_CONNECTED.has(String(cause?.code))) sending.notSent(init?.body);
        throw error;
      }
      if (response.body === null) return response;
      const { status, statusText } = response;
      const body = response.body.pipeThrough(new TransformStream({ transform: bounded }));
      return new Response(body, { status, statusText, headers: response.headers });
    },
  });
}
