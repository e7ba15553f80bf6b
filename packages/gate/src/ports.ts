import type {
  Approval,
  ApprovalId,
  CallOutcome,
  Decision,
  DecisionId,
  Demand,
  EnvironmentFacts,
  Executable,
  ExecutionId,
  GrantId,
  Handoff,
  HandoffId,
  HandoffKind,
  HandoffState,
  HistoryFacts,
  JsonObject,
  ListOrder,
  PortreeveError,
  Preview,
  Principal,
  PrincipalId,
  Proposal,
  ProposalId,
  ProposalState,
  RecordDraft,
  RunId,
  Settlement,
  ToolContract,
  Tx,
  VerdictSignature,
  WorkflowFacts,
} from '@portreeve/contract';
import type { Asked } from './environment.ts';

/** A proposal as it is kept, with where it stands. */
export interface StoredProposal {
  readonly proposal: Proposal;
  readonly workflow: WorkflowFacts;
  readonly contract: ToolContract;
  readonly approval_timeout_minutes: number;
  /** The workflow's history facts, as they were declared when it was submitted. */
  readonly history: HistoryFacts;
  /** The highest injection score of what went into it, per mille. */
  readonly injection: number;
  /** Where policy narrowed it: by which profiles, and what was asked for before. */
  readonly narrowed: { readonly profiles: readonly string[]; readonly asked: JsonObject } | null;
  /** The proposal that it shows beforehand, where it is made for an approver alone; it asks nobody and hands nothing off. */
  readonly preview_of: ProposalId | null;
  /** It tests who approves. No grant can be made for it. */
  readonly planted: boolean;
  /** It is that of a shadow. No grant can be made for it, and nobody is asked about it. */
  readonly shadow?: true;
  readonly state: ProposalState;
  /** The newest decision. */
  readonly decision: Decision;
  /** The proposal that took its place, where a reviewer amended it. */
  readonly amended_by: ProposalId | null;
  readonly approval: ApprovalId | null;
  readonly grant: GrantId | null;
  readonly execution: ExecutionId | null;
  readonly outcome: CallOutcome | null;
  readonly handoff: HandoffId | null;
  /** When it was known that it succeeded. */
  readonly succeeded_at: string | null;
  /** The tools that undo it and that tell what became of it, as they were when it was submitted (invariant 9). */
  readonly companions: readonly ToolContract[];
  /** Where it is a means to another proposal: to learn what became of that, or to take it back. */
  readonly serves: Service | null;
  /** What is known, and is being tried, where the outcome of a call is not known. */
  readonly settlement: Settlement | null;
}

export interface Service {
  readonly purpose: 'status' | 'undo';
  readonly of: ProposalId;
}

export type ProposalPatch = Partial<
  Pick<
    StoredProposal,
    | 'state'
    | 'amended_by'
    | 'decision'
    | 'approval'
    | 'grant'
    | 'execution'
    | 'outcome'
    | 'handoff'
    | 'succeeded_at'
    | 'settlement'
  >
>;

export interface ProposalStore {
  /** False when a proposal of that id is there already; nothing is changed then. */
  insert(tx: Tx, stored: StoredProposal): Promise<boolean>;
  get(id: ProposalId): Promise<StoredProposal | null>;
  /** Reads it and keeps others from changing it until the transaction ends. */
  lock(tx: Tx, id: ProposalId): Promise<StoredProposal | null>;
  /** As {@link ProposalStore.lock}, for who knows the rest: tells where it stands, and opens nothing that is sealed. */
  hold(tx: Tx, id: ProposalId): Promise<Pick<StoredProposal, 'state' | 'grant'> | null>;
  /** INVARIANT: never by an id alone, for what is kept is sealed for those whom the proposal is about. */
  update(tx: Tx, proposal: Pick<Proposal, 'id' | 'run' | 'principal'>, patch: ProposalPatch): Promise<void>;
  /** Those whose outcome is to be found out by now, oldest first. */
  settlingBy(now: Date, limit: number): Promise<ProposalId[]>;
  /** What took effect in a run, or may have: first what nobody knows of, then the latest. */
  effectsIn(run: RunId, limit: number): Promise<StoredProposal[]>;
  /**
   * Whether the same call has succeeded before: in the same run, or, without one, by the same principal since `since`. The
   * digest is that of tool, version, arguments, labels, principal and release.
   */
  repeats(proposal: Proposal, since: Date): Promise<boolean>;
  /** The proposal that an execution belongs to. */
  ofExecution(execution: ExecutionId): Promise<StoredProposal | null>;
}

export interface HandoffFilter {
  readonly states?: readonly HandoffState[];
  readonly kind?: HandoffKind;
  readonly run?: RunId;
  /** Whose work it is. */
  readonly group?: string;
  readonly assignee?: PrincipalId;
  /** Left out: by id, the oldest first. */
  readonly order?: ListOrder<'id' | 'kind' | 'due_at'>;
  readonly limit?: number;
  /** Continue behind this one. */
  readonly after?: HandoffId;
}

/** What may change of a hand-off. The rest is as it was opened. */
export type HandoffPatch = Partial<
  Pick<Handoff, 'state' | 'group' | 'assignee' | 'level' | 'due_at' | 'closed_at' | 'result' | 'material' | 'label'>
