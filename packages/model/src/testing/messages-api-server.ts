import type { IncomingHttpHeaders } from 'node:http';
import { anthropicDialect } from '../wire/anthropic.ts';
import type { Dialect } from '../wire/dialect.ts';
import type { MessagesRequest } from '../wire/request.ts';
import { startWireServer } from '../wire/server.ts';
import type { Reply } from './replies.ts';

export interface RecordedRequest<Body> {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

export interface ScriptedServer<Body> {
  readonly url: string;
  /** The requests that passed the API's own checks, in order. */
  readonly requests: readonly RecordedRequest<Body>[];
  /** All requests, those included that the API's checks refused. */
  readonly received: number;
  close(): Promise<void>;
}

export type MessagesApiServer = ScriptedServer<MessagesRequest>;

/**
 * A local server for tests that speaks as a vendor does: it answers the n-th valid request with the n-th reply of the
 * script, and 400 when the script is at its end, so that a test sees a call that it did not foresee.
 */
export async function scriptedServer<Body>(
  dialect: Dialect<Body>,
  script: readonly Reply[],
): Promise<ScriptedServer<Body>> {
  const requests: RecordedRequest<Body>[] = [];
  const server = await startWireServer(dialect, (body, exchange) => {
    const { url = '', headers } = exchange.incoming;
    requests.push({ path: url, headers, body });
    const next = script[requests.length - 1];
    if (next) next(exchange);
    else exchange.error({ status: 400, message: 'the script is at its end' });
  });
  return {
    url: server.url,
    requests,
    get received() {
      return server.requests;
    },
    close: server.close,
  };
}

/** {@link scriptedServer} for the Messages API. */
export const messagesApiServer = (script: readonly Reply[]): Promise<MessagesApiServer> =>
  scriptedServer(anthropicDialect, script);
