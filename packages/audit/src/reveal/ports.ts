import type { Json, RevealId, RunId, Tx } from '@portreeve/contract';
import type { Page } from '../erase/ports.ts';
import type { RevealState } from './state.ts';

/** The wish to see the value behind one mark. The value itself is kept nowhere for it. */
export interface Reveal {
  readonly id: RevealId;
  /** As it stands in the record. */
  readonly mark: string;
  /** The run in whose data to look; `null`: wherever the mark stands. */
  readonly run: RunId | null;
  /** Redacted. */
  readonly reason: string;
  readonly state: RevealState;
  readonly requested_by: string;
  readonly requested_at: string;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  /** Until when it waits, and once it is allowed until when the value can be seen. */
  readonly until: string;
}

export interface RevealStore {
  insert(tx: Tx, reveal: Reveal): Promise<void>;
  lock(tx: Tx, id: RevealId): Promise<Reveal | null>;
  get(id: RevealId): Promise<Reveal | null>;
  update(tx: Tx, id: RevealId, change: Pick<Reveal, 'state' | 'decided_by' | 'decided_at' | 'until'>): Promise<void>;
  /** Newest first; `after`: behind this one. */
  list(page: Page<RevealId>): Promise<Reveal[]>;
}

/** What the house keeps of a run, opened; what was erased or has ended its life is not among it. */
export type KeptOfRun = (run: RunId) => AsyncIterable<Json>;
