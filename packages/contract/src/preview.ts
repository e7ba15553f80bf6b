import { z } from 'zod';
import { digestSchema, type Json, type JsonObject, jsonSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';
import { type Change, changeSchema, jsonDiff } from './json-diff.ts';
import { labelSchema } from './labels.ts';

/** Bytes of JSON that a preview's result may have. A larger one is not shown in part: the approver is told that it is. */
export const PREVIEW_BYTES_MAX = 64 * 1024;

/** Why there is no preview although the tool offers one. */
export const PREVIEW_GAPS = [
  /** Policy did not let it be made by itself. */
  'refused',
  'failed',
  /** It began, and nobody knows how it ended. */
  'unknown',
  /** It was not there when the tool's time-out was over. */
  'late',
  'too_large',
  /** One is there of the same proposal with other content. */
  'outdated',
  'misconfigured',
] as const;
export type PreviewGap = (typeof PREVIEW_GAPS)[number];

/** A label as it stands: an answer of the API is written by its schema, which must change nothing. */
const plainLabelSchema = z.strictObject({
  ...labelSchema.shape,
  categories: labelSchema.shape.categories.in,
  origins: labelSchema.shape.origins.in,
});

/**
 * What an approver was shown beforehand of what a proposal would do (requirement F3), or why there is nothing to show. It
 * is made once, before the approval is requested; its digest is in the record and in what each verdict signs.
 */
export const previewSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('made'),
    tool: nameSchema,
    tool_version: z.string(),
    /** The proposal by which it passed the gate. */
    proposal: idSchema('proposal'),
    execution: idSchema('execution'),
    /** When it was seen: it is not made anew when the verdict comes later, nor when the action is carried out. */
    made_at: z.iso.datetime(),
    /** That of an answer of the downstream: untrusted. */
    label: plainLabelSchema,
    /** `diff`: the tool's contract declares a result with `before` and `after`. */
    form: z.enum(['diff', 'fields']),
    /** The members of the result that the tool's contract declares. */
    declared: z.array(z.string()),
    result: jsonSchema,
  }),
  z.strictObject({
    state: z.literal('missing'),
    why: z.enum(PREVIEW_GAPS),
    /** A sentence for people. Nothing in it is text of the downstream. */
    text: z.string().min(1).max(4000),
    /** The proposal by which it would have passed the gate, where it came so far. */
    proposal: idSchema('proposal').nullable(),
    made_at: z.iso.datetime(),
  }),
]);
export type Preview = z.infer<typeof previewSchema>;

/** A preview as the API gives it. `digest` is that of `shown`; the rest follows from it and from the clock. */
export const previewViewSchema = z.strictObject({
  digest: digestSchema,
  /** Seconds since it was made. */
  age_s: z.int().min(0),
  shown: previewSchema,
  /** The difference, where its form is one. Empty: the action would change nothing. */
  changes: z.array(changeSchema).nullable(),
  /** What the result says besides the difference, or all of it. Undeclared members are here, too. */
  fields: z.array(z.strictObject({ name: z.string(), declared: z.boolean(), value: jsonSchema })),
});
export type PreviewView = z.infer<typeof previewViewSchema>;

/** What the result schema of a dry run declares: whether it is a difference, and its members. */
export function previewForm(schema: JsonObject): { readonly form: 'diff' | 'fields'; readonly declared: string[] } {
  const { type, properties, required } = schema;
  const declared = typeof properties === 'object' && properties !== null ? Object.keys(properties).sort() : [];
  const needed = Array.isArray(required) ? required : [];
  const isDiff =
    type === 'object' && ['before', 'after'].every((name) => declared.includes(name) && needed.includes(name));
  return { form: isDiff ? 'diff' : 'fields', declared };
}

/** What is shown of a preview, computed from nothing but the preview: who has it can compute the same. */
export function readPreview(preview: Preview): Pick<PreviewView, 'changes' | 'fields'> {
  if (preview.state === 'missing') return { changes: null, fields: [] };
  const { form, declared, result } = preview;
  if (typeof result !== 'object' || result === null || Array.isArray(result))
    return { changes: null, fields: [{ name: 'result', declared: true, value: result }] };
  const members = result as { readonly [key: string]: Json };
  const changes: Change[] | null = form === 'diff' ? jsonDiff(members.before!, members.after!) : null;
  const fields = Object.entries(members)
    .filter(([name]) => changes === null || (name !== 'before' && name !== 'after'))
    .map(([name, value]) => ({ name, declared: declared.includes(name), value }));
  return { changes, fields };
}
