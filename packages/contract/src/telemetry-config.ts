import { z } from 'zod';
import { nameSchema } from './ids.ts';

/** Where one signal goes by OTLP over HTTP, in JSON (OTLP 1.x): a path of a declared system. */
const receiver = (path: string) => ({
  system: nameSchema,
  path: z
    .string()
    .regex(/^\/[!-~]{0,400}$/, 'a path that begins with /')
    .default(path),
  /** The name of a secret: a bearer token. */
  token: nameSchema.optional(),
});

/** Where figures and traces go by themselves; `GET /metrics` shows the figures to whoever scrapes them, too. */
export const telemetryConfigSchema = z.strictObject({
  metrics: z.strictObject({ ...receiver('/v1/metrics'), every_s: z.int().min(1).max(3600).default(60) }).optional(),
  traces: z
    .strictObject({
      ...receiver('/v1/traces'),
      every_s: z.int().min(1).max(60).default(5),
      /** Traces that are kept, in thousandths: the same ones in every process. */
      per_mille: z.int().min(0).max(1000).default(1000),
    })
    .optional(),
});
export type TelemetryConfig = z.infer<typeof telemetryConfigSchema>;
