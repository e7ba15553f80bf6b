import type { ServerResponse } from 'node:http';

export interface MessageReply {
  readonly model: string;
  readonly text: string;
  readonly stop_reason?: string;
  readonly stop_details?: {
    readonly type: string;
    readonly category: string | null;
    readonly explanation: string | null;
  };
  readonly input_tokens?: number;
  readonly output_tokens?: number;
}

/** `request-id` of the n-th request that a local server answers. */
export const requestId = (n: number): string => `req_local_${n}`;

/** Answers with a `Message`. No text gives an empty `content`. */
export function sendMessage(response: ServerResponse, n: number, reply: MessageReply): void {
  sendJson(response, n, 200, {
    id: `msg_local_${n}`,
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: reply.text === '' ? [] : [{ type: 'text', text: reply.text }],
    stop_reason: reply.stop_reason ?? 'end_turn',
    stop_sequence: null,
    stop_details: reply.stop_details ?? null,
    container: null,
    usage: {
      input_tokens: reply.input_tokens ?? 0,
      output_tokens: reply.output_tokens ?? tokens(reply.text),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  });
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export interface ErrorReply {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly error_code?: string;
}

export function sendError(response: ServerResponse, n: number, reply: ErrorReply): void {
  const error = {
    type: ERROR_TYPES[reply.status] ?? 'api_error',
    message: reply.message,
    ...(reply.error_code === undefined ? {} : { details: { error_code: reply.error_code } }),
  };
  sendJson(response, n, reply.status, { type: 'error', error, request_id: requestId(n) }, reply.headers);
}

function sendJson(
  response: ServerResponse,
  n: number,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': requestId(n), ...headers });
  response.end(JSON.stringify(body));
}

/** A rough count of tokens: four characters each. */
export function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}
