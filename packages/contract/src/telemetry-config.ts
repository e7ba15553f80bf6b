import { z } from 'zod';
import { nameSchema } from './ids.ts';

/** Where figures go by themselves; `GET /metrics` shows the same to whoever scrapes it. */
export const telemetryConfigSchema = z.strictObject({
  /** Metrics by OTLP over HTTP, in JSON (OTLP 1.x), to a path of a declared system. */
  metrics: z
    .strictObject({
      system: nameSchema,
      path: z
        .string()
        .regex(/^\/[!-~]{0,400}$/, 'a path that begins with /')
        .default('/v1/metrics'),
      /** The name of a secret: a bearer token. */
      token: nameSchema.optional(),
      every_s: z.int().min(1).max(3600).default(60),
    })
    .optional(),
});
export type TelemetryConfig = z.infer<typeof telemetryConfigSchema>;
