import {
  type Clearance,
  covers,
  type Handoff,
  handoffMaterialSchema,
  handoffSchema,
  jsonObjectSchema,
  jsonSchema,
  type Principal,
  type WorkflowContract,
} from '@portreeve/contract';
import { z } from 'zod';

/** What somebody may not see is there, and how secret it is; its value is not. */
const withheldSchema = z.strictObject({ withheld: z.literal(true) });

export const handoffView = handoffSchema.extend({
  context: z.union([withheldSchema, jsonObjectSchema]),
  material: z.array(
    handoffMaterialSchema.omit({ value: true }).extend({ value: jsonSchema.optional(), withheld: z.boolean() }),
  ),
  /** Whole minutes since it was opened, until it was finished. */
  age_minutes: z.int().min(0),
  /** Its time is over, and it is not finished. */
  overdue: z.boolean(),
});
type HandoffView = z.infer<typeof handoffView>;

/** What everybody who works the queue may see. */
const EVERYBODY: Clearance = { confidentiality: 'internal', categories: [] };

/**
 * A hand-off as one person may see it (requirement I8): the context and each piece of material whose label their groups'
 * clearance covers, by the word of the workflow. The rest is marked as withheld, so that nobody takes it for missing.
 */
export function viewHandoff(
  handoff: Handoff,
  reader: Principal,
  clearances: WorkflowContract['clearances'],
  now: Date,
): HandoffView {
  const own = reader.groups.flatMap((group) => (Object.hasOwn(clearances, group) ? [clearances[group]!] : []));
  const sees = (label: Handoff['label']) => [EVERYBODY, ...own].some((clearance) => covers(clearance, label));
  const { context, material, result, created_at, closed_at, due_at, state } = handoff;
  const until = closed_at === null ? now.getTime() : Date.parse(closed_at);
  return {
    ...handoff,
    context: sees(handoff.label) ? context : { withheld: true },
    material: material.map(({ name, label, value }) =>
      sees(label) ? { name, label, withheld: false, value } : { name, label, withheld: true },
    ),
    result: result && (sees(handoff.label) || result.by === reader.id) ? result : null,
    age_minutes: Math.max(0, Math.floor((until - Date.parse(created_at)) / 60_000)),
    overdue: state !== 'done' && Date.parse(due_at) <= now.getTime(),
  };
}
