import {
  type Approval,
  type AuditWriter,
  actorOf,
  draft,
  PortreeveError,
  type Principal,
  type RecordDraft,
  type SignedVerdict,
  type Tx,
  type VerdictKind,
  verdictBytes,
} from '@portreeve/contract';
import type { CheckedSignature } from './check-signature.ts';
import { type ClosingDeps, close, closedError, expireIfOverdue, toApproval } from './closing.ts';
import { type DelegationDeps, stillStanding, stoodInRecords } from './delegations.ts';
import { areMet } from './demands.ts';
import { eligibilityOf, refusalOf, type StandingFor } from './judge.ts';
import { sha256, takeChallenge } from './passkeys/challenges.ts';
import type { PasskeyStore } from './passkeys/ports.ts';
import type { StoredApproval, StoredVerdict } from './ports.ts';
import type { ApprovalEvent } from './state.ts';

export interface DecideDeps extends ClosingDeps {
  readonly audit: AuditWriter;
  readonly passkeys?: { readonly store: PasskeyStore };
  readonly delegations?: Pick<DelegationDeps, 'delegations'>;
}

/**
 * What a verdict leads to, in one transaction. A refusal is a returned value, so that the transaction which records it
 * commits.
 */
export async function decideIn(
  deps: DecideDeps,
  tx: Tx,
  signed: SignedVerdict,
  by: Principal,
  signature: CheckedSignature,
  known: StandingFor = [],
): Promise<Approval | PortreeveError> {
  const { statement } = signed;
  const refuse = async (error: PortreeveError, stored: StoredApproval | null, before: RecordDraft[] = []) => {
    const record = draft({
      type: 'approval.refused_verdict',
      actor: actorOf(by),
      refs: stored?.refs ?? { approval: statement.approval },
      outcome: error.code,
      data: { code: error.code, verdict: statement.verdict },
    });
    await deps.audit.append(tx, [...before, record]);
    return error;
  };

  const stored = await deps.store.lock(tx, statement.approval);
  if (!stored) return refuse(new PortreeveError('not_found', 'There is no such approval.'), null);
  if (stored.state !== 'pending') return refuse(closedError(stored.state), stored);
  const expired = await expireIfOverdue(deps, tx, stored);
  if (expired) return refuse(closedError('expired'), stored, [expired]);
  const standing = await stillStanding(deps, tx, by.id, known);
  const fresh = await takeFreshness(deps, tx, signed, by);
  const refusal = refusalOf(stored, signed, by, { signature, now: deps.clock.now(), standing }) ?? fresh;
  if (refusal) return refuse(refusal, stored);
  const unusable = await advanceOrRevoke(deps, tx, signature, by);
  if (unusable) return refuse(new PortreeveError('bad_signature', unusable.problem), stored, unusable.records);
  const ownVoice = { groups: [], in_place_of: null };
  const verdict: StoredVerdict = {
    signed,
    ...(statement.verdict === 'confirm' ? ownVoice : eligibilityOf(stored, by, standing)),
  };
  if (!(await deps.store.addVerdict(tx, stored.id, verdict)))
    return refuse(new PortreeveError('bad_signature', 'The nonce was used before: sign anew.'), stored);

  const voted: StoredApproval = { ...stored, verdicts: [...stored.verdicts, verdict] };
  const record = draft({
    type: 'approval.verdict',
    actor: actorOf(by),
    refs: stored.refs,
    outcome: statement.verdict,
    data: { verdict: signed },
  });
  const given = [record, ...stoodInRecords(verdict.in_place_of, statement.verdict, stored, by)];
  const event = eventOf(voted, statement.verdict);
  if (event === null) {
    await deps.audit.append(tx, given);
    return toApproval(voted);
  }
  const closing = await close(deps, tx, voted, event, 'person', actorOf(by));
  await deps.audit.append(tx, [...given, closing.record]);
  return closing.approval;
}

/** Takes the challenge that a passkey signed: whatever comes of the verdict, it is not good again. */
async function takeFreshness(
  { passkeys, clock }: DecideDeps,
  tx: Tx,
  signed: SignedVerdict,
  by: Principal,
): Promise<PortreeveError | null> {
  if (!('passkey' in signed)) return null;
  const challenge = sha256(verdictBytes(signed.statement));
  const wanted = { challenge, purpose: 'verdict', account: by.id } as const;
  const taken = passkeys && (await takeChallenge({ store: passkeys.store, clock }, tx, wanted));
  return taken ? null : new PortreeveError('bad_signature', 'The challenge was used before, or is over: sign anew.');
}

/**
 * Why a passkey's signature does not count after all, with the record of its revocation where its counter says that two of
 * it are about; null where all is well. One that was revoked meanwhile tells nothing of a copy.
 */
async function advanceOrRevoke(
  { passkeys, clock }: DecideDeps,
  tx: Tx,
  signature: CheckedSignature,
  by: Principal,
): Promise<{ readonly problem: string; readonly records: RecordDraft[] } | null> {
  const used = signature.valid ? signature.used : null;
  if (!used || !passkeys || (await passkeys.store.advanceCounter(tx, used.passkey.id, used.counter))) return null;
  const { id, account, handle } = used.passkey;
  if (!(await passkeys.store.revokePasskey(tx, id, clock.now().toISOString())))
    return { problem: 'This passkey has been revoked.', records: [] };
  const data = { account, passkey: id, handle, why: 'cloned' } as const;
  const record = draft({ type: 'identity.passkey_revoked', actor: actorOf(by), outcome: 'cloned', data });
  return { problem: 'This passkey was cloned, and is revoked.', records: [record] };
}

function eventOf(voted: StoredApproval, verdict: VerdictKind): ApprovalEvent | null {
  if (verdict === 'deny') return 'deny';
  const voices = voted.verdicts
    .filter(({ signed }) => signed.statement.verdict === 'approve')
    .map(({ signed, groups }) => ({ person: signed.statement.approver, groups }));
  return areMet(voted.demands, voices) && isConfirmed(toApproval(voted)) ? 'quorum_met' : null;
}

/** Whether who must confirm has, or nobody must. */
function isConfirmed({ confirm_by, verdicts }: Pick<Approval, 'confirm_by' | 'verdicts'>): boolean {
  if (confirm_by === null) return true;
  return verdicts.some(({ statement }) => statement.verdict === 'confirm' && statement.approver === confirm_by);
}
