import { z } from 'zod';
import { auditConfigSchema, logOriginSchema } from './audit-config.ts';
import { awsPlace } from './aws-config.ts';
import { backupConfigSchema } from './backup-config.ts';
import { unpricedBudgets } from './budgets-priced.ts';
import { ENVIRONMENTS } from './environment-name.ts';
import { GRANT_TTL_MAX_S } from './grant.ts';
import { identityConfigSchema, unfitForProduction } from './identity-config.ts';
import { nameSchema } from './ids.ts';
import { mcpConfigSchema } from './mcp-config.ts';
import { modelEndpointsSchema } from './model-endpoint.ts';
import { budgetsSchema } from './model-limits.ts';
import { notificationsConfigSchema } from './notifications-config.ts';
import { oversightConfigSchema } from './oversight-config.ts';
import { EXPIRING_PURPOSES } from './record-classes.ts';
import { releasesConfigSchema } from './releases-config.ts';
import { rootKeysConfigSchema } from './root-keys-config.ts';
import { telemetryConfigSchema } from './telemetry-config.ts';
import { vaultPathSchema, vaultPlace } from './vault-config.ts';

const prefix = z
  .string()
  .regex(/^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/, 'such as portreeve/production/')
  .default('');
/** Not less than a month: keys are made by the month, and a run may wait for weeks. */
const retentionDays = z.int().min(31).max(36_500);

/**
 * Where secrets are kept. Files that it names hold what proves who we are; they are relative to the project's folder and
 * written by the platform. There is no place here for a secret itself.
 */
export const secretsConfigSchema = z.discriminatedUnion('store', [
  /** Encrypted files in the state folder (`portreeve secrets`). */
  z.strictObject({
    store: z.literal('keystore'),
    /** The file of the root identity, where it must lie elsewhere than in the state folder. */
    identity_file: z.string().min(1).optional(),
  }),
  /** A folder that Kubernetes, Docker or systemd mounts. */
  z.strictObject({ store: z.literal('files'), folder: z.string().min(1) }),
  /** HashiCorp Vault or OpenBao. */
  z.strictObject({
    store: z.literal('vault'),
    ...vaultPlace,
    kv_mount: vaultPathSchema.default('secret'),
    prefix,
    /** Names whose credential is minted for each use, and the path that mints it. */
    dynamic: z.record(nameSchema, vaultPathSchema).default({}),
  }),
  z.strictObject({ store: z.literal('aws'), ...awsPlace, prefix }),
]);
export type SecretsConfig = z.infer<typeof secretsConfigSchema>;

/** 32 bytes as base64url: a public key of Ed25519, or a thumbprint by SHA-256. */
const ed25519Text = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'use 32 bytes as base64url, 43 characters');

/** What a system may speak: HTTP, PostgreSQL, SMTP, or syslog over TLS. */
const SYSTEM_PROTOCOLS = /^(https?|postgres|smtps?|syslogs)$/;

