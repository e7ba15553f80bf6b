import { type Clock, isLoopbackHttp, PortreeveError } from '@portreeve/contract';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientMetadata,
  Configuration,
  type CustomFetch,
  clockSkew,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ServerMetadata,
} from 'openid-client';
import { boundedFetch, type Fetch } from '../bounded-fetch.ts';
import { Refused } from '../refusal.ts';

const BYTES_MAX = 256 * 1024;
const METADATA_FRESH_MS = 60 * 60_000;

export interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly redirectUri: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeout_ms: number;
  readonly id_token_alg: string;
}

export interface Provider {
  authorizationUrl(parameters: Record<string, string>): Promise<URL>;
  /** The verified claims of the ID token. Throws `Refused`. */
  claims(
    callback: URL,
    checks: { state: string; nonce: string; code_verifier: string },
  ): Promise<Record<string, unknown>>;
}

/** One OpenID provider through openid-client. Its metadata are read when first needed and again every hour. */
export function openidProvider(options: ProviderOptions): Provider {
  const { issuer, clientId, clientSecret, redirectUri, clock, timeout_ms } = options;
  const fetch = boundedFetch(options.fetch, { bytes_max: BYTES_MAX, timeout_ms }) as unknown as CustomFetch;
  const insecure = isLoopbackHttp(new URL(issuer));
  let known: { readonly metadata: ServerMetadata; readonly at: number } | null = null;

  const client = (): ClientMetadata & Record<symbol, number> => ({
    client_id: clientId,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    // Said outright: what the provider's metadata list is not for it alone to choose.
    id_token_signed_response_alg: options.id_token_alg,
    // openid-client asks the system for the time: this is what our clock differs from it.
    [clockSkew]: Math.round((clock.now().getTime() - Date.now()) / 1000),
    [clockTolerance]: 30,
  });

  const configuration = async (): Promise<Configuration> => {
    const now = clock.now().getTime();
    if (!known || now - known.at >= METADATA_FRESH_MS) {
      const found = await discovery(new URL(issuer), clientId, client(), undefined, {
        [customFetch]: fetch,
        timeout: timeout_ms / 1000,
        execute: insecure ? [allowInsecureRequests] : [],
      }).catch((error: unknown) => {
        throw new Refused('provider_unavailable', { about: issuer, cause: error });
      });
      const metadata = found.serverMetadata();
      // A provider for many tenants names a pattern: here each issuer is one and is named exactly.
      if (metadata.issuer !== issuer) throw new Refused('issuer', { about: issuer });
      known = { metadata, at: now };
    }
    const made = new Configuration(known.metadata, clientId, client());
    made[customFetch] = fetch;
    made.timeout = timeout_ms / 1000;
    if (insecure) allowInsecureRequests(made);
    // The ID token came over TLS from the provider itself; its signature is verified all the same.
    enableNonRepudiationChecks(made);
    return made;
  };

  return {
    async authorizationUrl(parameters) {
      return buildAuthorizationUrl(await configuration(), { ...parameters, redirect_uri: redirectUri });
    },
    async claims(callback, { state, nonce, code_verifier }) {
      const config = await configuration();
      const answer = await authorizationCodeGrant(config, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: code_verifier,
        idTokenExpected: true,
      }).catch((error: unknown) => {
        throw new Refused('provider_error', { about: issuer, cause: error });
      });
      const claims = answer.claims() as Record<string, unknown> | undefined;
      if (!claims || claims.iss !== issuer) throw new Refused('issuer', { about: issuer });
      return claims;
    },
  };
}

/** Throws `misconfigured` unless the address can be used as ours: exact, without query or fragment. */
export function checkedRedirectUri(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.search || url.hash || url.username || !(url.protocol === 'https:' || isLoopbackHttp(url)))
    throw new PortreeveError('misconfigured', '`redirectUri` is an https address without a query.');
  return url;
}
