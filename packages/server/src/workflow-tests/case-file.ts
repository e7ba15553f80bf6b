import { readFile, stat } from 'node:fs/promises';
import {
  fieldErrors,
  jsonObjectSchema,
  jsonSchema,
  labelSchema,
  nameSchema,
  OUTCOMES,
  PortreeveError,
  ROLES,
} from '@portreeve/contract';
import { parse } from 'yaml';
import { z } from 'zod';

const BYTES_MAX = 4 * 1024 * 1024;

/** What a source gives: the items themselves, or a file of JSON Lines beside the test, relative to it. */
const itemsSchema = z.union([
  z.array(jsonObjectSchema).max(10_000),
  z.strictObject({ file: z.string().min(1).max(1000) }),
]);

/** How the system downstream answers, once policy and people have let an action through. */
const answerSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('succeeded'), result: jsonSchema.optional() }),
  z.strictObject({ status: z.literal('failed'), reason: z.string().max(500).optional() }),
  z.strictObject({ status: z.literal('unknown') }),
]);

const expectedAct = z.strictObject({
  tool: nameSchema,
  /** These members at least. */
  args: jsonObjectSchema.optional(),
  label: labelSchema.partial().optional(),
  /** What the real policy says before anybody has approved. */
  decision: z.enum(OUTCOMES).optional(),
  /** The rules that refuse or ask, or all that permit. */
  rules: z.array(z.string()).optional(),
  status: z.enum(['succeeded', 'failed', 'unknown', 'refused', 'denied']).optional(),
});

export const workflowCaseSchema = z.strictObject({
  name: z.string().min(1).max(200),
  input: jsonObjectSchema,
  requester: z
    .strictObject({ name: z.string().max(128), roles: z.array(z.enum(ROLES)), groups: z.array(z.string()) })
    .partial()
    .optional(),
  /** What the clock says, ISO 8601; it stands still. */
  now: z.iso.datetime().default('2026-01-01T00:00:00Z'),
  environment: z
    .strictObject({
      name: z.enum(['development', 'test', 'staging', 'production']),
      freezes: z.array(z.string()),
      incident: z.boolean(),
    })
    .partial()
    .default({}),
  sources: z.record(nameSchema, itemsSchema).default({}),
  /** By prompt, as a model gave it, or `simulated`; `{{events.1}}` in it is the id of the first piece of evidence in the input `events`. */
  answers: z.record(nameSchema, jsonSchema).default({}),
  actions: z.record(nameSchema, answerSchema).default({}),
  /** What people say where policy asks them; left out: they approve. */
  approvals: z.record(nameSchema, z.enum(['approve', 'deny', 'time-out'])).default({}),
  /** What the history facts are, by tool; left out: nothing has happened before. */
  history: z.record(nameSchema, z.record(z.string(), z.union([z.int(), z.array(z.string())]))).default({}),
  expect: z.strictObject({
    /** Left out: the workflow comes to its end. */
    status: z.enum(['completed', 'refused', 'failed']).default('completed'),
    /** These members at least. */
    result: jsonObjectSchema.optional(),
    /** The sources that were read, in order; likewise the prompts. */
    reads: z.array(nameSchema).optional(),
    asks: z.array(nameSchema).optional(),
    /** All of them, in order. */
    acts: z.array(expectedAct).optional(),
  }),
});
export type WorkflowCase = z.infer<typeof workflowCaseSchema>;

const caseFileSchema = z.strictObject({ tests: z.array(workflowCaseSchema).min(1).max(1000) });

/** Reads a `*.test.yaml`. Throws `bad_request`, naming file and field, where it is none. */
export async function readCaseFile(file: string): Promise<readonly WorkflowCase[]> {
  try {
    if ((await stat(file)).size > BYTES_MAX) throw new RangeError(`larger than ${BYTES_MAX} bytes`);
    // Aliases are bounded, so that a small file cannot grow.
    const parsed = caseFileSchema.safeParse(parse(await readFile(file, 'utf8'), { maxAliasCount: 100, merge: true }));
    if (parsed.success) return parsed.data.tests;
    const [first] = fieldErrors(parsed.error);
    throw new TypeError(`${first?.path}: ${first?.message}`);
  } catch (error) {
    throw new PortreeveError('bad_request', `${file}: ${(error as Error).message}`, {
      next: 'docs/guides/test-a-workflow.md has the form.',
      cause: error,
    });
  }
}
