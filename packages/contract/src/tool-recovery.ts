import { z } from 'zod';
import { type Json, type JsonObject, jsonSchema } from './canonical.ts';
import { nameSchema } from './ids.ts';
import { compileSchema, select } from './json-schema.ts';
import { applyMapping, mappedPointerSchema, mappingOf } from './mapping.ts';
import type { ToolContract } from './workflow.ts';

/** How an effect is taken back (requirement F10): by which tool, with which arguments, and for how long one may ask. */
export const undoSchema = z.strictObject({
  tool: nameSchema,
  /** Each argument from the recorded call (`args`), from what it answered (`result`), or fixed. */
  args: mappingOf('args', 'result'),
  /** Minutes from the end of the call until it is too late to ask. */
  window_minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 400),
});
export type UndoContract = z.infer<typeof undoSchema>;

const conditionSchema = z.strictObject({ pointer: mappedPointerSchema, equals: jsonSchema });

/** How one finds out what became of a call whose answer was lost (requirement F9). */
export const statusSchema = z.strictObject({
  /** A declared tool of tier 1 that only reads. */
  tool: nameSchema,
  args: z.record(
    z.string().min(1).max(128),
    z.union([
      z.strictObject({ from: z.literal('args'), pointer: mappedPointerSchema }),
      /** The call's idempotency key, by which the downstream may know it. */
      z.strictObject({ from: z.literal('key') }),
      z.strictObject({ value: jsonSchema }),
    ]),
  ),
  /** What its answer says where the call took effect, and where it did not. Anything else, or both, is not known. */
  happened: conditionSchema,
  did_not_happen: conditionSchema,
  /** The result of the call, from its arguments and from the answer of the status tool. */
  result: mappingOf('args', 'answer'),
});
export type StatusContract = z.infer<typeof statusSchema>;

export type StatusVerdict =
  | { readonly came: 'happened'; readonly result: JsonObject }
  | { readonly came: 'did_not_happen' }
  | { readonly came: 'not_known'; readonly reason: string };

/** The arguments with which the status of a call is asked. A part that is not there is left out. */
export function statusArguments(status: StatusContract, args: JsonObject, idempotency_key: string): JsonObject {
  const mapping = Object.fromEntries(
    Object.entries(status.args).map(([name, part]) => [
      name,
      'from' in part && part.from === 'key' ? { from: 'key', pointer: '/key' } : part,
    ]),
  );
  return applyMapping(mapping, { args, key: { key: idempotency_key } }).args;
}

/** What a status tool's answer says of the call. Equality of one value, and no more. */
export function readStatus(contract: ToolContract, args: JsonObject, answer: Json): StatusVerdict {
  const { status } = contract;
  if (status === undefined) throw new TypeError(`${contract.name} names no status tool`);
  const holds = ({ pointer, equals }: StatusContract['happened']) =>
    select(answer, pointer).some(({ value }) => value === equals);
  const happened = holds(status.happened);
  const not = holds(status.did_not_happen);
  if (happened === not) {
    const reason = happened
      ? 'the status tool says that it happened and that it did not'
      : 'the status tool cannot say';
    return { came: 'not_known', reason };
  }
  if (not) return { came: 'did_not_happen' };
  const { args: result } = applyMapping(status.result, { args, answer });
  const errors = compileSchema(contract.result)(result);
  if (errors.length > 0)
    return { came: 'not_known', reason: 'it happened, and what came of it does not fit the declared result' };
  return { came: 'happened', result };
}

/**
 * The other tools that a use of this one may need later: what undoes it, what shows beforehand what that would do, and what
 * tells the status of both. They are kept with the proposal, so that a release that has gone since can still be taken back.
 */
export function companionsOf(contract: ToolContract, tools: readonly ToolContract[]): ToolContract[] {
  const named = (name: string | undefined) => tools.filter((each) => each.name === name);
  const undo = named(contract.undo === 'irreversible' ? undefined : contract.undo.tool);
  const asked = [contract, ...undo].flatMap((each) => named(each.status?.tool));
  const shown = undo.flatMap(({ dry_run }) => (dry_run?.by === 'tool' ? named(dry_run.tool) : []));
  const shows = contract.dry_run?.by === 'tool' ? named(contract.dry_run.tool) : [];
  return [...new Set([...undo, ...asked, ...shown, ...shows])];
}
