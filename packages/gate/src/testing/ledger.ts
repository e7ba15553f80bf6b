import type { CallOutcome, JsonObject, ToolContract } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';

const text = { type: 'string', maxLength: 64 };
const object = (properties: JsonObject, required = Object.keys(properties)): JsonObject => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
});
const done = object({ entry: text });

/** Tools of a ledger that counts what really happens: an entry, its undo, and a question whether there is an entry. */
export const findEntry = testContract({
  name: 'find_entry',
  tier: 1,
  effect: 'read',
  args: object({ key: text }),
  result: object({ state: { enum: ['booked', 'absent', 'pending'] }, entry: text }, ['state']),
  sinks: [],
  returns: 'trusted',
});
export const cancelEntry = testContract({
  name: 'cancel_entry',
  tier: 1,
  effect: 'write',
  args: object({ entry: text, case_id: text }),
  result: done,
  sinks: [{ path: '/entry', kind: 'target' }],
  undo: { tool: 'book_entry', args: {}, window_minutes: 60 },
});
export const bookEntry = testContract({
  name: 'book_entry',
  tier: 1,
  effect: 'write',
  args: object({ case_id: text }),
  result: done,
  sinks: [{ path: '/case_id', kind: 'target' }],
  returns: 'trusted',
  undo: {
    tool: 'cancel_entry',
    args: { entry: { from: 'result', pointer: '/entry' }, case_id: { from: 'args', pointer: '/case_id' } },
    window_minutes: 60,
  },
});
const status: ToolContract['status'] = {
  tool: 'find_entry',
  args: { key: { from: 'key' } },
  happened: { pointer: '/state', equals: 'booked' },
  did_not_happen: { pointer: '/state', equals: 'absent' },
  result: { entry: { from: 'answer', pointer: '/entry' } },
};
export const idempotentEntry: ToolContract = { ...bookEntry, idempotency: 'key' };
export const queryableEntry: ToolContract = { ...bookEntry, status };
export const recoverableEntry: ToolContract = { ...bookEntry, idempotency: 'key', status };
export const LEDGER_TOOLS: readonly ToolContract[] = [cancelEntry, findEntry];

type Call = { readonly contract: ToolContract; readonly args: JsonObject; readonly idempotency_key: string };

export interface TestLedger {
  /** Every effect in order, as `tool key`: one that happened twice stands here twice. */
  readonly effects: readonly string[];
  /** Does what the call says: once for each key where the contract says that keys are honoured. */
  apply(call: Call): CallOutcome;
}

export function testLedger(): TestLedger {
  const effects: string[] = [];
  const byKey = new Map<string, JsonObject>();
  const succeeded = (result: JsonObject): CallOutcome => ({ state: 'succeeded', status: 200, result, duration_ms: 1 });
  return {
    effects,
    apply({ contract, args, idempotency_key: key }) {
      if (contract.name === 'find_entry') {
        const found = byKey.get(args.key as string);
        return succeeded(found ? { state: 'booked', ...found } : { state: 'absent' });
      }
      const known = contract.idempotency === 'key' ? byKey.get(key) : undefined;
      if (known) return succeeded(known);
      effects.push(`${contract.name} ${key}`);
      const result = { entry: `e-${effects.length}` };
      byKey.set(key, result);
      return succeeded(result);
    },
  };
}
