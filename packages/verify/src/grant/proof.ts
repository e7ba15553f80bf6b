import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import { GrantRefused } from './refused.ts';
import { sha256 } from './sha256.ts';

/** The header that a proof travels in (RFC 9449). */
export const PROOF_HEADER = 'DPoP';
/** Seconds that a proof is good for. It can be used once all the same: with the grant, which is spent. */
const AGE_MAX_S = 60;
const CHARS_MAX = 4096;

/** The request that a grant came with, as it was received. */
export interface GrantRequest {
  readonly method: string;
  /** The path, percent-encoded as on the wire. A query and a fragment do not count. */
  readonly path: string;
  /** The value of the `DPoP` header. */
  readonly proof: string | null | undefined;
}

/**
 * Checks an RFC 9449 proof: of the key that the grant is bound to, for this grant, this method and this address, made just
 * now. Throws {@link GrantRefused} `no_proof` or `bad_proof`.
 */
export async function checkProof(options: {
  readonly token: string;
  readonly jkt: string;
  readonly request: GrantRequest;
  readonly origin: string;
  readonly now: Date;
  readonly clockTolerance: number;
}): Promise<void> {
  const { token, jkt, request, origin, now, clockTolerance } = options;
  const { proof } = request;
  if (proof === undefined || proof === null || proof === '')
    throw new GrantRefused('no_proof', `There is no ${PROOF_HEADER} header.`);
  const bad = (message: string, cause?: unknown) => new GrantRefused('bad_proof', message, { cause });
  if (typeof proof !== 'string' || proof.length > CHARS_MAX) throw bad('This is no proof.');
  let verified: Awaited<ReturnType<typeof jwtVerify>>;
  try {
    verified = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: ['EdDSA'],
      typ: 'dpop+jwt',
      clockTolerance,
      currentDate: now,
      maxTokenAge: AGE_MAX_S,
      requiredClaims: ['jti', 'htm', 'htu', 'iat', 'ath'],
    });
  } catch (cause) {
    throw bad('The proof does not verify.', cause);
  }
  const { payload, protectedHeader } = verified;
  if ((await calculateJwkThumbprint(protectedHeader.jwk as JWK)) !== jkt)
    throw bad('The grant is bound to another key.');
  if (payload.ath !== (await hashOf(token))) throw bad('The proof is for another grant.');
  if (payload.htm !== request.method) throw bad('The proof is for another method.');
  // A path that does not begin with a slash could become a part of the host.
  if (request.path[0] !== '/' || addressOf(payload.htu) !== addressOf(origin.replace(/\/+$/, '') + request.path))
    throw bad('The proof is for another address.');
}

/** An address without query and fragment, in the one form that the URL standard gives it; `null` for none. */
function addressOf(text: unknown): string | null {
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  const { origin, pathname } = new URL(text);
  return origin + pathname;
}

async function hashOf(text: string): Promise<string> {
  const hash = btoa(String.fromCharCode(...(await sha256(text))));
  return hash.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
