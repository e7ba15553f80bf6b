import type { Digest, Rollout, RunId, Tx } from '@portreeve/contract';

/** The step of its rollout that a release is in. */
export interface PilotStep {
  readonly release: Digest;
  readonly workflow: string;
  /** All steps, as they were approved. */
  readonly rollout: Rollout;
  /** Which of them it is, counted from 0. */
  readonly index: number;
  readonly entered_at: string;
  /** Runs that it has taken so far. */
  readonly taken: number;
}

/** How the runs of a step have ended so far. */
export interface PilotRuns {
  readonly ended: number;
  /** Of those: how many failed or were left to a person. */
  readonly failed: number;
}

/** Where the pilots of releases stand. */
export interface PilotStore {
  /** Enters a step, and leaves the one that the release was in. */
  enter(tx: Tx, step: Omit<PilotStep, 'taken'>): Promise<void>;
  /** Leaves the step that the release is in. */
  leave(tx: Tx, release: Digest, at: string): Promise<void>;
  /** The step that a release is in; null: none. */
  get(release: Digest): Promise<PilotStep | null>;
  /** As `get`; nobody enters, leaves or counts until the transaction ends. */
  lock(tx: Tx, release: Digest): Promise<PilotStep | null>;
  /** Counts a run that begins in the step that the release is in. Rejects where the step takes no more. */
  count(tx: Tx, release: Digest, run: RunId): Promise<void>;
  /** Of the step that the release is in. */
  runs(release: Digest): Promise<PilotRuns>;
  /** Every step that a release is in now. */
  open(): Promise<PilotStep[]>;
  /** Releases of a workflow that are or were in a pilot. */
  tried(workflow: string): Promise<Digest[]>;
}
