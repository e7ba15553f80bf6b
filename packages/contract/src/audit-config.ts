import { z } from 'zod';
import { awsAuthSchema, awsRegionSchema } from './aws-config.ts';
import { nameSchema } from './ids.ts';

const url = z.url({ protocol: /^https?$/ });

/** A second place for checkpoints and tiles (C2SP tlog-tiles), best in other hands than the database. */
const anchorSchema = z.discriminatedUnion('store', [
  /** A folder that is there already: a mounted disk or share. */
  z.strictObject({ store: z.literal('folder'), name: nameSchema, folder: z.string().min(1) }),
  /** Amazon S3, or what speaks as it does. */
  z.strictObject({
    store: z.literal('s3'),
    name: nameSchema,
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name'),
    prefix: z
      .string()
      .regex(/^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/, 'such as portreeve/audit/')
      .default(''),
    region: awsRegionSchema,
    auth: awsAuthSchema,
    /** Another address than that of the region. */
    endpoint: url.optional(),
    sts_endpoint: url.optional(),
    /** Whether the address may be a loopback or private one. */
    private: z.boolean().default(false),
  }),
]);

/** Somebody who is shown every checkpoint and signs that the log only grew (C2SP tlog-witness). */
const witnessSchema = z.strictObject({
  name: nameSchema,
  /** Its submission prefix. */
  url,
  /** Its verifier keys, for cosignatures: Ed25519 or ML-DSA-44. */
  vkeys: z
    .array(z.string().regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/, 'name+key id+base64'))
    .min(1)
    .max(4),
  private: z.boolean().default(false),
});

/** What is done so that the record can be checked from outside. */
export const auditConfigSchema = z
  .strictObject({
    /** Seconds between two signed checkpoints, also when nothing happened. */
    checkpoint_every_s: z.int().min(1).max(3600).default(60),
    /** Whether checkpoint and tiles are served to whoever asks. They hold ids, digests and short words, and no payloads. */
    public_tiles: z.boolean().default(false),
    anchors: z.array(anchorSchema).max(8).default([]),
    witnesses: z.array(witnessSchema).max(32).default([]),
    /** How many witnesses a receipt should carry, where a checkpoint with so many covers its record. */
    quorum: z.int().min(0).max(32).default(0),
  })
  .superRefine(({ anchors, witnesses, quorum }, context) => {
    for (const [path, all] of [
      ['anchors', anchors],
      ['witnesses', witnesses],
    ] as const)
      if (new Set(all.map(({ name }) => name)).size < all.length)
        context.addIssue({ code: 'custom', path: [path], message: 'each has a name of its own' });
    if (quorum > witnesses.length)
      context.addIssue({ code: 'custom', path: ['quorum'], message: 'there are fewer witnesses' });
  });
export type AuditConfig = z.infer<typeof auditConfigSchema>;
