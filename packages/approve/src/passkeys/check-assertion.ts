import type { PasskeyAssertion } from '@portreeve/contract';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import type { Passkey } from './ports.ts';

export interface CheckedAssertion {
  /** The signature counter that the authenticator gave with it. */
  readonly counter: number;
  /** Whether the private key cannot leave its device: the flag `BE` is not set. */
  readonly device_bound: boolean;
}

/** The place of the flags in authenticator data, and the one for "backup eligible" (WebAuthn Level 3, 6.1). */
const FLAGS_AT = 32;
const BACKUP_ELIGIBLE = 0x08;

/**
 * Checks an assertion by WebAuthn Level 3, 7.2, under this passkey and over exactly this challenge: made on our own page,
 * for our own domain, by a person whom the authenticator verified. Null where anything of it is not so. Whether its
 * counter is ahead of the last one, the store says; here it is only read.
 */
export async function checkAssertion(
  assertion: Omit<PasskeyAssertion, 'alg' | 'public_key'>,
  challenge: Uint8Array,
  passkey: Passkey,
): Promise<CheckedAssertion | null> {
  if (assertion.handle !== passkey.handle) return null;
  try {
    const client = JSON.parse(Buffer.from(assertion.client_data, 'base64url').toString('utf8'));
    // A page of another site around ours would show something else than what is signed.
    if (client.crossOrigin === true) return null;
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id: assertion.handle,
        rawId: assertion.handle,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          authenticatorData: assertion.authenticator_data,
          clientDataJSON: assertion.client_data,
          signature: assertion.signature,
        },
      },
      expectedChallenge: Buffer.from(challenge).toString('base64url'),
      expectedOrigin: passkey.origin,
      expectedRPID: passkey.rp_id,
      requireUserVerification: true,
      credential: {
        id: passkey.handle,
        publicKey: Uint8Array.from(Buffer.from(passkey.cose, 'base64url')),
        counter: 0,
      },
    });
    const flags = Buffer.from(assertion.authenticator_data, 'base64url')[FLAGS_AT] ?? BACKUP_ELIGIBLE;
    return verified ? { counter: authenticationInfo.newCounter, device_bound: (flags & BACKUP_ELIGIBLE) === 0 } : null;
  } catch {
    // The library throws for whatever does not fit; none of it comes from us.
    return null;
  }
}
