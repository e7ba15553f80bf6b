import { z } from 'zod';
import { awsPlace } from './aws-config.ts';
import { nameSchema } from './ids.ts';

const url = z.url({ protocol: /^https?$/ });

const bucketPlace = {
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name'),
  prefix: z
    .string()
    .regex(/^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/, 'such as portreeve/audit/')
    .default(''),
  ...awsPlace,
};

/** A second place for checkpoints and tiles (C2SP tlog-tiles), best in other hands than the database. */
const anchorSchema = z.discriminatedUnion('store', [
  /** A folder that is there already: a mounted disk or share. */
  z.strictObject({ store: z.literal('folder'), name: nameSchema, folder: z.string().min(1) }),
  /** Amazon S3, or what speaks as it does. */
  z.strictObject({ store: z.literal('s3'), name: nameSchema, ...bucketPlace }),
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

/** A receiver of every record, in the order of the log. */
const streamSchema = z.strictObject({
  name: nameSchema,
  format: z.enum(['jsonl', 'ocsf', 'otlp', 'cloudevents']).default('jsonl'),
  to: z.discriminatedUnion('kind', [
    /** One POST a batch to a path of a declared system. */
    z.strictObject({
      kind: z.literal('http'),
      system: nameSchema,
      path: z
        .string()
        .regex(/^\/[!-~]{0,400}$/, 'a path that begins with /')
        .default('/'),
      /** The name of a secret: a bearer token. */
      token: nameSchema.optional(),
    }),
    /** RFC 5425, to a system with an address `syslogs://HOST:PORT`. */
    z.strictObject({ kind: z.literal('syslog'), system: nameSchema }),
    z.strictObject({ kind: z.literal('file'), path: z.string().min(1).max(1000) }),
    /** One object a batch, in a bucket of Amazon S3 or of what speaks as it does. */
    z.strictObject({ kind: z.literal('s3'), ...bucketPlace }),
  ]),
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
    /** Days after which whole parts of the log are detached (they stay in the database, for an archive). */
    online_days: z.int().min(1).max(36_500).optional(),
    /**
     * Groups whose members read only records of these workflows, and none that belongs to no workflow (requirement G7).
     * Who is in several reads the workflows of all; who is in none of them is not narrowed.
     */
    scopes: z.record(z.string().min(1).max(128), z.array(nameSchema)).default({}),
    /**
     * Whether a second person must allow that a personal value behind a mark of the record is shown (requirement G5).
     * Secrets are never shown.
     */
    reveal: z.strictObject({ second_person: z.boolean().default(true) }).prefault({}),
    streams: z.array(streamSchema).max(16).default([]),
  })
  .superRefine(({ anchors, witnesses, quorum, streams }, context) => {
    for (const [path, all] of [
      ['anchors', anchors],
      ['witnesses', witnesses],
      ['streams', streams],
    ] as const)
      if (new Set(all.map(({ name }) => name)).size < all.length)
        context.addIssue({ code: 'custom', path: [path], message: 'each has a name of its own' });
    if (quorum > witnesses.length)
      context.addIssue({ code: 'custom', path: ['quorum'], message: 'there are fewer witnesses' });
  });
export type AuditConfig = z.infer<typeof auditConfigSchema>;
