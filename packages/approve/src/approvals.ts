import {
  type Approval,
  type ApprovalId,
  type ApprovalState,
  type AuditWriter,
  actorOf,
  type Clock,
  digestOf,
  draft,
  fieldErrors,
  PortreeveError,
  type Preview,
  type Principal,
  type PrincipalId,
  type Proposal,
  type RecordActor,
  type RecordDraft,
  type SignedVerdict,
  signedVerdictSchema,
  type Tx,
  type UnitOfWork,
  type VerdictKind,
} from '@portreeve/contract';
import { amendmentRefusal, type ClosedAsAmended, closeAmendedIn, refusedAmendment } from './amend.ts';
import { checkSignature, type SignatureDeps } from './check-signature.ts';
import { close, closedError, expireIfOverdue, toApproval } from './closing.ts';
import { decideIn } from './decide.ts';
import { type DelegationDeps, type IsFrozen, standingFor } from './delegations.ts';
import type { StandingFor } from './judge.ts';
import { type NudgeDeps, nudgeDue } from './nudge.ts';
import { type GivenAssertion, signedVerdictOf } from './passkeys/signed-verdict.ts';
import type { ApprovalOrder, ApprovalStore } from './ports.ts';
import { INVALID, type Recheck, recheckStored } from './recheck.ts';
import { type ApprovalRequest, requestIn } from './request.ts';

export interface ApprovalFilter {
  readonly state?: ApprovalState | undefined;
  readonly groups?: readonly string[] | undefined;
  /** With those of the groups also those that this person is to confirm. */
  readonly confirm_by?: PrincipalId | undefined;
  /** Those that this principal asked for, itself or through its `act` chain. */
  readonly requester?: PrincipalId | undefined;
  /** Left out: by id, the oldest first. */
  readonly order?: ApprovalOrder | undefined;
  /** 1 to 200; 50 where it is left out. */
  readonly limit?: number | undefined;
  readonly after?: ApprovalId | undefined;
}

export interface ApprovalsOptions extends SignatureDeps, Pick<NudgeDeps, 'onNudge'> {
  /** Who may decide in whose place; left out: everybody for themselves. */
  readonly delegations?: Pick<DelegationDeps, 'delegations' | 'whoIs'>;
  /** Whether somebody is frozen now: whose voice they lend, or gave, does not count. Left out: nobody is. */
  readonly isFrozen?: IsFrozen;
  readonly store: ApprovalStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  /**
   * Told of each approval that closes, in the transaction that closes it and before its records are appended. An error
   * in it undoes the closing.
   */
  readonly onClosed?: (tx: Tx, approval: Approval) => Promise<void>;
}

