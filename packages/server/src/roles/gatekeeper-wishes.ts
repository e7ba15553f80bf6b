import {
  digestSchema,
  idSchema,
  jsonObjectSchema,
  jsonSchema,
  type Principal,
  principalSchema,
} from '@portreeve/contract';
import { z } from 'zod';

const reason = z.string().max(4000);
const by = principalSchema;

/**
 * What an api in another process asks of a gatekeeper. Who asks is the api's word, as it is the api that lets people in;
 * what a tool is, by which rules it is judged, what stands in a proposal and who its owners are the gatekeeper looks up.
 */
export const gatekeeperWish = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hello') }),
  z.strictObject({ kind: z.literal('sign_head'), origin: z.string().max(256) }),
  z.strictObject({ kind: z.literal('outward') }),
  z.strictObject({ kind: z.literal('frozen'), proposal: idSchema('proposal') }),
  z.strictObject({ kind: z.literal('amend'), approval: idSchema('approval'), args: jsonObjectSchema, reason, by }),
  z.strictObject({ kind: z.literal('undo'), execution: idSchema('execution'), reason, by }),
  z.strictObject({ kind: z.literal('unwind'), run: idSchema('run'), reason, by }),
  z.strictObject({ kind: z.literal('promote'), release: digestSchema, reason, by }),
  z.strictObject({
    kind: z.literal('roll_back'),
    ...{ workflow: z.string().max(128), to: digestSchema.nullable(), reason, by },
  }),
  z.strictObject({ kind: z.literal('approve_change'), change: z.string().max(128), reason, by }),
  z.strictObject({
    kind: z.literal('learn'),
    handoff: idSchema('handoff'),
    came: z.enum(['happened', 'did_not_happen']),
    result: jsonSchema.optional(),
    note: z.string().max(4000),
    by,
  }),
  z.strictObject({
    kind: z.literal('ask'),
    tool: z.string().max(256),
    args: jsonObjectSchema,
    rationale: z.string().max(4000),
    idempotency_key: z.string().max(200).optional(),
    by,
  }),
  z.strictObject({
    kind: z.literal('follow'),
    proposal: idSchema('proposal'),
    /** Tools that the credential may use. */
    tools: z.array(z.string().max(256)).max(4096),
    carry: z.boolean(),
    by,
  }),
  z.strictObject({ kind: z.literal('declare'), task: z.string().max(65_536), intent: jsonSchema, by }),
  z.strictObject({ kind: z.literal('session'), by }),
  z.strictObject({ kind: z.literal('end_session'), by }),
]);
export type GatekeeperWish = z.infer<typeof gatekeeperWish>;

export const whoOf = (wish: GatekeeperWish): Principal | null => ('by' in wish ? wish.by : null);

/** What an api must know of the gatekeepers before it can serve anybody. A newer one may say more. */
export const helloSchema = z.object({
  environment: z.string(),
  /** `redactionMark`: the key by which words and names are found is the same one. */
  redaction: z.string(),
  logs: z.array(z.object({ origin: z.string(), vkey: z.string(), cosigner_vkey: z.string().nullable() })),
});
export type Hello = z.infer<typeof helloSchema>;

/** How what lies outside is, which the gatekeeper reaches: anchors and witnesses, and receivers of the record. */
export const outwardSchema = z.strictObject({
  places: z.array(z.looseObject({ log: z.string(), since: z.iso.datetime() })),
  streams: z.array(z.looseObject({ name: z.string() })),
});

/** An error that came over. */
export const refusedSchema = z.strictObject({
  error: z.strictObject({
    ...{ code: z.string(), detail: z.string(), next: z.string() },
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })),
  }),
});
