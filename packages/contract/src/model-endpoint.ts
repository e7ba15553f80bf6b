import { z } from 'zod';
import { nameSchema } from './ids.ts';
import { clearanceSchema } from './labels.ts';
import { modelLimitsSchema, modelResilienceSchema } from './model-limits.ts';
import { pricesSchema } from './model-price.ts';

/** Where a model endpoint runs, farthest first. */
export const ENDPOINT_PLACES = ['public-cloud', 'own-tenancy', 'inside'] as const;

/** One model endpoint of a project (requirement D10). */
export const modelEndpointSchema = z.strictObject({
  /** What policy, records and outages call it. */
  name: nameSchema,
  kind: z.enum(['anthropic']),
  /** The model for prompts that name none. */
  model: z.string().min(1).max(128),
  /** Another address than the vendor's. */
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  /** The address may be a loopback or private one. Without a word: only where `base_url` is without TLS. */
  private: z.boolean().optional(),
  /** The secret that holds its key. */
  secret: nameSchema,
  where: z.enum(ENDPOINT_PLACES),
  /** The most secret data that it may receive. Nothing above it is sent, whatever policy says. */
  clearance: clearanceSchema,
  /** What its answers cost. Without prices only budgets of tokens hold it back. */
  prices: pricesSchema.optional(),
  limits: modelLimitsSchema.optional(),
  resilience: modelResilienceSchema.optional(),
});
export type ModelEndpoint = z.infer<typeof modelEndpointSchema>;

/** Tried in this order. */
export const modelEndpointsSchema = z
  .array(modelEndpointSchema)
  .min(1)
  .max(16)
  .refine((endpoints) => new Set(endpoints.map(({ name }) => name)).size === endpoints.length, {
    message: 'two endpoints have the same name',
  })
  .default([
    {
      name: 'anthropic',
      kind: 'anthropic',
      model: 'claude-sonnet-5-5',
      secret: 'anthropic-api-key',
      where: 'public-cloud',
      clearance: { confidentiality: 'confidential', categories: ['personal', 'customer'] },
    },
  ]);
