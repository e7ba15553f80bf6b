import { createHash } from 'node:crypto';
import {
  type PasskeyVerdict,
  type PrincipalId,
  type SignedVerdict,
  type VerdictSignature,
  verdictBytes,
} from '@portreeve/contract';
import { checkAssertion } from './passkeys/check-assertion.ts';
import type { Passkey, PasskeyStore, RelyingParty } from './passkeys/ports.ts';
import type { SignerDirectory } from './ports.ts';
import { verifyVerdict } from './verdict.ts';

export interface SignatureDeps {
  readonly signers: SignerDirectory;
  /** Where it is left out, no passkey signs. */
  readonly passkeys?: { readonly store: PasskeyStore; readonly relying_party: RelyingParty };
}

/** A verdict's signature under what is registered for its approver now. */
export type CheckedSignature =
  | { readonly valid: false; readonly problem: string }
  | {
      readonly valid: true;
      readonly by: VerdictSignature;
      /** The passkey that signed and the counter that came with it. */
      readonly used: { readonly passkey: Passkey; readonly counter: number } | null;
    };

const invalid = (problem: string): CheckedSignature => ({ valid: false, problem });

/** Whether the signature is by a key of this person, over exactly this statement. Whether its nonce is fresh, it does not say. */
export async function checkSignature(
  deps: SignatureDeps,
  signed: SignedVerdict,
  approver: PrincipalId,
): Promise<CheckedSignature> {
  if ('passkey' in signed) return checkPasskey(deps, signed, approver);
  const registered = await deps.signers.publicKeyOf(approver);
  if (registered === null) return invalid('No signing key is registered for your account.');
  if (signed.public_key !== registered || !verifyVerdict(signed))
    return invalid('The signature is not by the key registered for your account.');
  return { valid: true, by: 'key', used: null };
}

async function checkPasskey(
  { passkeys }: SignatureDeps,
  { statement, passkey: assertion }: PasskeyVerdict,
  approver: PrincipalId,
): Promise<CheckedSignature> {
  const passkey = (await passkeys?.store.passkeyByHandle(assertion.handle)) ?? null;
  const registered =
    passkey?.account === approver && passkey.revoked_at === null && passkey.public_key === assertion.public_key;
  if (!passkey || !registered) return invalid('This passkey is not registered for your account.');
  if (passkey.rp_id !== passkeys?.relying_party.id || passkey.origin !== passkeys.relying_party.origin)
    return invalid('This passkey was enrolled at another address of this server.');
  const challenge = createHash('sha256').update(verdictBytes(statement)).digest();
  const checked = await checkAssertion(assertion, challenge, passkey);
  if (!checked) return invalid('The passkey did not sign this verdict, on this page, with its user verified.');
  const { counter, device_bound } = checked;
  return {
    valid: true,
    by: device_bound && passkey.device_bound ? 'device_bound' : 'passkey',
    used: { passkey, counter },
  };
}
