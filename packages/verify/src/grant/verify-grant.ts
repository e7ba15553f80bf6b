import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { canonicalJson } from '../canonical.ts';
import { type GrantInfo, readInfo } from './info.ts';
import { checkProof, type GrantRequest } from './proof.ts';
import { GrantKeysUnavailable, GrantRefused } from './refused.ts';
import type { ReplayStore } from './replay.ts';
import { sha256 } from './sha256.ts';

/** The header that a grant travels in. */
export const GRANT_HEADER = 'Portreeve-Grant';
/** The `typ` of a grant. No other token passes, whoever signed it. */
export const GRANT_TYPE = 'portreeve-grant+jwt';
/** Characters of a token at the most. */
const CHARS_MAX = 8192;
/** Seconds that a used grant is remembered after nobody accepts it any more. */
const FORGET_LATER_S = 60;

export interface GrantVerifierOptions {
  /** Portreeve's keys, or their address (`…/.well-known/jwks.json`), which is fetched when needed and kept for 10 minutes. */
  readonly jwks: URL | JSONWebKeySet;
  /** Portreeve's `iss`. */
  readonly issuer: string;
  /** The name of this system: a grant for another is refused. */
  readonly audience: string;
  /**
   * Where Portreeve calls this system: scheme, host, port, and the part of the path that a proxy takes away, such as
   * `https://cases.internal`. It is configuration and never a header of the request.
   */
  readonly origin: string | (() => string);
  readonly replay: ReplayStore;
  /** Refuses grants of another environment. Without it, environments are told apart by issuer and keys alone. */
  readonly environment?: string;
  /** Seconds that the clocks may differ by. 5 without it. */
  readonly clockTolerance?: number;
  /** For tests. */
  readonly now?: () => Date;
}

export interface GrantedCall {
  /** What this system is about to do. */
  readonly tool: string;
  /** Refuses a grant for another version of the tool. */
  readonly tool_version?: string;
  /** The arguments as they were really received and will really be used, path and query included. */
  readonly args: unknown;
  readonly request: GrantRequest;
}

export interface GrantVerifier {
  /**
   * Verifies the grant of one call and uses it up. Throws {@link GrantRefused} with a stable code, or
   * {@link GrantKeysUnavailable}; in both cases, and in any other error, the call must not be carried out.
   */
  verify(token: string | null | undefined, call: GrantedCall): Promise<GrantInfo>;
}

export function createGrantVerifier(options: GrantVerifierOptions): GrantVerifier {
  const { issuer, audience, origin, replay, environment, clockTolerance = 5, now = () => new Date() } = options;
  const keys = options.jwks instanceof URL ? createRemoteJWKSet(options.jwks) : createLocalJWKSet(options.jwks);

  return {
    async verify(token, call) {
      const grant = readInfo(await verifiedPayload(token));
      if (grant.tool !== call.tool) throw mismatch('tool');
      if (call.tool_version !== undefined && grant.tool_version !== call.tool_version) throw mismatch('tool version');
      if (environment !== undefined && grant.environment !== environment) throw mismatch('environment');
      if (grant.args_digest !== (await digestOf(call.args))) throw mismatch('set of arguments');
      await checkProof({
        token: token as string,
        jkt: grant.executor_key,
        request: call.request,
        origin: typeof origin === 'function' ? origin() : origin,
        now: now(),
        clockTolerance,
      });
      // Last, so that a call which is refused anyway does not use up somebody's grant. A minute more: the store's clock may
      // be another.
      const forgetAt = new Date(grant.expires_at.getTime() + (clockTolerance + FORGET_LATER_S) * 1000);
      if (!(await replay.use(grant.id, forgetAt))) throw new GrantRefused('replayed', 'The grant was used before.');
      return grant;
    },
  };

  async function verifiedPayload(token: string | null | undefined): Promise<JWTPayload> {
    if (token === undefined || token === null || token === '') {
      throw new GrantRefused('missing', `There is no ${GRANT_HEADER} header.`);
    }
    if (typeof token !== 'string' || token.length > CHARS_MAX) throw new GrantRefused('malformed', 'This is no grant.');
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['EdDSA'],
        typ: GRANT_TYPE,
        issuer,
        audience,
        clockTolerance,
        currentDate: now(),
        requiredClaims: ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti', 'sub'],
      });
      return payload;
    } catch (error) {
      throw refusalOf(error);
    }
  }
}

function refusalOf(cause: unknown): GrantRefused | GrantKeysUnavailable {
  const refused = (code: GrantRefused['code'], message: string) => new GrantRefused(code, message, { cause });
  if (cause instanceof errors.JWTExpired) return refused('expired', 'The time of the grant is over.');
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'typ') return refused('wrong_type', 'The token is not a grant.');
    if (cause.claim === 'nbf') return refused('not_yet_valid', 'The grant is not valid yet.');
    if (cause.claim === 'aud') return refused('wrong_audience', 'The grant is for another system.');
    if (cause.claim === 'iss') return refused('wrong_issuer', 'The grant is from another issuer.');
    return refused('malformed', 'This is no grant.');
  }
  if (cause instanceof errors.JWSInvalid || cause instanceof errors.JWTInvalid) {
    return refused('malformed', 'This is no grant.');
  }
  if (
    cause instanceof errors.JWSSignatureVerificationFailed ||
    cause instanceof errors.JOSEAlgNotAllowed ||
    cause instanceof errors.JOSENotSupported ||
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return refused('bad_signature', 'The grant is not signed by the issuer.');
  }
  return new GrantKeysUnavailable('The keys of the issuer cannot be fetched.', { cause });
}

function mismatch(what: string): GrantRefused {
  return new GrantRefused('mismatch', `The grant is for another ${what}.`);
}

/** SHA-256 over the RFC 8785 text: what Portreeve signed as `args_digest`. */
async function digestOf(args: unknown): Promise<string> {
  let text: string;
  try {
    text = canonicalJson(args);
  } catch (cause) {
    throw new GrantRefused('mismatch', 'The arguments have no canonical form.', { cause });
  }
  return `sha256:${Array.from(await sha256(text), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