>;

export interface HandoffStore {
  insert(tx: Tx, handoff: Handoff): Promise<void>;
  get(id: HandoffId): Promise<Handoff | null>;
  /** Reads it and keeps others from changing it until the transaction ends. */
  lock(tx: Tx, id: HandoffId): Promise<Handoff | null>;
  /** Changes what was locked. */
  update(tx: Tx, locked: Handoff, patch: HandoffPatch): Promise<void>;
  list(filter: HandoffFilter): Promise<Handoff[]>;
  /** Work that nobody has finished by this time (ISO 8601) and that can still go up, oldest first. */
  due(at: string, limit: number): Promise<HandoffId[]>;
}

/** What groups are told of: an action that goes ahead without an approval, or after one. */
export interface Notice {
  readonly decision: DecisionId;
  readonly groups: readonly string[];
  readonly proposal: ProposalId;
  readonly run: RunId | null;
  readonly workflow: string;
  readonly text: string;
  readonly posted_at: string;
}

export interface NoticeStore {
  insert(tx: Tx, notice: Notice): Promise<void>;
  /** For members of any of these groups, newest first; with `after` those behind the notice of that decision. */
  list(filter: {
    readonly groups: readonly string[];
    readonly limit: number;
    readonly after?: DecisionId;
  }): Promise<Notice[]>;
}

/** What the gate needs of `approve`. */
export interface ApprovalService {
  request(
    tx: Tx,
    wish: {
      proposal: Proposal;
      decision: Decision;
      demands: readonly Demand[];
      signature: VerdictSignature;
      confirm: boolean;
      reason_chars_min: number;
      timeout_minutes: number;
      preview: Preview | null;
    },
  ): Promise<Approval>;
  get(id: ApprovalId): Promise<Approval | null>;
  /** Throws, and records, where somebody may not amend what it is about. */
  assertMayAmend(id: ApprovalId, by: Principal): Promise<void>;
  /** Closes it as amended in the caller's transaction, which appends the records; the error where that is not to be. */
  closeAmended(tx: Tx, id: ApprovalId, by: Principal): Promise<{ records: readonly RecordDraft[] } | PortreeveError>;
  /** Records that an amendment was refused. */
  refuseAmendment(id: ApprovalId, by: Principal, code: string): Promise<void>;
  /** Closes as denied what is past its time. */
  expireDue(): Promise<readonly ApprovalId[]>;
  /** Verifies every kept signature again, over exactly this proposal. */
  recheck(
    approval: Approval,
    proposal: Proposal,
  ): Promise<{
    valid: boolean;
    approvers: readonly string[];
    groups: readonly string[];
    by_passkey: readonly string[];
    by_device: readonly string[];
    confirmed: boolean;
  }>;
}

/** Where planted proposals are marked, in the transaction that stores them; the database makes no grant for what is marked. */
export interface PlantedMarks {
  mark(tx: Tx, proposal: ProposalId, run: RunId, shown: boolean): Promise<void>;
}

/** What the gate needs of `execute`. */
/** One call that was made, and how it ended. */
export interface Executed {
  readonly execution: ExecutionId;
  readonly outcome: CallOutcome;
}

export interface ExecutionService {
  /** Signs a grant and writes it down, in the caller's transaction. */
  issueGrant(
    tx: Tx,
    wish: { proposal: Executable; decision: Decision; contract: ToolContract; approvals: readonly Approval[] },
  ): Promise<{ token: string; grant: GrantId }>;
  /**
   * Uses the grant that `grant` makes, once, and tells `ended` what came of it: each in one transaction with what it does
   * itself, where the executor is in this process. Null where `grant` gave none. What `grant` throws comes out as it is;
   * `grant_expired` and `grant_invalid` say that the grant was lost and nothing was called.
   */
  carry(granted: {
    grant(tx: Tx): Promise<{ token: string; proposal: Proposal; contract: ToolContract } | null>;
    ended(tx: Tx, settle: () => Promise<Executed>): Promise<unknown>;
  }): Promise<Executed | null>;
  /**
   * Writes what was learned of an execution whose outcome was not known, in the caller's transaction. False where it was
   * not unknown.
   */
  settle(tx: Tx, execution: ExecutionId, outcome: CallOutcome): Promise<boolean>;
  /**
   * What became of a grant whose user is gone: `unused` (and now revoked), `running` (its process lives), or how it
   * ended; an execution that was begun and whose process is dead ends as unknown.
   */
  recover(
    grant: GrantId,
  ): Promise<{ state: 'unused' | 'running' } | { state: 'ended'; execution: ExecutionId; outcome: CallOutcome }>;
}

export interface EnvironmentReader {
  /** What holds now for this kind of request; without one, all that holds. */
  facts(asked?: Asked): EnvironmentFacts;
  /** Whether the facts are those of the store; they stay so until the transaction ends. */
  isCurrent(tx: Tx): Promise<boolean>;
  /** Reads the state again where it is too old to judge by. Rejects where it cannot be read. */
  freshen(): Promise<void>;
  refresh(): Promise<void>;
}
