import { z } from 'zod';
import { ENVIRONMENTS } from './environment-name.ts';
import { identityConfigSchema, unfitForProduction } from './identity-config.ts';
import { nameSchema } from './ids.ts';
import { modelEndpointsSchema } from './model-endpoint.ts';

/** What `portreeve.config.ts` exports by default. Paths are relative to that file. */
export const projectConfigSchema = z
  .strictObject({
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
      .record(nameSchema, z.strictObject({ url: z.url({ protocol: /^https?$/ }), private: z.boolean().default(false) }))
      .default({}),
    /**
     * Processes that `portreeve up` starts beside itself, for trying things out; refused in production. Each prints
     * `{"listening": "<url>"}` as its first line and then serves as the system of that name. In its command `{state}` is a
     * folder for it, `{issuer}` and `{jwks}` are what verifies grants, `{secret:NAME}` is the file of a secret.
     */
    companions: z.array(z.strictObject({ system: nameSchema, command: z.array(z.string()).min(1) })).default([]),
    /** The model endpoints, in the order in which they are tried for each question. */
    models: modelEndpointsSchema,
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
    /** Who may ask: identity providers, workloads, tokens. */
    identity: identityConfigSchema.prefault({}),
  })
  .superRefine(({ environment, identity }, context) => {
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
