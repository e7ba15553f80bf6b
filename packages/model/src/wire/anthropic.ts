import { API_VERSION } from '../messages/provider.ts';
import { type Dialect, type ErrorReply, isError, jsonBody } from './dialect.ts';
import { eventsOf, messageOf, requestId, type StreamEvent } from './message.ts';
import { type MessagesRequest, messagesRequestSchema } from './request.ts';

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

/** An error in the words of the Messages API. */
export function errorBody({ status, message, error_code }: ErrorReply, n: number) {
  const error = {
    type: ERROR_TYPES[status] ?? 'api_error',
    message,
    ...(error_code === undefined ? {} : { details: { error_code } }),
  };
  return { type: 'error', error, request_id: requestId(n) };
}

/** A server-sent event. */
const sse = (event: StreamEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** The body of a question, checked as strictly as the API does. */
export function readMessages(data: unknown): { body: MessagesRequest; stream: boolean } | ErrorReply {
  const parsed = messagesRequestSchema.safeParse(data);
  if (parsed.success) return { body: parsed.data, stream: parsed.data.stream === true };
  const [issue] = parsed.error.issues;
  return { status: 400, message: `${issue?.path.join('.') || 'body'}: ${issue?.message}` };
}

/** The Messages API, version 2026-10-21. */
export const anthropicDialect: Dialect<MessagesRequest> = {
  read(incoming, text) {
    if (incoming.url !== '/v1/messages') return { status: 404, message: 'not found' };
    if (incoming.method !== 'POST') return { status: 405, message: 'use POST', headers: { allow: 'POST' } };
    if (incoming.headers['anthropic-version'] !== API_VERSION)
      return { status: 400, message: `anthropic-version: expected ${API_VERSION}` };
    if (!/^Bearer \S+$/.test(incoming.headers.authorization ?? ''))
      return { status: 401, message: 'authorization: a bearer key is required' };
    const json = jsonBody(text);
    return isError(json) ? json : readMessages(json.data);
  },
  headers: (n) => ({ 'request-id': requestId(n) }),
  message: messageOf,
  stream_type: 'text/event-stream; charset=utf-8',
  frames: (reply, n) => eventsOf(reply, n).map(sse),
  error: (reply, n) => ({ body: errorBody(reply, n) }),
};
