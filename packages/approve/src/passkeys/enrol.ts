import { createPublicKey, randomBytes, verify } from 'node:crypto';
import {
  actorOf,
  digestOfText,
  draft,
  type EnrolmentStatement,
  enrolmentBytes,
  enrolmentStatementSchema,
  newId,
  PortreeveError,
  type Principal,
  type PrincipalId,
  passkeyAssertionSchema,
  type RecordData,
  type Tx,
} from '@portreeve/contract';
import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { z } from 'zod';
import type { SignerDirectory } from '../ports.ts';
import {
  type ChallengeDeps,
  enrolmentChallenge,
  type RequestOptions,
  requestOptions,
  takeChallenge,
} from './challenges.ts';
import { checkAssertion } from './check-assertion.ts';
import type { Passkey } from './ports.ts';
import { COSE_ALGORITHMS, readCoseKey } from './public-key.ts';

/** How long an administrator's leave is good. */
const INVITATION_TTL_MS = 24 * 3_600_000;
const PASSKEYS_MAX = 20;

const text = (chars: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{1,${chars}}$`));

/** What vouches that the person is who enrols: one of the two that issue point "enrolment" allows. */
export const enrolmentProofSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('invitation'), code: text(64) }),
  /** Base64url of the Ed25519 signature over {@link enrolmentBytes}, by the person's registered signing key. */
  z.strictObject({ kind: z.literal('key'), signature: text(86) }),
  /** An assertion by a passkey that the person has, over the same challenge. */
  z.strictObject({
    kind: z.literal('passkey'),
    assertion: passkeyAssertionSchema.omit({ alg: true, public_key: true }),
  }),
]);
export type EnrolmentProof = z.infer<typeof enrolmentProofSchema>;

export const enrolmentSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  statement: enrolmentStatementSchema,
  handle: text(1364),
  client_data: text(8192),
  /** Base64url of the attestation object. */
  attestation: text(16_384),
  proof: enrolmentProofSchema,
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

export interface EnrolDeps extends ChallengeDeps {
  readonly signers: SignerDirectory;
}

export interface BegunEnrolment {
  readonly statement: EnrolmentStatement;
  readonly creation: Awaited<ReturnType<typeof generateRegistrationOptions>>;
  /** To let a passkey that is there vouch for the new one; null where there is none. */
  readonly request: RequestOptions | null;
}

export async function beginEnrolment(deps: EnrolDeps, by: Principal): Promise<BegunEnrolment> {
  assertPerson(by);
  const { statement, challenge } = await enrolmentChallenge(deps, by);
  const known = await deps.store.passkeysOf(by.id);
  const usable = known.filter(({ revoked_at }) => revoked_at === null);
  const creation = await generateRegistrationOptions({
    rpName: 'Portreeve',
    rpID: deps.relying_party.id,
    userName: by.name,
    userID: new TextEncoder().encode(by.id),
    challenge: Uint8Array.from(Buffer.from(challenge, 'base64url')),
    attestationType: 'none',
    excludeCredentials: usable.map(({ handle }) => ({ id: handle })),
    authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
    supportedAlgorithmIDs: [...COSE_ALGORITHMS],
  });
  const request = usable.length > 0 ? await requestOptions(deps.relying_party, challenge, usable) : null;
  return { statement, creation, request };
}

/**
 * Enrols a passkey: its ceremony was on our page over our challenge with the user verified, and an administrator or a key
 * that the person had vouches for it. Throws `refused`, `bad_signature`, `conflict`, `bad_request`.
 */
export async function finishEnrolment(deps: EnrolDeps, input: Enrolment, by: Principal): Promise<Passkey> {
  assertPerson(by);
  const challenge = Buffer.from(
    await globalThis.crypto.subtle.digest('SHA-256', Uint8Array.from(enrolmentBytes(input.statement))),
  );
  const made = await newPasskey(deps, input, challenge.toString('base64url'), by);
  const vouched = await proofHolds(deps, input, challenge, by.id);
  const result = await deps.uow.transaction(async (tx) => {
    const refuse = async (reason: string, error: PortreeveError) => {
      const data = { way: 'passkey', reason, about: by.id } as const;
      await deps.audit.append(tx, [draft({ type: 'identity.refused', actor: actorOf(by), outcome: 'refuse', data })]);
      return error;
    };
    const wanted = { challenge: challenge.toString('base64url'), purpose: 'enrolment', account: by.id } as const;
    if (!(await takeChallenge(deps, tx, wanted)) || !made)
      return refuse('ceremony', new PortreeveError('bad_signature', 'The ceremony was not made here, or is over.'));
    if (!(await admitted(deps, tx, vouched, input.proof, by.id)))
      return refuse(
        `proof_${input.proof.kind}`,
        new PortreeveError('refused', 'Neither an administrator nor a key of yours vouches for this passkey.'),
      );
    if (!(await deps.store.insertPasskey(tx, made)))
      return refuse('known', new PortreeveError('conflict', 'This passkey is registered already.'));
    const data = { ...enrolled(made), by: input.proof.kind };
    await deps.audit.append(tx, [
      draft({ type: 'identity.passkey_enrolled', actor: actorOf(by), outcome: 'enrolled', data }),
    ]);
    return made;
  });
  if (result instanceof PortreeveError) throw result;
  return result;
}

/** A leave to enrol one passkey. The code is shown this once; an administrator gives it to the person, and never to themselves. */
export async function invite(
  deps: EnrolDeps,
  account: PrincipalId,
  by: Principal,
): Promise<{ code: string; expires_at: string }> {
  if (account === by.id)
    throw new PortreeveError('refused', 'An administrator vouches for others: your own key can vouch for you.');
  const code = randomBytes(32).toString('base64url');
  const expires_at = new Date(deps.clock.now().getTime() + INVITATION_TTL_MS).toISOString();
  await deps.uow.transaction(async (tx) => {
    await deps.store.insertInvitation(tx, { hash: digestOfText(code), account, expires_at });
    const data = { account, expires_at };
    await deps.audit.append(tx, [
      draft({ type: 'identity.passkey_invited', actor: actorOf(by), outcome: 'invited', data }),
    ]);
  });
  return { code, expires_at };
}

async function newPasskey(
  deps: EnrolDeps,
  input: Enrolment,
  challenge: string,
  by: Principal,
): Promise<Passkey | null> {
  const active = (await deps.store.passkeysOf(by.id)).filter(({ revoked_at }) => revoked_at === null);
  if (active.length >= PASSKEYS_MAX)
    throw new PortreeveError('conflict', `You have ${PASSKEYS_MAX} passkeys: revoke one first.`);
  if (!isUnattested(input.attestation)) return null;
  const { id: rp_id, origin } = deps.relying_party;
  const found = await verifyRegistrationResponse({
    response: {
      id: input.handle,
      rawId: input.handle,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON: input.client_data, attestationObject: input.attestation },
    },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rp_id,
    requireUserVerification: true,
    supportedAlgorithmIDs: [...COSE_ALGORITHMS],
    // The library throws for whatever does not fit.
  }).catch(() => null);
  if (!found?.verified || found.registrationInfo.credential.id !== input.handle) return null;
  const { credential, credentialDeviceType, aaguid } = found.registrationInfo;
  return {
    id: newId('passkey', deps.clock),
    account: by.id,
    name: input.name,
    handle: credential.id,
    ...readCoseKey(credential.publicKey),
    cose: Buffer.from(credential.publicKey).toString('base64url'),
    rp_id,
    origin,
    device_bound: credentialDeviceType === 'singleDevice',
    aaguid,
    counter: credential.counter,
    created_at: deps.clock.now().toISOString(),
    revoked_at: null,
  };
}

/**
 * INVARIANT: an attestation with certificates is not even looked at. We ask for none, and the library would fetch the
 * revocation lists that a certificate names: addresses of a stranger's choice.
 */
function isUnattested(attestation: string): boolean {
  try {
    const decoded = decodeAttestationObject(Uint8Array.from(Buffer.from(attestation, 'base64url')));
    const [format, statement] = [decoded.get('fmt'), decoded.get('attStmt')];
    return (format === 'none' && statement.size === 0) || (format === 'packed' && statement.get('x5c') === undefined);
  } catch {
    return false;
  }
}

type Vouched = { readonly passkey: Passkey; readonly counter: number } | 'key' | null;

/** What can be checked before the transaction: everything but what is good once. */
async function proofHolds(
  deps: EnrolDeps,
  input: Enrolment,
  challenge: Buffer,
  account: PrincipalId,
): Promise<Vouched> {
  const { proof, statement } = input;
  if (proof.kind === 'invitation') return null;
  if (proof.kind === 'key') {
    const registered = await deps.signers.publicKeyOf(account);
    return registered !== null && signs(registered, enrolmentBytes(statement), proof.signature) ? 'key' : null;
  }
  const passkey = await deps.store.passkeyByHandle(proof.assertion.handle);
  if (passkey?.account !== account || passkey.revoked_at !== null) return null;
  const checked = await checkAssertion(proof.assertion, challenge, passkey);
  return checked && { passkey, counter: checked.counter };
}

async function admitted(
  { store, clock }: EnrolDeps,
  tx: Tx,
  vouched: Vouched,
  proof: EnrolmentProof,
  account: PrincipalId,
): Promise<boolean> {
  if (proof.kind === 'invitation') {
    const invitation = await store.takeInvitation(tx, digestOfText(proof.code));
    return invitation?.account === account && Date.parse(invitation.expires_at) > clock.now().getTime();
  }
  if (vouched === null || vouched === 'key') return vouched === 'key';
  return store.advanceCounter(tx, vouched.passkey.id, vouched.counter);
}

function signs(public_key: string, bytes: Uint8Array, signature: string): boolean {
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: public_key }, format: 'jwk' });
    return verify(null, bytes, key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

function enrolled(passkey: Passkey): Omit<RecordData<'identity.passkey_enrolled'>, 'by'> {
  const { id, account, handle, alg, public_key, rp_id, origin, device_bound, aaguid } = passkey;
  return { account, passkey: id, handle, alg, public_key, rp_id, origin, device_bound, aaguid };
}

function assertPerson(by: Principal): void {
  if (by.kind !== 'person' || by.act.length > 0)
    throw new PortreeveError('refused', 'A passkey belongs to a person, who enrols it directly.');
}
