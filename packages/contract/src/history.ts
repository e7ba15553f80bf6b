import { z } from 'zod';
import type { Json, JsonObject } from './canonical.ts';
import type { FieldError } from './errors.ts';
import { nameSchema } from './ids.ts';
import type { ToolContract } from './workflow.ts';

/** What a history fact tells. `requesters` are all who asked, agents included; `approvers` all who approved. */
export const HISTORY_KINDS = ['count', 'sum', 'requesters', 'approvers'] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];

const argumentPointer = z.string().regex(/^\/([^~/]|~[01]){1,128}$/, 'name one argument, as in /customer_id');
const DAYS_MAX = 400;
const windowSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,6}[smhd]$/, 'a number with s, m, h or d, as in 24h')
  .refine((text) => windowMs(text) <= DAYS_MAX * 86_400_000, `at most ${DAYS_MAX}d`);

/**
 * Something that rules may know of earlier actions of the same workflow (requirement C6). It never counts the action that
 * is being decided. A rule reads it as `context.history.NAME`, in `action == Action::"act:TOOL"`.
 */
export const historyFactSchema = z.strictObject({
  kind: z.enum(HISTORY_KINDS),
  /** Whose uses are looked at. */
  tools: z.array(nameSchema).min(1).max(64),
  /** What an earlier use has in common with this one: `principal` (on whose behalf), `actor` (who acts), or an argument. */
  by: z.array(z.union([z.literal('principal'), z.literal('actor'), argumentPointer])).max(8),
  /** How far back, from the moment of deciding. */
  window: windowSchema,
  /** The whole-number argument that a `sum` adds up. */
  of: argumentPointer.optional(),
  /** `attempted`: all but those that certainly had no effect; those in flight are in it. `succeeded`: those alone. */
  counts: z.enum(['attempted', 'succeeded']).default('attempted'),
});
export type HistoryFact = z.infer<typeof historyFactSchema>;

const factName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'lower-case letters, digits and _, as in refunds_today');
export const historySchema = z
  .record(factName, historyFactSchema)
  .refine((facts) => Object.keys(facts).length <= 32, 'at most 32 facts');
export type HistoryFacts = z.infer<typeof historySchema>;

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function windowMs(window: string): number {
  return Number(window.slice(0, -1)) * UNIT_MS[window.at(-1) as keyof typeof UNIT_MS];
}

/** The argument that a pointer of a fact names. */
export function argumentAt(args: JsonObject, pointer: string): Json | undefined {
  const name = nameIn(pointer);
  return Object.hasOwn(args, name) ? args[name] : undefined;
}

const nameIn = (pointer: string): string => pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');

/** The facts that a decision on this tool can know: those whose `by` arguments each of its uses has. */
export function visibleHistory(facts: HistoryFacts, tool: ToolContract): HistoryFacts {
  return Object.fromEntries(
    Object.entries(facts).filter(([, { by }]) => by.every((part) => !part.startsWith('/') || isKey(tool, part))),
  );
}

/** What is wrong with the facts of a workflow that has these tools. */
export function historyProblems(facts: HistoryFacts, tools: readonly ToolContract[]): FieldError[] {
  return Object.entries(facts).flatMap(([name, fact]) => {
    const path = `history.${name}`;
    const errors: FieldError[] = [];
    if ((fact.kind === 'sum') !== (fact.of !== undefined))
      errors.push({ path: `${path}.of`, message: 'a sum, and nothing else, says what it adds up' });
    for (const toolName of fact.tools) {
      const tool = tools.find((each) => each.name === toolName);
      if (!tool) {
        errors.push({ path: `${path}.tools`, message: `${toolName} is not among the tools` });
        continue;
      }
      for (const part of fact.by)
        if (part.startsWith('/') && !isKey(tool, part))
          errors.push({
            path: `${path}.by`,
            message: `${part} is not a required text, whole number or boolean of ${toolName}`,
          });
      if (fact.of !== undefined && !isRequired(tool, fact.of, ['integer']))
        errors.push({ path: `${path}.of`, message: `${fact.of} is not a required whole number of ${toolName}` });
    }
    return errors;
  });
}

const isKey = (tool: ToolContract, pointer: string): boolean =>
  isRequired(tool, pointer, ['string', 'integer', 'boolean']);

/** Whether every valid use of the tool has the argument, of one of these types. */
function isRequired(tool: ToolContract, pointer: string, types: readonly string[]): boolean {
  const name = nameIn(pointer);
  const { required, properties } = tool.args;
  if (!Array.isArray(required) || !required.includes(name)) return false;
  const schema = (properties as JsonObject | undefined)?.[name] as JsonObject | undefined;
  if (schema === undefined) return false;
  if (Array.isArray(schema.enum))
    return types.includes('string') && schema.enum.every((one) => typeof one === 'string');
  return typeof schema.type === 'string' && types.includes(schema.type);
}
