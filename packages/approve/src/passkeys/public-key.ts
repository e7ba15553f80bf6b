import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { type PasskeyAlgorithm, PortreeveError } from '@portreeve/contract';
import { COSEALG, decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';

/** COSE algorithm numbers (RFC 9053) that a passkey may have, the one that is asked for first before the others. */
export const COSE_ALGORITHMS: readonly number[] = [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];

const NAMES = new Map<unknown, PasskeyAlgorithm>([
  [COSEALG.ES256, 'ES256'],
  [COSEALG.EdDSA, 'EdDSA'],
  [COSEALG.RS256, 'RS256'],
]);
/** Labels of COSE key parameters (RFC 9052, 7; RFC 9053, 7). What -1 to -3 mean depends on the type of the key. */
const LABEL = { alg: 3, crvOrN: -1, xOrE: -2, y: -3 } as const;

/** The public key of a COSE key as SubjectPublicKeyInfo, in base64url. Throws `bad_request` for one that we do not take. */
export function readCoseKey(cose: Uint8Array): { alg: PasskeyAlgorithm; public_key: string } {
  try {
    const map = decodeCredentialPublicKey(Uint8Array.from(cose)) as unknown as ReadonlyMap<number, unknown>;
    const alg = NAMES.get(map.get(LABEL.alg));
    if (alg === undefined) throw new TypeError('the algorithm');
    const key = createPublicKey({ key: jwkOf(alg, map), format: 'jwk' });
    if (alg === 'RS256' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
      throw new TypeError('a short RSA key');
    return { alg, public_key: key.export({ format: 'der', type: 'spki' }).toString('base64url') };
  } catch (cause) {
    throw new PortreeveError('bad_request', 'The public key is of no kind that is taken here: ES256, EdDSA or RS256.', {
      cause,
    });
  }
}

function jwkOf(alg: PasskeyAlgorithm, map: ReadonlyMap<number, unknown>): JsonWebKey {
  const text = (label: number) => {
    const bytes = map.get(label);
    if (!(bytes instanceof Uint8Array)) throw new TypeError('not bytes');
    return Buffer.from(bytes).toString('base64url');
  };
  if (alg === 'ES256') return { kty: 'EC', crv: 'P-256', x: text(LABEL.xOrE), y: text(LABEL.y) };
  if (alg === 'EdDSA') return { kty: 'OKP', crv: 'Ed25519', x: text(LABEL.xOrE) };
  return { kty: 'RSA', n: text(LABEL.crvOrN), e: text(LABEL.xOrE) };
}
