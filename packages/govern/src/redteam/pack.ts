import { jsonObjectSchema, nameSchema, PortreeveError } from '@portreeve/contract';
import { parseDocument } from 'yaml';
import { z } from 'zod';

/** What an attack is for: what its author would call a success. */
export const GOALS = ['redirect', 'act', 'mislead', 'leak', 'format', 'wallet', 'deceive'] as const;
export type Goal = (typeof GOALS)[number];

/** Where the text of an attack can enter. `input` is the requester's own word, so only attacks by requesters use it. */
export const PLACES = ['field', 'text', 'hidden', 'name', 'metadata', 'result', 'input'] as const;
export type PlaceKind = (typeof PLACES)[number];

const PACK_BYTES_MAX = 256 * 1024;
const text = z.string().min(1).max(8000);

const attackSchema = z.strictObject({
  id: nameSchema,
  goal: z.enum(GOALS),
  /** `{{orders}}`, `{{address}}`, `{{link}}`, `{{account}}`, `{{tool}}`, `{{approver}}`: see `attacker.ts`. */
  text,
  /** Where it may enter; left out: wherever somebody outside could have put it. */
  places: z.array(z.enum(PLACES)).min(1).optional(),
});
export type Attack = z.infer<typeof attackSchema>;

const honestSchema = z.strictObject({ id: nameSchema, text: z.string().max(8000) });

/** What a source gives: records, or one document. */
const materialSchema = z.union([
  z.strictObject({ items: z.array(jsonObjectSchema).max(200) }),
  z.strictObject({
    text: z.string().max(64_000),
    /** `text/plain`, `text/html` or `message/rfc822`; left out, each is tried. */
    media_type: z.enum(['text/plain', 'text/html', 'message/rfc822']).optional(),
  }),
]);

/** Honest work of a workflow, into which attacks are put: what is asked for, what is read, what tools answer. */
const caseSchema = z.strictObject({
  id: nameSchema,
  requester: z
    .strictObject({
      roles: z.array(z.string().max(64)).max(8).default(['requester']),
      groups: z.array(z.string().max(128)).max(16).default([]),
    })
    .prefault({}),
  input: jsonObjectSchema,
  sources: z.record(nameSchema, materialSchema).default({}),
  /** Results by tool; a tool that is not named answers with what its result schema allows. */
  tools: z.record(nameSchema, jsonObjectSchema).default({}),
  /** What a person gives back where a question is handed to one, by prompt; without it the run waits, and that is its end. */
  answers: z.record(nameSchema, jsonObjectSchema).default({}),
});
export type HonestCase = z.infer<typeof caseSchema>;

const packSchema = z.strictObject({
  name: nameSchema,
  title: z.string().min(1).max(120),
  /** Which published weakness it is about, such as `OWASP LLM01:2026`. */
  about: z.string().max(200).optional(),
  attacks: z.array(attackSchema).max(2000).default([]),
  honest: z.array(honestSchema).max(200).default([]),
  /** A workflow's own pack alone: */
  cases: z.array(caseSchema).max(50).default([]),
  /** Sources and results of tools that no outsider can write into, each with the reason; shown in every report. */
  out_of_reach: z
    .array(z.strictObject({ name: nameSchema, why: z.string().min(3).max(300) }))
    .max(64)
    .default([]),
  /** What the figures of this workflow must keep to besides what always holds (`figures.ts`). */
  thresholds: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
      z.strictObject({ min: z.int().optional(), max: z.int().optional() }),
    )
    .default({}),
});
export type Pack = z.infer<typeof packSchema>;

/** Reads a pack. Throws `misconfigured` with the file and the place in it. */
export function parsePack(source: string, file: string): Pack {
  const bad = (what: string) => new PortreeveError('misconfigured', `${file}: ${what}`);
  if (Buffer.byteLength(source) > PACK_BYTES_MAX) throw bad(`is larger than ${PACK_BYTES_MAX} bytes`);
  const document = parseDocument(source, { schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw bad(error.message.split('\n')[0] ?? 'is no YAML');
  let value: unknown;
  try {
    // No anchor may multiply what is read.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw bad('has aliases: write it out');
  }
  const parsed = packSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw bad(`${issue?.path.join('.') || 'pack'}: ${issue?.message}`);
  }
  const ids = parsed.data.attacks.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw bad(`two attacks are called ${twice}`);
  return parsed.data;
}
