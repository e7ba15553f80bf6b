import { isPortreeveError } from '@portreeve/contract';
import type { FastifyError, FastifyInstance } from 'fastify';
import { z } from 'zod';

/** RFC 6749, 5.2. */
export const oauthErrorSchema = z.object({ error: z.string(), error_description: z.string() });
type OAuthError = z.infer<typeof oauthErrorSchema>;

/** A token request that is refused, as its handler throws it. */
export class OAuthRefusal extends Error {
  override readonly name = 'OAuthRefusal';
  readonly body: OAuthError;

  constructor(body: OAuthError) {
    super(body.error);
    this.body = body;
  }
}

const PARAMETERS_MAX = 32;

/**
 * What an endpoint of OAuth speaks: parameters as `application/x-www-form-urlencoded`, and errors in its own form also
 * where the request cannot be read at all. A parameter that comes twice is a list, which its handler refuses (RFC 6749, 3.2).
 */
export function speakOAuth(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) => {
    const pairs = [...new URLSearchParams(text as string)];
    if (pairs.length > PARAMETERS_MAX) {
      done(new OAuthRefusal(invalid('There are too many parameters.')));
      return;
    }
    const valuesByName = Map.groupBy(pairs, ([name]) => name);
    done(
      null,
      Object.fromEntries(
        [...valuesByName].map(([name, all]) => [name, all.length === 1 ? all[0]?.[1] : all.map(([, value]) => value)]),
      ),
    );
  });
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const [status, body] = answerTo(error);
    if (status >= 500) request.log.error({ err: error, cause: error.cause }, 'a token request failed');
    if (status === 429) reply.header('retry-after', '60');
    return reply
      .code(status)
      .type('application/json')
      .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
      .serializer((value) => JSON.stringify(value))
      .send(body);
  });
}

function answerTo(error: FastifyError | Error): [status: number, body: OAuthError] {
  if (error instanceof OAuthRefusal) return [400, error.body];
  if (isPortreeveError(error) && error.status >= 500)
    return [error.status, { error: 'temporarily_unavailable', error_description: error.detail }];
  const { statusCode, code } = error as FastifyError;
  if (statusCode === 429)
    return [429, { error: 'temporarily_unavailable', error_description: 'Too many requests from this address.' }];
  if (statusCode === 413) return [400, invalid('The request is larger than a token request is.')];
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return [400, invalid('Send the parameters as application/x-www-form-urlencoded.')];
  if ((statusCode ?? 500) < 500 || isPortreeveError(error)) return [400, invalid('The request cannot be read.')];
  return [
    500,
    { error: 'server_error', error_description: 'Something went wrong here; the cause is in the server’s log.' },
  ];
}

function invalid(error_description: string): OAuthError {
  return { error: 'invalid_request', error_description };
}
