import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { PublicKey } from './jwks.ts';
import { Refused } from './refusal.ts';

/** jose's `jwtVerify`, with its errors as {@link Refused}. */
export async function verifyJwt(
  token: string,
  key: PublicKey,
  options: JWTVerifyOptions & Required<Pick<JWTVerifyOptions, 'algorithms' | 'currentDate'>>,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, key, options)).payload;
  } catch (error) {
    throw new Refused(reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown) {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return 'algorithm';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'aud') return 'audience';
    if (error.claim === 'nbf' && error.reason === 'check_failed') return 'not_yet_valid';
    if (error.claim === 'typ') return 'type';
    return 'claims';
  }
  return 'malformed';
}
