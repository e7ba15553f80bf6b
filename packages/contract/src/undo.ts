import type { ExecutionId, HandoffId } from './ids.ts';

/** Where the undo of one effect stands. `none`: nobody has asked. */
export const UNDO_STATES = ['none', 'requested', 'declined', 'undone', 'failed', 'unknown', 'impossible'] as const;
export type UndoState = (typeof UNDO_STATES)[number];

/** Why there is nothing to take back, or not yet. Asking for it changes nothing. */
export const UNDO_REFUSALS = ['undo_of_undo', 'no_effect', 'not_succeeded', 'outcome_unknown'] as const;
export type UndoRefusal = (typeof UNDO_REFUSALS)[number];

/** Where the unwinding of a whole run stands. */
export const UNWIND_STATES = ['none', 'unwinding', 'unwound', 'stopped'] as const;
export type UnwindState = (typeof UNWIND_STATES)[number];

/** How `context.unwind()` ended. What stands is in the hand-off, and never taken back by itself any more. */
export interface UnwindOutcome {
  /** `unwound`: all that can ever be undone is. `stopped`: something could not be, and what came before it stands too. */
  readonly status: 'unwound' | 'stopped';
  readonly undone: number;
  readonly left: readonly { readonly execution: ExecutionId | null; readonly tool: string; readonly why: string }[];
  readonly handoff: HandoffId | null;
}
