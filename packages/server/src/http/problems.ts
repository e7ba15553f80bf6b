import type { Socket } from 'node:net';
import { ERRORS, type FieldError, isPortreeveError, PortreeveError, toProblem } from '@portreeve/contract';
import { isOutage } from '@portreeve/run';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { APPROVAL_PAGE_POLICY, wordsPage } from './pages/approval-page.ts';

/** When to try again where the record cannot be written, in seconds. */
const RETRY_AFTER_S = 5;

/**
 * Every error leaves as an RFC 9457 problem with a stable code and a next step; causes go to the log alone. What it says
 * is redacted: a sentence about a bad request may quote it, and answers are kept in more places than requests (G5).
 */
export function installProblems(app: FastifyInstance, redact: (text: string) => string): void {
  app.setErrorHandler((error: FastifyError | PortreeveError | Error, request, reply) => {
    const known = redacted(toKnown(error), redact);
    if (known.status >= 500) request.log.error({ err: error, cause: (error as Error).cause }, known.code);
    return send(reply, known, request.id);
  });
  app.setNotFoundHandler((request, reply) =>
    send(
      reply,
      new PortreeveError('not_found', `There is no ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}.`, {
        next: 'See /openapi.json.',
      }),
      request.id,
    ),
  );
}

function redacted(error: PortreeveError, redact: (text: string) => string): PortreeveError {
  const errors = error.errors?.map(({ path, message }) => ({ path: redact(path), message: redact(message) }));
  return new PortreeveError(error.code, redact(error.detail), {
    ...{ next: error.next, extra: error.extra, cause: error.cause },
    ...(errors ? { errors } : {}),
  });
}

/** Addresses that no route is looked up for: a bad escape, or a parameter that is too long. */
export function frameworkProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const known =
    error.code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? new PortreeveError('not_found', 'There is no such address.', { next: 'See /openapi.json.' })
      : new PortreeveError('bad_request', 'The address is malformed.', { next: 'Correct its percent-encoding.' });
  send(reply, known, request.id);
}

/** What the HTTP parser gives up on, before there is a request. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new PortreeveError('too_large', 'The headers are larger than this server takes.')
      : new PortreeveError('bad_request', 'This is not an HTTP request.', { next: 'Speak HTTP/1.1.' });
  const body = JSON.stringify(toProblem(known));
  socket.end(
    `HTTP/1.1 ${known.status} ${ERRORS[known.code].title}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function send(reply: FastifyReply, error: PortreeveError, instance: string): FastifyReply {
  const wait = error.extra.retry_after_s ?? (error.code === 'audit_unavailable' ? RETRY_AFTER_S : undefined);
  if (typeof wait === 'number') reply.header('retry-after', String(wait));
  if (error.code === 'not_signed_in' && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', 'Bearer');
  // Somebody's browser; a client gets the problem as everywhere.
  if (reply.request.url.startsWith('/approve/') && reply.request.headers.accept?.includes('text/html'))
    return reply
      .code(error.status)
      .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': APPROVAL_PAGE_POLICY })
      .header('cache-control', 'no-store')
      .send(wordsPage(ERRORS[error.code].title, error.detail, error.next, signInFor(error, reply.request)));
  return reply
    .code(error.status)
    .type('application/problem+json')
    .serializer((value) => JSON.stringify(value))
    .send(toProblem(error, `urn:portreeve:request:${instance}`));
}

/** Where somebody who is not signed in does that, and comes back from. */
function signInFor(error: PortreeveError, request: FastifyRequest): string | null {
  const [path] = /^\/approve\/[a-z0-9_]{1,64}(?=\?|$)/.exec(request.url) ?? [];
  return error.code === 'not_signed_in' && path !== undefined ? `/sign-in?then=${encodeURIComponent(path)}` : null;
}

function toKnown(error: FastifyError | PortreeveError | Error): PortreeveError {
  if (isPortreeveError(error)) return error;
  // The database is where the record lies: what it does not do now cannot be recorded either.
  if (isOutage(error))
    return new PortreeveError('audit_unavailable', 'The database does not take this now.', { cause: error });
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors: FieldError[] = error.validation.slice(0, 50).map((issue) => ({
      path: issue.instancePath.slice(1).replaceAll('/', '.') || '/',
      message: issue.message ?? 'is not valid',
    }));
    return new PortreeveError(
      'bad_request',
      `The ${error.validationContext ?? 'request'} does not have the form that this route takes.`,
      { errors },
    );
  }
  const { statusCode, code } = error as FastifyError;
  if (statusCode === 413) return new PortreeveError('too_large', 'The body is larger than this route takes.');
  if (statusCode === 429)
    return new PortreeveError('too_many_attempts', 'Too many requests from this address.', {
      extra: { retry_after_s: 60 },
    });
  if (statusCode && statusCode < 500)
    return new PortreeveError(
      'bad_request',
      code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? 'Send the body as application/json.' : error.message,
    );
  return new PortreeveError('internal', 'Something went wrong here; the cause is in the server’s log.', {
    cause: error,
  });
}
