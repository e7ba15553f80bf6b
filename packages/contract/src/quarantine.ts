import type { JsonObject } from './canonical.ts';
import { type Labelled, lineageOf } from './labelled.ts';

/** An answer that was given in quarantine. To everybody else it is a handle. */
export interface QuarantinedAnswer {
  /** Its name in the run: `q1`, `q2` and so on, in the order of the calls. Nothing of what it stands for is in it. */
  readonly id: string;
  readonly answer: Labelled<unknown>;
  /** The closed schema that the answer fits. */
  readonly schema: JsonObject;
}

/** What a run has read in quarantine, as its next action is judged by it. */
export interface Quarantine {
  readonly answers: readonly QuarantinedAnswer[];
  /** Answers of planners, each with the handles that it was shown and may name. */
  readonly planned: readonly { readonly answer: Labelled<unknown>; readonly handles: readonly string[] }[];
  /** What all answers so far can say together, where the action may rest on one of them; else `null`. */
  readonly bits: number | null;
}

const OPEN = '\u00ab';
const CLOSE = '\u00bb';
const POINTER_CHARS_MAX = 256;
const HANDLE = /^\u00abhandle:(q\d{1,6})((?:\/[^\u00ab\u00bb]{0,256})?)\u00bb$/;

/** What stands for a quarantined value, or for the part of it at a JSON pointer, where a planner reads. */
export function handleText(id: string, pointer: string): string {
  if (pointer.length > POINTER_CHARS_MAX || pointer.includes(OPEN) || pointer.includes(CLOSE))
    throw new TypeError('this part of a quarantined answer can have no handle');
  return `${OPEN}handle:${id}${pointer}${CLOSE}`;
}

/** The handle that an input is: a quarantined answer or a part of it. `null`: it is none. Reads nothing of it. */
export function handleOf(value: Labelled<unknown>, answers: readonly QuarantinedAnswer[]): string | null {
  const { root, pointer } = lineageOf(value);
  const found = answers.find(({ answer }) => answer === root);
  return found ? handleText(found.id, pointer) : null;
}

/**
 * What a planner's text names. `null`: it names nothing. `unknown`: it names something that the planner was not shown, or
 * has a handle within other words, where it cannot stand for a value.
 */
export function namedHandle(
  text: string,
  shown: readonly string[],
): { readonly id: string; readonly pointer: string } | 'unknown' | null {
  if (!text.includes(`${OPEN}handle:`)) return null;
  const [, id, pointer = ''] = HANDLE.exec(text) ?? [];
  if (id === undefined) return 'unknown';
  // What was shown, or a part of it.
  const isShown = shown.some((each) => each === text || text.startsWith(`${each.slice(0, -CLOSE.length)}/`));
  return isShown ? { id, pointer } : 'unknown';
}