/** What `portreeve.config.ts` exports by default. Paths are relative to that file. */
export const projectConfigSchema = z
  .strictObject({
    environment: z.enum(ENVIRONMENTS).default('development'),
    /** The origin of the main log; see `audit.logs` for further ones. Never changed later. */
    log_origin: logOriginSchema.default('portreeve.local/audit'),
    /** Folders with a `workflow.ts` each. */
    workflows: z.array(z.string().min(1)).min(1),
    /**
     * Where the systems are that contracts name as `system://NAME/…`. Contracts and releases stay the same in every
     * environment; only this differs. `private`: the address may be a loopback or private one.
     */
    systems: z
      .record(
        nameSchema,
        z.strictObject({ url: z.url({ protocol: SYSTEM_PROTOCOLS }), private: z.boolean().default(false) }),
      )
      .default({}),
    /** How connections leave; what may be reached stands under `systems`. */
    egress: z
      .strictObject({
        /** An HTTP proxy for all that is not private. */
        proxy: z
          .strictObject({
            url: z.url({ protocol: /^http$/ }),
            /** `here`: it is told the address that was checked. `proxy`: it is told the name, and answers for it. */
            resolve: z.enum(['here', 'proxy']).default('here'),
            /** The name of a secret `{"username": …, "password": …}`. */
            credential: nameSchema.optional(),
          })
          .optional(),
      })
      .default({}),
    /**
     * Processes that `portreeve up` starts beside itself, for trying things out; refused in production. Each prints
     * `{"listening": "<url>"}` as its first line and then serves as the system of that name. In its command `{state}` is a
     * folder for it, `{issuer}` and `{jwks}` are what verifies grants, `{secret:NAME}` is the file of a secret, and
     * `{login:NAME}` of one that is `{"username": …, "password": …}`; a secret that is not there is made.
     */
    companions: z.array(z.strictObject({ system: nameSchema, command: z.array(z.string()).min(1) })).default([]),
    secrets: secretsConfigSchema.default({ store: 'keystore' }),
    /** Seconds that a grant lives: minutes at the most, and less where the tools are quick (requirement F6). */
    grants: z.strictObject({ ttl_s: z.int().min(1).max(GRANT_TTL_MAX_S).default(120) }).default({ ttl_s: 120 }),
    /** Who keeps the root key under the record. Every process that adds to the record asks it. */
    root_keys: rootKeysConfigSchema.prefault({}),
    /** Which release of a workflow new runs take, and whose signatures on releases count; see {@link releasesConfigSchema}. */
    releases: releasesConfigSchema.prefault({}),
    /**
     * Days that data about people lives, by what it is (requirement G6); without a number it is kept. Whole months are
     * erased, by their keys; the record says so and stays provable.
     */
    retention: z
      .strictObject(
        Object.fromEntries(EXPIRING_PURPOSES.map((name) => [name, retentionDays.optional()])) as {
          [P in (typeof EXPIRING_PURPOSES)[number]]: z.ZodOptional<typeof retentionDays>;
        },
      )
      .default({}),
    /** How the oversight by people is measured, and what looks like stamping; see {@link oversightConfigSchema}. */
    oversight: oversightConfigSchema.prefault({}),
    /** Where `portreeve backup` puts what; see {@link backupConfigSchema}. */
    backup: backupConfigSchema.prefault({}),
    /**
     * Executors that run apart (`portreeve serve --role=executor`), by name. Each is known by the thumbprint of its own key
     * (RFC 7638; `portreeve keys executor` prints it): grants are bound to it, so nothing else can use them.
     */
    executors: z.record(nameSchema, z.strictObject({ jkt: ed25519Text })).default({}),
    /**
     * The public keys of the gatekeeper whose grants an executor apart accepts: the `x` of an Ed25519 JWK (RFC 8037;
     * `portreeve keys grant` prints it).
     */
    grant_keys: z.array(ed25519Text).max(8).default([]),
    /** The model endpoints, in the order in which they are tried for each question. */
    models: modelEndpointsSchema,
    budgets: budgetsSchema,
    /**
     * Runs that may be under way at a time; further tasks are refused, and told when to come again. `runs_at_once`: how many of
     * them one process carries at a time, those not counted that wait for people; the others wait in the queue.
     */
    admission: z
      .strictObject({
        runs_active_max: z.int().min(1).max(1_000_000).default(5000),
        runs_at_once: z.int().min(1).max(10_000).default(100),
      })
      .prefault({}),
    /** Helpers of detection, each a system of `systems` reached over HTTP. Without them our own rules look alone. */
    detection: z
      .strictObject({
        /** A Presidio analyzer: finds personal data besides ours. */
        presidio: z
          .strictObject({
            system: nameSchema,
            /** ISO 639-1, as the analyzer is set up. */
            language: z
              .string()
              .regex(/^[a-z]{2}$/)
              .default('en'),
            /** Finds below this are left out, in per cent. */
            score_min_percent: z.int().min(0).max(100).default(50),
            timeout_ms: z.int().min(1).max(60_000).default(5000),
          })
          .optional(),
        /** A classifier of injections: POST `{"text"}` to `/`, answered by `{"score": 0…1}`. */
        classifier: z
          .strictObject({ system: nameSchema, timeout_ms: z.int().min(1).max(60_000).default(2000) })
          .optional(),
      })
      .default({}),
    /** The record: how it can be checked from outside, who reads what of it, and where it goes besides. */
    audit: auditConfigSchema.prefault({}),
    /** Who may ask: identity providers, workloads, tokens. */
    identity: identityConfigSchema.prefault({}),
    /** What agents outside may use through the gateway (`/mcp`, `POST /v1/proposals`). */
    mcp: mcpConfigSchema.prefault({}),
    /** Chat and e-mail that tell people when somebody is needed. */
    notifications: notificationsConfigSchema.prefault({}),
    /** Where the figures of the dashboard go by themselves. */
    telemetry: telemetryConfigSchema.prefault({}),
  })
  .superRefine(({ environment, identity, models, budgets, log_origin, audit }, context) => {
    for (const [name, { origin }] of Object.entries(audit.logs))
      if (origin === log_origin)
        context.addIssue({
          code: 'custom',
          path: ['audit', 'logs', name],
          message: 'this is the origin of the main log',
        });
    const currencies = new Set(models.flatMap(({ prices }) => (prices ? [prices.currency] : [])));
    if (currencies.size > 1)
      context.addIssue({ code: 'custom', path: ['models'], message: 'all prices must be in one currency' });
    for (const { path, message } of unpricedBudgets(models, budgets))
      context.addIssue({ code: 'custom', path: ['budgets', ...path], message });
    if (environment !== 'production') return;
    for (const { path, message } of unfitForProduction(identity))
      context.addIssue({ code: 'custom', path: ['identity', ...path], message });
  });
export type ProjectConfig = z.infer<typeof projectConfigSchema>;
export type ProjectConfigInput = z.input<typeof projectConfigSchema>;

/** Puts the address of a system into a contract's `system://NAME/path`. Other addresses come back as they are. */
export function resolveSystemUrl(url: string, systems: ProjectConfig['systems']): string | null {
  const match = /^system:\/\/([a-z][a-z0-9_-]*)(\/.*)$/.exec(url);
  if (!match) return url;
  const name = match[1] as string;
  const system = Object.hasOwn(systems, name) ? systems[name] : undefined;
  return system ? system.url.replace(/\/+$/, '') + (match[2] as string) : null;
}
