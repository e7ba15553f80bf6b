import type {
  Answered,
  AssembleOptions,
  Assembly,
  Deidentified,
  EndedReading,
  HeardAnswer,
  Prompt,
  piecesOf,
  RestoredArguments,
  SaveOptions,
  SourceReading,
} from '@portreeve/context';
import type {
  Arguments,
  Attachment,
  Calibration,
  Clearance,
  EnvironmentFacts,
  EvidenceId,
  Json,
  JsonObject,
  Labelled,
  PolicyDecider,
  Principal,
  RecordDraft,
  Run,
  RunId,
  RunState,
  SourceContract,
  Tx,
  ValueId,
  WorkflowContract,
  WorkflowDefinition,
} from '@portreeve/contract';

/** A workflow as one release holds it. Runs are pinned to the release that they began with (invariant 9). */
export interface LoadedWorkflow {
  readonly release: string;
  readonly definition: WorkflowDefinition;
  readonly promptsByName: ReadonlyMap<string, Prompt>;
  /** What the confidence of each step is worth, by its recorded test answers; without an entry nobody knows. */
  readonly calibrations: ReadonlyMap<string, Calibration>;
  /** The rules that it was released with, where they are not those of the server. */
  readonly policy?: PolicyDecider;
}

export interface Workflows {
  /** The release that new runs of this workflow take. */
  current(name: string): LoadedWorkflow | null;
  /** The release that a run is pinned to, when it is loaded. */
  pinned(name: string, release: string): LoadedWorkflow | null;
}

/** Which releases runs may take, where that changes while the server runs (requirement H1). */
export interface RunReleases {
  /** What a new run of the workflow takes. Throws `no_release` where none may start, `unknown_workflow`. */
  choose(workflow: string, principal: Principal): Promise<LoadedWorkflow>;
  /** The release that a shadow of this run takes; null: it has none. */
  beside(run: Pick<Run, 'id' | 'workflow'>): Promise<LoadedWorkflow | null>;
  /** Whether a new run, or a shadow, may take this release now; that stays so until the transaction ends. */
  mayStart(tx: Tx, loaded: LoadedWorkflow, run: Pick<Run, 'principal' | 'shadow_of'>): Promise<boolean>;
  /** Counts a run that begins in this transaction, where its release serves a part; gives what is to be recorded of that. */
  began(tx: Tx, run: Run): Promise<readonly RecordDraft[]>;
  /** The release that a run is pinned to, made ready where it is not; null where it cannot be had any more. */
  load(workflow: string, release: string): Promise<LoadedWorkflow | null>;
  /** Whether it was barred: no run of it goes on. */
  isBarred(release: string): boolean;
  /** Looks again where releases stand. Called where that has changed, and now and then. */
  refresh(): Promise<void>;
}

export interface RunFilter {
  readonly state?: RunState;
  readonly workflow?: string;
  /** The principal who asked. */
  readonly requester?: string;
  /** Without the runs by which a release is tried beside another one. */
  readonly without_shadows?: true;
  readonly limit?: number;
  /** Newest first where it is left out. */
  readonly order?: 'newest' | 'oldest';
  /** Continue behind this one, in that order. */
  readonly before?: RunId;
}

export interface RunStore {
  /** The id of the run that this principal made with the same idempotency key, or null when this one was inserted. */
  insert(
    tx: Tx,
    run: Run,
    extra: { attachments: readonly Attachment[]; idempotency: { key: string; digest: string } | null },
  ): Promise<{ id: RunId; digest: string } | null>;
  get(id: RunId): Promise<Run | null>;
  lock(tx: Tx, id: RunId): Promise<Run | null>;
  update(
    tx: Tx,
    id: RunId,
    patch: Partial<Pick<Run, 'state' | 'result' | 'ending' | 'approval' | 'ended_at'>>,
  ): Promise<void>;
  list(filter: RunFilter): Promise<Run[]>;
  attachments(id: RunId): Promise<Attachment[]>;
  /** Deletes what was attached to a run; its digests stay on record. */
  forgetAttachments(tx: Tx, id: RunId): Promise<void>;
}

