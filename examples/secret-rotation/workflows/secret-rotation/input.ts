import { z } from 'zod';

export const serviceName = z.string().regex(/^[a-z][a-z-]{1,31}$/, 'use a service such as payments-db');

export const input = z.strictObject({
  service: serviceName,
  /** A secret that is younger is left alone. */
  older_than_days: z.int().min(0).max(3650),
  /** How long the secret before stays good, and so how long one can go back. */
  overlap_minutes: z.int().min(5).max(1440),
});
