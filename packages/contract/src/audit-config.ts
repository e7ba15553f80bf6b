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

/** The name of the log that takes what no other one does; its origin is `log_origin` of the project. */
export const MAIN_LOG = 'main';
/** A log's name for the world: the first line of its checkpoints (C2SP tlog-checkpoint, schema-less URL). */
export const logOriginSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9./_-]{0,199}$/, 'use a schema-less URL such as acme.example/portreeve/audit');
/** Logs besides the main one: each holds a session of the database in every process that could lead it. */
const LOGS_MAX = 15;

/** A log of its own for what is recorded of some workflows. */
const logSchema = z.strictObject({
  /** Never changed later, as the workflows that have records are not. */
  origin: logOriginSchema,
  workflows: z.array(nameSchema).min(1).max(256),
});

/** What is done so that the record can be checked from outside. */
export const auditConfigSchema = z
  .strictObject({
    /**
     * Logs besides the main one, by name: for a tenant, a department, a workflow. What is recorded of a workflow goes into
     * its log, and everything else into the main one. Each has its own order, checkpoints, tiles and proofs.
     */
    logs: z
      .record(nameSchema, logSchema)
      .refine((logs) => Object.keys(logs).length <= LOGS_MAX, `at most ${LOGS_MAX} besides the main one`)
      .default({}),
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
  .superRefine(({ logs, anchors, witnesses, quorum, streams }, context) => {
    for (const [name, message] of faultsOfLogs(logs))
      context.addIssue({ code: 'custom', path: ['logs', name], message });
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

/** What is wrong with a log besides its form, by its name. */
function* faultsOfLogs(logs: Readonly<Record<string, z.infer<typeof logSchema>>>): Generator<[string, string]> {
  const origins = new Set<string>();
  const workflows = new Set<string>();
  for (const [name, { origin, workflows: own }] of Object.entries(logs)) {
    if (name === MAIN_LOG) yield [name, 'this is the name of the log that takes what no other one does'];
    if (origins.has(origin)) yield [name, `another log has the origin ${origin}`];
    origins.add(origin);
    for (const workflow of own) {
      if (workflows.has(workflow)) yield [name, `the workflow ${workflow} has a log already`];
      workflows.add(workflow);
    }
  }
}
