import { createPublicKey, verify } from 'node:crypto';
import {
  type KeyVerdict,
  keyVerdictSchema,
  type VerdictStatement,
  verdictBytes,
  verdictStatementSchema,
} from '@portreeve/contract';

/** An Ed25519 key that can sign. The private half stays with whoever made this. */
export interface VerdictSigner {
  /** Base64url of the 32-byte public key (RFC 8037 `x`). */
  readonly public_key: string;
  /** The 64-byte signature (RFC 8032) over `bytes`. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Signs a verdict where the person sits (requirement F5). Throws a `ZodError` for a malformed statement. */
export async function signVerdict(statement: VerdictStatement, signer: VerdictSigner): Promise<KeyVerdict> {
  const checked = verdictStatementSchema.parse(statement);
  const signature = Buffer.from(await signer.sign(verdictBytes(checked))).toString('base64url');
  return keyVerdictSchema.parse({ statement: checked, public_key: signer.public_key, signature });
}

/**
 * Whether the signature verifies under the key that the verdict names. Whose key that is, is another question. Never
 * throws; a second spelling of the same key or signature is not accepted.
 */
export function verifyVerdict(signed: KeyVerdict): boolean {
  const parsed = keyVerdictSchema.safeParse(signed);
  if (!parsed.success) return false;
  const { statement, public_key, signature } = parsed.data;
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature) return false;
  if (Buffer.from(public_key, 'base64url').toString('base64url') !== public_key) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: public_key }, format: 'jwk' });
    return verify(null, verdictBytes(statement), key, bytes);
  } catch {
    return false;
  }
}
