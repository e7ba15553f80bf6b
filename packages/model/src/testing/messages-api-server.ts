import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type ErrorReply, type MessageReply, sendError, sendMessage } from '../wire/reply.ts';
import type { MessagesRequest } from '../wire/request.ts';
import { startWireServer } from '../wire/server.ts';

/** One scripted reply: it writes the answer to the n-th request, or leaves it open, or cuts the line. */
export type Reply = (response: ServerResponse, n: number) => void;

const MODEL = 'claude-test-1';

const message = (fields: Partial<MessageReply>): Reply => {
  return (response, n) => sendMessage(response, n, { model: MODEL, text: '', input_tokens: 10, ...fields });
};
const error = (fields: ErrorReply): Reply => {
  return (response, n) => sendError(response, n, fields);
};
const raw = (status: number, content_type: string, body: string): Reply => {
  return (response) => {
    response.writeHead(status, { 'content-type': content_type }).end(body);
  };
};

/** Everything that a Messages API endpoint may do to a caller, honest or not. */
export const reply = {
  /** A normal structured answer. */
  answer: (value: unknown): Reply => message({ text: JSON.stringify(value) }),
  /** Whatever text: broken JSON, a code fence, nothing. */
  text: (text: string): Reply => message({ text }),
  empty: (): Reply => message({ text: '' }),
  stop: (stop_reason: string, text = '{"a":'): Reply => message({ stop_reason, text }),
  maxTokens: (text = '{"summary":"cut o'): Reply => message({ stop_reason: 'max_tokens', text }),
  refusal: (category: string | null = 'cyber', explanation: string | null = 'This request was declined.'): Reply =>
    message({ stop_reason: 'refusal', stop_details: { type: 'refusal', category, explanation } }),
  status: (status: number, headers: Readonly<Record<string, string>> = {}): Reply =>
    error({ status, headers, message: `status ${status}` }),
  rateLimited: (headers: Readonly<Record<string, string>> = {}): Reply =>
    error({ status: 429, headers, error_code: 'ramp_limit_exceeded', message: 'slow down' }),
  spendLimit: (error_code = 'enforced_spend_limit_reached'): Reply =>
    error({ status: 429, error_code, headers: { 'retry-after': '1' }, message: 'the spend limit is reached' }),
  overloaded: (): Reply => error({ status: 529, message: 'Overloaded' }),
  /** Takes the request and never answers. */
  slow: (): Reply => () => undefined,
  /** Sends the head and a part of the body, and then nothing more. */
  stalled: (): Reply => (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"id":"msg_1",');
  },
  /** Closes the connection before an answer. */
  cut: (): Reply => (response) => {
    response.destroy();
  },
  /** Closes the connection in the middle of the body. */
  cutShort: (): Reply => (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"id":"msg_1",', () => response.destroy());
  },
  garbage: (): Reply => raw(200, 'application/json', '{"id": <<<'),
  html: (): Reply => raw(200, 'text/html', '<html><body>Bad gateway</body></html>'),
  /** JSON, but no message. */
  otherShape: (): Reply => raw(200, 'application/json', '{"type":"message","content":"hello"}'),
  redirect:
    (to: string): Reply =>
    (response) => {
      response.writeHead(307, { location: to }).end();
    },
  oversize: (bytes: number): Reply => message({ text: 'x'.repeat(bytes) }),
};

export interface RecordedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: MessagesRequest;
}

export interface MessagesApiServer {
  readonly url: string;
  /** The requests that passed the API's own checks, in order. */
  readonly requests: readonly RecordedRequest[];
  /** All requests, those included that the API's checks refused. */
  readonly received: number;
  close(): Promise<void>;
}

/**
 * A local Messages API for tests: it answers the n-th valid request with the n-th reply of the script, and 400 when the
 * script is at its end, so that a test sees a call that it did not foresee.
 */
export async function messagesApiServer(script: readonly Reply[]): Promise<MessagesApiServer> {
  const requests: RecordedRequest[] = [];
  const server = await startWireServer((body, { n, incoming, response }) => {
    requests.push({ headers: incoming.headers, body });
    const next = script[requests.length - 1] ?? error({ status: 400, message: 'the script is at its end' });
    next(response, n);
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
