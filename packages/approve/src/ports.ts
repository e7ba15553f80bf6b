import type {
  Approval,
  ApprovalDelegationId,
  ApprovalId,
  ApprovalState,
  ListOrder,
  Preview,
  PrincipalId,
  ProposalId,
  RecordRefs,
  SignedVerdict,
  Tx,
} from '@portreeve/contract';

export interface StoredVerdict {
  readonly signed: SignedVerdict;
  /** In whose place it was given; null for the approver’s own. */
  readonly in_place_of: PrincipalId | null;
  /** Through which of the approval's groups the approver was eligible when the verdict was given. */
  readonly groups: readonly string[];
}

export interface StoredApproval extends Omit<Approval, 'verdicts'> {
  /** What each record about this approval refers to. */
  readonly refs: RecordRefs;
  /** In the order in which they were given. */
  readonly verdicts: readonly StoredVerdict[];
}

export interface ApprovalQuery {
  readonly state: ApprovalState | null;
  /** Those that name at least one of these groups; null for all. */
  readonly groups: readonly string[] | null;
  /** With those of the groups also those that this person is to confirm. */
  readonly confirm_by: PrincipalId | null;
  /** Those that this principal asked for, itself or through its `act` chain; null for all. */
  readonly requester: PrincipalId | null;
  /** Left out: by id, the oldest first. */
  readonly order?: ApprovalOrder | undefined;
  readonly limit: number;
  readonly after: ApprovalId | null;
}

export type ApprovalOrder = ListOrder<'id' | 'expires_at'>;

export type NudgeKind = 'remind' | 'escalate';
export type Nudges = Readonly<Record<NudgeKind, string>>;

/** Where approvals are kept. Times are RFC 3339 in UTC with milliseconds. */
export interface ApprovalStore {
  /** Writes a new approval without verdicts. False, and nothing written, where its proposal has one already. */
  insert(tx: Tx, approval: StoredApproval, preview: Preview | null, nudges: Nudges): Promise<boolean>;
  /** What the approval was opened with. */
  preview(id: ApprovalId): Promise<Preview | null>;
  byProposal(tx: Tx, proposal: ProposalId): Promise<StoredApproval | null>;
  /** The approval as it is now, kept from changing by anybody else until the transaction ends. */
  lock(tx: Tx, id: ApprovalId): Promise<StoredApproval | null>;
  get(id: ApprovalId): Promise<StoredApproval | null>;
  /** False, and nothing written, where the approver has voted on it or the nonce was used on any approval. */
  addVerdict(tx: Tx, id: ApprovalId, verdict: StoredVerdict): Promise<boolean>;
  /** False where it was closed before. */
  close(tx: Tx, id: ApprovalId, state: Exclude<ApprovalState, 'pending'>, at: string): Promise<boolean>;
  /** Pending ones whose `expires_at` is not after `now`, the oldest first. */
  due(now: string, limit: number): Promise<ApprovalId[]>;
  /** Pending ones of which somebody is to be told by now, the oldest first. */
  nudgesDue(kind: NudgeKind, now: string, limit: number): Promise<ApprovalId[]>;
  /** False where it was done before, or the approval is closed. */
  nudged(tx: Tx, id: ApprovalId, kind: NudgeKind): Promise<boolean>;
  /** All pending ones that this principal asked for, itself or through its `act` chain; by id, ascending. */
  pendingOf(tx: Tx, requester: PrincipalId): Promise<ApprovalId[]>;
  /** In the order that is asked for, behind `after`. */
  list(query: ApprovalQuery): Promise<StoredApproval[]>;
}

/** Whose key is whose. */
export interface SignerDirectory {
  /** Base64url of the Ed25519 public key registered for a principal, or null. */
  publicKeyOf(principal: PrincipalId): Promise<string | null>;
}

/** One approver’s leave for another to decide in their place. Times are RFC 3339 in UTC with milliseconds. */
export interface StoredDelegation {
  readonly id: ApprovalDelegationId;
  readonly delegator: PrincipalId;
  readonly delegate: PrincipalId;
  readonly groups: readonly string[];
  readonly reason: string;
  readonly from_at: string;
  readonly until: string;
  readonly ended_at: string | null;
}

export interface DelegationStore {
  insert(tx: Tx, delegation: StoredDelegation): Promise<void>;
  /** False where it had ended before. */
  end(tx: Tx, id: ApprovalDelegationId, at: string): Promise<boolean>;
  /** Given to this person and good at `now`. */
  activeFor(delegate: PrincipalId, now: string, tx?: Tx): Promise<StoredDelegation[]>;
  /** Given by or to this person; by id, ascending. */
  of(principal: PrincipalId): Promise<StoredDelegation[]>;
}