export interface Approvals {
  /**
   * Opens an approval in the caller's transaction, and records it. The same proposal asked again gives the approval that
   * it has. Throws `digest_mismatch` where the proposal's digest is not that of its content, `conflict` where the
   * proposal has an approval for another digest.
   */
  request(tx: Tx, request: ApprovalRequest): Promise<Approval>;
  /**
   * Counts a person's signed verdict. Throws `bad_request`, `not_found`, `approval_closed`, `approver_is_requester`,
   * `approver_not_eligible`, `digest_mismatch`, `bad_signature`, `signature_too_weak`, `reason_required` or
   * `already_voted`; each but the first is recorded.
   */
  decide(signed: SignedVerdict, by: Principal): Promise<Approval>;
  /**
   * Counts a verdict that a passkey signed over the statement that we gave it ({@link Passkeys.challenge}). Throws as
   * {@link decide} does; `bad_signature` also where there is no such statement.
   */
  decideByPasskey(id: ApprovalId, assertion: GivenAssertion, by: Principal): Promise<Approval>;
  /** Which verdict an assertion signs; null where it signs none that we gave to this person. Nothing is checked. */
  verdictIn(assertion: GivenAssertion, by: Principal): Promise<VerdictKind | null>;
  /** Closes what is past its time, as denied by time-out, and says which. Call it often. */
  expireDue(): Promise<ApprovalId[]>;
  /** Reminds who may decide, and tells whom the owners named that it may expire: each once. Call it often. */
  nudgeDue(): Promise<ApprovalId[]>;
  /**
   * Whether somebody may have what an approval is about amended, before anything is done for it. Throws as {@link decide}
   * does, and records that.
   */
  assertMayAmend(id: ApprovalId, by: Principal): Promise<void>;
  /**
   * Closes it as amended, in the caller's transaction, which opens another in its place and appends the records last. Gives
   * the error where that is not to be, with the record of it.
   */
  closeAmended(tx: Tx, id: ApprovalId, by: Principal): Promise<ClosedAsAmended | PortreeveError>;
  /** Records that an amendment was refused. */
  refuseAmendment(id: ApprovalId, by: Principal, code: string): Promise<void>;
  /** Takes a request back. Only a requester may (`refused`); throws `not_found`, `approval_closed`. */
  withdraw(id: ApprovalId, by: Principal): Promise<Approval>;
  /**
   * Closes every pending approval that this principal asked for, itself or through its `act` chain: it is suspended or
   * retired. In the caller's transaction, which appends the records last.
   */
  revokeOf(tx: Tx, requester: PrincipalId, by: RecordActor): Promise<{ ids: ApprovalId[]; records: RecordDraft[] }>;
  /** The groups for which somebody may decide now: their own, and those of whom they stand in for. */
  groupsFor(by: Principal): Promise<string[]>;
  get(id: ApprovalId): Promise<Approval | null>;
  /** What its approvers are shown beforehand. Throws `digest_mismatch` where it is not what was recorded and signed. */
  preview(approval: Pick<Approval, 'id' | 'preview_digest'>): Promise<Preview | null>;
  /** In the order that is asked for: by id, the oldest first. */
  list(filter?: ApprovalFilter): Promise<Approval[]>;
  /** Verifies every stored verdict again, over exactly this proposal. See {@link Recheck}. */
  recheck(approval: Pick<Approval, 'id'>, proposal: Proposal): Promise<Recheck>;
}

const EXPIRE_BATCH = 200;