/** Which executors live: each renews its lease; one that has not for the length of the lease is dead. */
export interface LeaseStore {
  renew(executor: string, seconds: number): Promise<void>;
  release(executor: string): Promise<void>;
  /** Those of the given executors that hold no lease. */
  dead(executors: readonly string[]): Promise<string[]>;
  /** Ends every lease but this one's. Only for the process that owns the data alone. */
  releaseOthers(executor: string): Promise<void>;
}

/** What the pipeline needs of `context`, bound to its stores and readers. */
export interface ContextStage {
  read(source: SourceContract, query: JsonObject, attachments: readonly Attachment[]): Promise<SourceReading>;
  /** Reads the fields anew that may not be kept, for one question. */
  reveal(source: SourceContract, query: JsonObject): Promise<Revealed>;
  assemble(
    prompt: Prompt,
    inputs: { readonly [name: string]: Json | Labelled<unknown> },
    workflow: WorkflowContract,
    how: Pick<AssembleOptions, 'revealed' | 'withheld' | 'handles' | 'talk'>,
  ): Assembly;
  /** An answer without what may not be kept. */
  withhold(answer: Labelled<unknown>, revealed: Revealed): Labelled<unknown>;
  save(tx: Tx, run: RunId, value: Labelled<unknown>, life?: SaveOptions['life']): Promise<ValueId>;
  load(run: RunId, id: ValueId): Promise<Labelled<unknown>>;
  /** Takes out of the store what is cleared with the question that it has entered. */
  forgetUsed(tx: Tx, run: RunId, readings: readonly EndedReading[]): Promise<void>;
  /** Takes out of the store what is cleared with the run, or all that it holds of it. */
  forgetRun(tx: Tx, run: RunId, which: 'what-has-a-life' | 'all'): Promise<void>;
  /** The question without what looks like a credential; throws what a recogniser throws, and then nothing may be sent. */
  redactSecrets(assembly: Assembly): Promise<Assembly>;
  /** The question with pseudonyms of this run. */
  deidentify(run: RunId, assembly: Assembly): Promise<Deidentified>;
  /** The arguments with what a tool of this clearance may have; `origins` are those of the run's hidden questions. */
  restore(
    run: RunId,
    args: Arguments,
    origins: readonly Labelled<unknown>[],
    clearance: Clearance,
  ): Promise<RestoredArguments>;
  /** Forgets what the run's pseudonyms stand for; gives how many there were. */
  forget(tx: Tx, run: RunId): Promise<number>;
  /** Which of these words the value, or its part at a JSON pointer, is; null where it is none of them. */
  outcome(value: Labelled<unknown>, pointer: string, outcomes: readonly string[]): string | null;
  /** What a tool answered, as the evidence that an agent is shown of it. */
  hear(answered: Answered): Promise<HeardAnswer>;
  /** The pieces of evidence that a value consists of, by JSON pointer. */
  pieces(value: Labelled<unknown>): ReturnType<typeof piecesOf>;
  /** How much a value looks as if it gave orders, per mille. */
  score(value: Labelled<Json>): number;
}

/** Opaque to the pipeline. */
export type Revealed = Labelled<ReadonlyMap<EvidenceId, JsonObject>>;

export interface Environment {
  /** What holds now for this kind of request; without one, all that holds. */
  facts(asked?: { readonly effect: 'read'; readonly tier: 1 }): EnvironmentFacts;
  /** Reads the state again where it is too old to judge by. Rejects where it cannot be read. */
  freshen(): Promise<void>;
}

/** The steps of one run, made durable: a step that has ended is not run again, it gives what it gave. */
export interface Durable {
  step<T extends Json>(name: string, fn: () => Promise<T>): Promise<T>;
  /** Reads what is stored, again where the database is away. Not remembered: it is read anew after a crash. */
  read<T>(fn: () => Promise<T>): Promise<T>;
  /** Waits for a nudge on the topic, at the longest until the time. Comes back in both cases. */
  wait(topic: string, until: Date): Promise<void>;
}

/** The engine as the pipeline uses it to start and to wake runs. */
export interface RunQueue {
  /** Puts a run in the queue, in the caller's transaction. */
  enqueue(tx: Tx, run: RunId): Promise<void>;
  /** Wakes a run that waits on the topic, in the caller's transaction. */
  nudge(tx: Tx, run: RunId, topic: string): Promise<void>;
}
