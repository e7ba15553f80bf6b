import {
  applyMapping,
  asId,
  type Json,
  type JsonObject,
  type ToolContract,
  type UnwindOutcome,
} from '@portreeve/contract';
import type { TestOutcome } from './outcome.ts';

/** What a test's workflow has done, and how its tools answered. */
export interface Done {
  readonly tool: ToolContract;
  readonly args: JsonObject;
  readonly result: Json;
  readonly number: number;
}

/**
 * Takes back what was done, latest first, as the real context does: with the arguments that the contract's mapping gives.
 * What is irreversible is passed over; what fails, or is refused, stops it.
 */
export function unwindTest(
  done: readonly Done[],
  undo: (tool: string, args: JsonObject) => TestOutcome,
): UnwindOutcome {
  const left: UnwindOutcome['left'][number][] = [];
  let undone = 0;
  const stands = ({ tool, number }: Done, why: string) =>
    left.push({ execution: asId('execution', `exec_test_${number}`), tool: tool.name, why });
  const all = [...done].reverse();
  for (const [index, each] of all.entries()) {
    const how = each.tool.undo;
    if (how === 'irreversible') {
      stands(each, `${each.tool.name} is irreversible`);
      continue;
    }
    const outcome = undo(how.tool, applyMapping(how.args, { args: each.args, result: each.result }).args);
    if (outcome.status === 'succeeded') {
      undone++;
      continue;
    }
    stands(each, `the undo is ${outcome.status}`);
    for (const later of all.slice(index + 1)) stands(later, 'not reached: what was done after it stands');
    return { status: 'stopped', undone, left, handoff: asId('handoff', 'hand_test_unwind') };
  }
  return { status: 'unwound', undone, left, handoff: left.length > 0 ? asId('handoff', 'hand_test_unwind') : null };
}