/** Who agrees (requirements F3 to F5). The rules are in SPEC.md. */
export function createApprovals(deps: ApprovalsOptions): Approvals {
  const { store, uow, audit, clock } = deps;

  /** Closes one as expired in its own transaction; false where somebody else closed it first. */
  const expire = (id: ApprovalId): Promise<boolean> =>
    uow.transaction(async (tx) => {
      const stored = await store.lock(tx, id);
      const record = stored?.state === 'pending' ? await expireIfOverdue(deps, tx, stored) : null;
      if (record) await audit.append(tx, [record]);
      return record !== null;
    });

  const standingOf = async (by: Principal): Promise<StandingFor> =>
    deps.delegations
      ? standingFor({ ...deps.delegations, ...(deps.isFrozen ? { isFrozen: deps.isFrozen } : {}), clock }, by.id)
      : [];

  return {
    request: (tx, request) => requestIn(deps, tx, request),

    async decide(input, by) {
      const parsed = signedVerdictSchema.safeParse(input);
      if (!parsed.success)
        throw new PortreeveError('bad_request', 'This is not a signed verdict.', { errors: fieldErrors(parsed.error) });
      // Read before the transaction: inside, it would want a second connection while the first holds locks.
      const signature = await checkSignature(deps, parsed.data, by.id);
      const standing = await standingOf(by);
      return unwrap(await uow.transaction((tx) => decideIn(deps, tx, parsed.data, by, signature, standing)));
    },

    async verdictIn(assertion, by) {
      return (await signedVerdictOf(deps, assertion, by))?.statement.verdict ?? null;
    },

    async decideByPasskey(id, assertion, by) {
      const signed = await signedVerdictOf(deps, assertion, by);
      if (signed?.statement.approval === id) return this.decide(signed, by);
      const refs = (await store.get(id))?.refs ?? { approval: id };
      const data = { code: 'bad_signature', verdict: 'unknown' };
      await audit.record([
        draft({ type: 'approval.refused_verdict', actor: actorOf(by), refs, outcome: 'bad_signature', data }),
      ]);
      throw new PortreeveError('bad_signature', 'Nothing was given to this passkey to sign, or it is not yours.');
    },

    async expireDue() {
      const closed: ApprovalId[] = [];
      const failures: unknown[] = [];
      for (const id of await store.due(clock.now().toISOString(), EXPIRE_BATCH)) {
        // One that cannot be closed must not keep the others open.
        await expire(id).then(
          (done) => done && closed.push(id),
          (error: unknown) => failures.push(error),
        );
      }
      if (failures.length > 0) throw new AggregateError(failures, `${failures.length} approvals could not be expired`);
      return closed;
    },

    nudgeDue: () => nudgeDue(deps),

    async assertMayAmend(id, by) {
      const stored = await store.get(id);
      const refusal = amendmentRefusal(stored, by, await standingOf(by), clock.now());
      if (!refusal) return;
      await audit.record([refusedAmendment(id, stored, by, refusal.code)]);
      throw refusal;
    },

    async closeAmended(tx, id, by) {
      return closeAmendedIn(deps, tx, id, by, await standingOf(by));
    },

    async refuseAmendment(id, by, code) {
      await audit.record([refusedAmendment(id, await store.get(id), by, code)]);
    },

    async withdraw(id, by) {
      const result = await uow.transaction(async (tx) => {
        const stored = await store.lock(tx, id);
        if (!stored) return new PortreeveError('not_found', 'There is no such approval.');
        if (!stored.requesters.includes(by.id))
          return new PortreeveError('refused', 'Only who asked may take it back.', { next: 'Deny it instead.' });
        if (stored.state !== 'pending') return closedError(stored.state);
        const expired = await expireIfOverdue(deps, tx, stored);
        if (expired) {
          await audit.append(tx, [expired]);
          return closedError('expired');
        }
        const { approval, record } = await close(deps, tx, stored, 'withdraw', 'requester', actorOf(by));
        await audit.append(tx, [record]);
        return approval;
      });
      return unwrap(result);
    },

    async revokeOf(tx, requester, by) {
      const ids: ApprovalId[] = [];
      const records: RecordDraft[] = [];
      // One after the other in the order of their ids: two that revoke at once wait for each other, and no further.
      for (const id of await store.pendingOf(tx, requester)) {
        const stored = await store.lock(tx, id);
        // Somebody may have closed it while we waited for it.
        if (stored?.state !== 'pending') continue;
        const expired = await expireIfOverdue(deps, tx, stored);
        records.push(expired ?? (await close(deps, tx, stored, 'revoke', 'revocation', by)).record);
        if (!expired) ids.push(id);
      }
      return { ids, records };
    },

    async groupsFor(by) {
      const standing = await standingOf(by);
      return [...new Set([...by.groups, ...standing.flatMap(({ groups }) => groups)])];
    },

    async get(id) {
      const stored = await store.get(id);
      return stored && toApproval(stored);
    },

    async preview({ id, preview_digest }) {
      if (preview_digest === null) return null;
      const preview = await store.preview(id);
      if (!preview || digestOf(preview) !== preview_digest)
        throw new PortreeveError('digest_mismatch', `The preview of ${id} is not the one that it was opened with.`);
      return preview;
    },

    async list(filter = {}) {
      const stored = await store.list({
        state: filter.state ?? null,
        groups: filter.groups ?? null,
        confirm_by: filter.confirm_by ?? null,
        requester: filter.requester ?? null,
        order: filter.order,
        limit: Math.min(Math.max(Math.trunc(filter.limit ?? 50), 1), 200),
        after: filter.after ?? null,
      });
      return stored.map(toApproval);
    },

    async recheck(approval, proposal) {
      const stored = await store.get(approval.id);
      return stored ? recheckStored(stored, proposal, deps) : INVALID;
    },
  };
}

/** Throws what a transaction returned so that it could commit. */
function unwrap(result: Approval | PortreeveError): Approval {
  if (result instanceof PortreeveError) throw result;
  return result;
}
