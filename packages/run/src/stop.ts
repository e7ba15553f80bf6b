import type { HandoffKind, JsonObject } from '@portreeve/contract';

/** How a run ends early. It crosses the durable steps as plain data. */
export interface Ending {
  readonly event: 'stop' | 'hand_off' | 'fail';
  /** For a person: why, and what to do next. */
  readonly text: string;
  readonly next: string;
  /** With `hand_off`: what kind of work is left, and what is known. */
  readonly handoff?: {
    readonly kind: HandoffKind;
    readonly context: JsonObject;
    /** The prompt or source that it is about. */
    readonly about?: string;
    readonly tried?: readonly string[];
  };
}

/** Thrown through the workflow's code to end the run. A workflow that catches it gets it again at its next step. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(ending.text);
    this.ending = ending;
  }
}
