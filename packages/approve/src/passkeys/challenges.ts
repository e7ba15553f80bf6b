import { createHash, randomBytes } from 'node:crypto';
import {
  type Approval,
  type AuditWriter,
  actorOf,
  type Clock,
  canonicalJson,
  draft,
  type EnrolmentStatement,
  enrolmentBytes,
  enrolmentStatementSchema,
  PortreeveError,
  type Principal,
  type RecordRefs,
  type Tx,
  type UnitOfWork,
  type VerdictKind,
  type VerdictStatement,
  verdictBytes,
  verdictStatementSchema,
} from '@portreeve/contract';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { unreasonedError } from '../judge.ts';
import type { Challenge, Passkey, PasskeyStore, RelyingParty } from './ports.ts';

/** How long a ceremony may take. */
export const CHALLENGE_TTL_MS = 5 * 60_000;
const OPEN_MAX = 50;
const NONCE_BYTES = 24;

export interface ChallengeDeps {
  readonly store: PasskeyStore;
  readonly relying_party: RelyingParty;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
}

export type RequestOptions = Awaited<ReturnType<typeof generateAuthenticationOptions>>;

export interface VerdictWish {
  readonly verdict: VerdictKind;
  readonly reason: string;
  /** What the person was shown. Another one is `digest_mismatch`: what is signed is what was shown. */
  readonly proposal_digest: string;
  readonly preview_digest: string | null;
}

/**
 * What a passkey is to sign: the statement in our own words, its digest as the challenge, kept until it is used.
 * Throws `digest_mismatch`, `approval_closed`, `reason_required`, `too_many_attempts`, and `bad_signature` for who has no passkey.
 */
export async function verdictChallenge(
  deps: ChallengeDeps,
  approval: Approval,
  wish: VerdictWish,
  by: Principal,
): Promise<{ statement: VerdictStatement; options: RequestOptions }> {
  if (approval.state !== 'pending') throw new PortreeveError('approval_closed', `It is ${approval.state}.`);
  if (wish.proposal_digest !== approval.proposal_digest || wish.preview_digest !== approval.preview_digest)
    throw new PortreeveError('digest_mismatch', 'What you were shown is not what this approval is about.');
  const unreasoned = unreasonedError(approval, wish.reason);
  if (unreasoned) throw unreasoned;
  const usable = (await deps.store.passkeysOf(by.id)).filter(({ revoked_at }) => revoked_at === null);
  if (usable.length === 0)
    throw new PortreeveError('bad_signature', 'No passkey is registered for your account.', {
      next: 'Enrol one: an administrator can invite you, or your signing key vouches for it.',
    });
  const statement = verdictStatementSchema.parse({
    v: 1,
    approval: approval.id,
    proposal: approval.proposal,
    proposal_digest: approval.proposal_digest,
    decision: approval.decision,
    ...(approval.preview_digest === null ? {} : { preview_digest: approval.preview_digest }),
    verdict: wish.verdict,
    approver: by.id,
    reason: wish.reason,
    signed_at: deps.clock.now().toISOString(),
    nonce: randomBytes(NONCE_BYTES).toString('base64url'),
  } satisfies Record<string, unknown>);
  const challenge = sha256(verdictBytes(statement));
  const refs = { approval: approval.id, proposal: approval.proposal };
  await keep(deps, { challenge, purpose: 'verdict', object: canonicalJson(statement) }, by, refs);
  return { statement, options: await requestOptions(deps.relying_party, challenge, usable) };
}

/** The statement by which a new passkey is enrolled, kept as the challenge of that ceremony. */
export async function enrolmentChallenge(
  deps: ChallengeDeps,
  by: Principal,
): Promise<{ statement: EnrolmentStatement; challenge: string }> {
  const statement = enrolmentStatementSchema.parse({
    v: 1,
    account: by.id,
    rp_id: deps.relying_party.id,
    nonce: randomBytes(NONCE_BYTES).toString('base64url'),
    expires_at: new Date(deps.clock.now().getTime() + CHALLENGE_TTL_MS).toISOString(),
  });
  const challenge = sha256(enrolmentBytes(statement));
  await keep(deps, { challenge, purpose: 'enrolment', object: canonicalJson(statement) }, by, {});
  return { statement, challenge };
}

/** Takes a challenge of this purpose and person; null where there is none that is still good. Nobody can use it again. */
export async function takeChallenge(
  { store, clock }: Pick<ChallengeDeps, 'store' | 'clock'>,
  tx: Tx,
  wanted: Pick<Challenge, 'challenge' | 'purpose' | 'account'>,
): Promise<Challenge | null> {
  const kept = await store.takeChallenge(tx, wanted.challenge);
  const good =
    kept?.purpose === wanted.purpose &&
    kept.account === wanted.account &&
    Date.parse(kept.expires_at) > clock.now().getTime();
  return good ? kept : null;
}

/** Options that an authenticator is asked with: these passkeys alone, and only after it has verified its user. */
export function requestOptions(
  { id }: RelyingParty,
  challenge: string,
  passkeys: readonly Passkey[],
): Promise<RequestOptions> {
  return generateAuthenticationOptions({
    rpID: id,
    challenge: Uint8Array.from(Buffer.from(challenge, 'base64url')),
    allowCredentials: passkeys.map(({ handle }) => ({ id: handle })),
    userVerification: 'required',
    timeout: CHALLENGE_TTL_MS,
  });
}

async function keep(
  deps: ChallengeDeps,
  given: Pick<Challenge, 'challenge' | 'purpose' | 'object'>,
  by: Principal,
  refs: RecordRefs,
): Promise<void> {
  const now = deps.clock.now();
  const expires_at = new Date(now.getTime() + CHALLENGE_TTL_MS).toISOString();
  const kept = await deps.uow.transaction(async (tx) => {
    const challenge = { ...given, account: by.id, expires_at };
    if (!(await deps.store.insertChallenge(tx, challenge, OPEN_MAX, now.toISOString()))) return false;
    const data = { purpose: given.purpose, expires_at };
    await deps.audit.append(tx, [
      draft({ type: 'identity.passkey_challenged', actor: actorOf(by), refs, outcome: 'asked', data }),
    ]);
    return true;
  });
  if (!kept) throw new PortreeveError('too_many_attempts', `${OPEN_MAX} ceremonies of yours are open already.`);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
