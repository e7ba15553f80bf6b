import type {
  Approval,
  ApprovalId,
  ApprovalState,
  Preview,
  PrincipalId,
  ProposalId,
  RecordRefs,
  SignedVerdict,
  Tx,
} from '@portreeve/contract';

export interface StoredVerdict {
  readonly signed: SignedVerdict;
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
  readonly limit: number;
  readonly after: ApprovalId | null;
}

/** Where approvals are kept. Times are RFC 3339 in UTC with milliseconds. */
export interface ApprovalStore {
  /** Writes a new approval without verdicts. False, and nothing written, where its proposal has one already. */
  insert(tx: Tx, approval: StoredApproval, preview: Preview | null): Promise<boolean>;
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
  /** All pending ones that this principal asked for, itself or through its `act` chain; by id, ascending. */
  pendingOf(tx: Tx, requester: PrincipalId): Promise<ApprovalId[]>;
  /** By id, ascending. */
  list(query: ApprovalQuery): Promise<StoredApproval[]>;
}

/** Whose key is whose. */
export interface SignerDirectory {
  /** Base64url of the Ed25519 public key registered for a principal, or null. */
  publicKeyOf(principal: PrincipalId): Promise<string | null>;
}
