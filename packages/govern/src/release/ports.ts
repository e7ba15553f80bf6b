import type {
  Digest,
  ProposalId,
  ReleaseEvent,
  ReleaseOrigin,
  ReleaseReport,
  ReleaseState,
  ReportKind,
  Tx,
  WorkflowContract,
} from '@portreeve/contract';

/** A release as the register keeps it. Times are RFC 3339. */
export interface StoredRelease {
  readonly release: Digest;
  readonly workflow: string;
  readonly version: string;
  /** What it says of itself: owners, risk tier, thresholds. */
  readonly contract: WorkflowContract;
  /** The core of Portreeve that it was made for. */
  readonly portreeve: string;
  readonly origin: ReleaseOrigin;
  readonly state: ReleaseState;
  /** Ids of the keys under which its signature held when it was added. */
  readonly signed_by: readonly string[];
  /** Length of its bundle; null where only a folder had it. */
  readonly bytes: number | null;
  readonly added_by: string;
  readonly added_at: string;
}

/** One change of a release's state. Moves are added and never changed. */
export interface ReleaseMove {
  readonly release: Digest;
  readonly event: ReleaseEvent;
  readonly from: ReleaseState;
  readonly to: ReleaseState;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** The proposal by which it was allowed; null where it needs none. */
  readonly proposal: ProposalId | null;
}

/** A signed report on a release, without the text of its cases. */
export interface StoredEvidence extends Omit<ReleaseReport, 'cases'> {
  /** Of the report's canonical text. */
  readonly evidence: Digest;
  readonly release: Digest;
  readonly cases: number;
  readonly signed_by: readonly string[];
  readonly attached_by: string;
  readonly attached_at: string;
}

export interface ReleaseFilter {
  readonly workflow?: string;
  readonly state?: ReleaseState;
  readonly limit?: number;
  /** Behind this one; behind one that nobody knows stands nothing. */
  readonly after?: Digest;
}

export interface EvidenceFilter {
  readonly workflow?: string;
  readonly kind?: ReportKind;
  readonly limit?: number;
  /** Behind this report; behind one that nobody knows stands nothing. */
  readonly after?: Digest;
}

export interface ReleaseStore {
  /** False where it is there already. A bundle for what only a folder had is added to it. */
  insert(tx: Tx, release: StoredRelease, bundle: string | null): Promise<boolean>;
  get(release: Digest): Promise<StoredRelease | null>;
  /** The bundle as it was added; null where only a folder had it. */
  bundle(release: Digest): Promise<string | null>;
  /** Newest first. */
  list(filter: ReleaseFilter): Promise<StoredRelease[]>;
  /** All releases of a workflow; nobody moves one, and no run begins, until the transaction ends. */
  lock(tx: Tx, workflow: string): Promise<StoredRelease[]>;
  /** Writes the state and the move. False where a move of the same proposal and release is there already. */
  move(tx: Tx, move: ReleaseMove): Promise<boolean>;
  /** Oldest first. */
  moves(release: Digest): Promise<ReleaseMove[]>;
  /** The releases of a workflow that were in production, the latest first, each once. */
  wereInProduction(workflow: string): Promise<Digest[]>;
  /** Where a release stands, null where it is not known; that stays so until the transaction ends. */
  stateIn(tx: Tx, release: Digest): Promise<ReleaseState | null>;
  /** What is in production, by workflow, and what is barred, from one look. */
  standing(): Promise<{
    readonly production: ReadonlyMap<string, Digest>;
    readonly barred: ReadonlySet<string>;
  }>;
  /** False where the same report is attached already. */
  attach(tx: Tx, evidence: StoredEvidence, text: string): Promise<boolean>;
  /** Newest first. */
  evidence(release: Digest): Promise<StoredEvidence[]>;
  /** The reports on all releases, newest first. */
  reports(filter: EvidenceFilter): Promise<StoredEvidence[]>;
  /** The sealed report as it was attached. */
  report(evidence: Digest): Promise<string | null>;
}
