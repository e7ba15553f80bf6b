import { z } from 'zod';
import { askText, type GuardedFetch, parseJson } from './ask-json.ts';
import { SecretStoreError } from './store-error.ts';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/** The errors that are named on: others are texts of a stranger's (RFC 6749, 5.2; RFC 8693, 2.2.2). */
const KNOWN_ERRORS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
]);

/** RFC 8693, 2.2.1. The token is one that a header can carry (RFC 6750, 2.1, with some room). */
const answerSchema = z.looseObject({
  access_token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
  issued_token_type: z.literal(ACCESS_TOKEN),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.int().min(0).optional(),
});

export interface ExchangeWish {
  readonly endpoint: URL;
  readonly client: { readonly id: string; readonly secret: string };
  /** A JWT of ours. It goes to the token endpoint and nowhere else. */
  readonly subject_token: string;
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
}

export interface ExchangedToken {
  readonly token: string;
  /** Seconds that it lives; null where the server did not say. */
  readonly expires_in: number | null;
}

/**
 * One exchange at a token endpoint (RFC 8693), by `client_secret_basic`. Rejects with {@link SecretStoreError}, whose
 * sentence begins with `what` and quotes neither token nor secret nor a text of the answer.
 */
export async function exchangeToken(
  fetch: GuardedFetch,
  wish: ExchangeWish,
  options: { readonly what: string; readonly timeout_ms: number },
): Promise<ExchangedToken> {
  const { what } = options;
  const { endpoint, client, subject_token, audience, resource, scope } = wish;
  const body = new URLSearchParams({
    grant_type: GRANT_TYPE,
    subject_token,
    subject_token_type: JWT,
    requested_token_type: ACCESS_TOKEN,
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
  });
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${Buffer.from(`${formEncoded(client.id)}:${formEncoded(client.secret)}`).toString('base64')}`,
  };
  const { status, text } = await askText(fetch, endpoint, { method: 'POST', headers, body: body.toString() }, options);
  if (status !== 200) throw new SecretStoreError(`${what}: it was refused with ${errorIn(text) ?? `status ${status}`}`);
  const answer = answerSchema.safeParse(parseJson(text, what));
  if (!answer.success) throw new SecretStoreError(`${what}: the answer is none of RFC 8693`);
  const { access_token, expires_in = null } = answer.data;
  if (access_token === subject_token) throw new SecretStoreError(`${what}: it gave back what was shown to it`);
  return { token: access_token, expires_in };
}

function errorIn(text: string): string | null {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' && KNOWN_ERRORS.has(error) ? error : null;
  } catch {
    return null;
  }
}

/** RFC 6749, 2.3.1: both parts are form-encoded before they are joined. */
const formEncoded = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);
