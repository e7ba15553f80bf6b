import { z } from 'zod';
import { nameSchema } from './ids.ts';
import { clearanceSchema } from './labels.ts';

export const ENVIRONMENTS = ['development', 'test', 'staging', 'production'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** What a system may speak: HTTP, PostgreSQL, or SMTP. */
const SYSTEM_PROTOCOLS = /^(https?|postgres|smtps?)$/;

/** What `portreeve.config.ts` exports by default. Paths are relative to that file. */
export const projectConfigSchema = z.strictObject({
  environment: z.enum(ENVIRONMENTS).default('development'),
  /** The log's name: the first line of its checkpoints (C2SP tlog-checkpoint, schema-less URL). Never changed later. */
  log_origin: z
    .string()
    .regex(/^[a-z0-9][a-z0-9./_-]{0,199}$/, 'use a schema-less URL such as acme.example/portreeve/audit')
    .default('portreeve.local/audit'),
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
   * folder for it, `{issuer}` and `{jwks}` are what verifies grants, `{secret:NAME}` is the file of a secret.
   */
  companions: z.array(z.strictObject({ system: nameSchema, command: z.array(z.string()).min(1) })).default([]),
  model: z
    .strictObject({
      /** The model for prompts that name none. */
      name: z.string().min(1).max(128).default('claude-sonnet-5-5'),
      /** Another address than the vendor's. */
      base_url: z.url({ protocol: /^https?$/ }).optional(),
      /** The address may be a loopback or private one. Without a word: only where `base_url` is without TLS. */
      private: z.boolean().optional(),
      /** The most secret data that the endpoint may receive. */
      clearance: clearanceSchema.default({ confidentiality: 'confidential', categories: ['personal', 'customer'] }),
    })
    .default({
      name: 'claude-sonnet-5-5',
      clearance: { confidentiality: 'confidential', categories: ['personal', 'customer'] },
    }),
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
