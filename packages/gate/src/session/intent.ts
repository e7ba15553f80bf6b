import {
  canonicalJson,
  type Json,
  type JsonObject,
  jsonSchema,
  nameSchema,
  PortreeveError,
  select,
  type ToolContract,
} from '@portreeve/contract';
import { z } from 'zod';

/** What a session means to do: which tools, how often, and, where it says so, with which values. */
export const intentSchema = z.strictObject({
  calls: z
    .array(
      z.strictObject({
        tool: nameSchema,
        /** How often it may be used. */
        times: z.int().min(0).max(1000),
        /** By JSON pointer (`*` for every item) into the arguments: the values that may stand there. */
        values: z.record(z.string().max(200), z.array(jsonSchema).max(256)).optional(),
      }),
    )
    .max(128),
});
export type Intent = z.infer<typeof intentSchema>;

export const NO_INTENT: Intent = { calls: [] };

/** Parses an intent from outside. Throws `bad_input`. */
export function parseIntent(wish: unknown): Intent {
  const parsed = intentSchema.safeParse(wish);
  if (parsed.success) return parsed.data;
  throw new PortreeveError(
    'bad_input',
    'This is no intent: it names tools, how often each, and the values they may have.',
  );
}

/** Whether a call is one that the intent has: a declared tool, with declared values where some are declared. */
export function allows(call: Intent['calls'][number], contract: ToolContract, args: JsonObject): boolean {
  if (call.tool !== contract.name) return false;
  return Object.entries(call.values ?? {}).every(([pointer, values]) => {
    const known = new Set(values.map((value) => canonicalJson(value as Json)));
    return select(args, pointer).every((found) => isKnown(found.value, known));
  });
}

/** What is not there cannot be anything but what was declared. */
function isKnown(value: Json, known: ReadonlySet<string>): boolean {
  return value === null || (Array.isArray(value) && value.length === 0) || known.has(canonicalJson(value));
}

/** Whether everything that `next` allows, `now` allows too. Each call of `next` must fit into one of `now`. */
export function isNarrower(next: Intent, now: Intent): boolean {
  const left = now.calls.map((call) => call.times);
  return next.calls.every((call) => {
    const fitting = now.calls.findIndex(
      (earlier, index) => earlier.tool === call.tool && call.times <= left[index]! && bindsAtLeast(call, earlier),
    );
    if (fitting < 0) return false;
    left[fitting]! -= call.times;
    return true;
  });
}

function bindsAtLeast(call: Intent['calls'][number], earlier: Intent['calls'][number]): boolean {
  return Object.entries(earlier.values ?? {}).every(([pointer, values]) => {
    const allowed = new Set(values.map((value) => canonicalJson(value as Json)));
    return call.values?.[pointer]?.every((value) => allowed.has(canonicalJson(value as Json))) ?? false;
  });
}
