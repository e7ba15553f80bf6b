import { z } from 'zod';
import { awsPlace } from './aws-config.ts';
import { nameSchema } from './ids.ts';
import { clearanceSchema } from './labels.ts';
import {
  anthropicFederationSchema,
  entraFederationSchema,
  googleFederationSchema,
  jwtBearerSchema,
} from './model-federation.ts';
import { modelLimitsSchema, modelResilienceSchema } from './model-limits.ts';
import { pricesSchema } from './model-price.ts';

/** Where a model endpoint runs, farthest first. */
export const ENDPOINT_PLACES = ['public-cloud', 'own-tenancy', 'inside'] as const;

const httpUrl = z.url({ protocol: /^https?$/ });

/** What every endpoint has. */
const common = {
  /** What policy, records and outages call it. */
  name: nameSchema,
  /** The model for prompts that name none. */
  model: z.string().min(1).max(128),
  where: z.enum(ENDPOINT_PLACES),
  /** The most secret data that it may receive. Nothing above it is sent, whatever policy says. */
  clearance: clearanceSchema,
  /** The address may be a loopback or private one. Without a word: only where `base_url` is without TLS. */
  private: z.boolean().optional(),
  /** What its answers cost; without it they are recorded without a cost, and no budget of money is accepted. */
  prices: pricesSchema.optional(),
  /** Tokens that question and answer may have together; a longer question is not sent. */
  context_tokens: z.int().min(1000).max(10_000_000).optional(),
  /** Seconds for one attempt, the reading of the answer included. */
  timeout_s: z.int().min(1).max(3600).optional(),
  limits: modelLimitsSchema.optional(),
  resilience: modelResilienceSchema.optional(),
};

/** Of a model of Anthropic's, wherever it runs. */
const claude = {
  ...common,
  /** Another address than the vendor's. */
  base_url: httpUrl.optional(),
  /** For how long the vendor keeps the stable beginning of questions, which holds nothing of a request. */
  prompt_cache: z.enum(['off', '5m', '1h']).default('5m'),
};
/** The name of the secret that holds the endpoint's key. */
const secret = nameSchema.optional();

const anthropic = z.strictObject({
  kind: z.literal('anthropic'),
  ...{ ...claude, secret },
  federation: anthropicFederationSchema.optional(),
});
const bedrock = z.strictObject({
  kind: z.literal('bedrock'),
  ...{ ...claude, secret },
  region: awsPlace.region,
  /** A role by web identity, or a key whose secret half is a file. Without it `secret` holds a Bedrock API key. */
  auth: awsPlace.auth.optional(),
  sts_endpoint: httpUrl.optional(),
});
const vertex = z.strictObject({
  kind: z.literal('vertex'),
  ...claude,
  project: z.string().regex(/^[a-z][a-z0-9:.-]{4,62}$/, 'the id of a project'),
  /** Such as europe-west1, or global, us, eu. */
  region: z.string().regex(/^[a-z]+(-[a-z]+[0-9]+)?$/, 'such as europe-west1'),
  federation: googleFederationSchema,
});
const foundry = z.strictObject({
  kind: z.literal('foundry'),
  ...{ ...claude, secret },
  /** The name of the resource; `base_url` in its place for another address. */
  resource: z
    .string()
    .regex(/^[a-zA-Z0-9-]{2,64}$/, 'the name of a resource')
    .optional(),
  federation: entraFederationSchema.optional(),
});
const openai = z.strictObject({
  kind: z.literal('openai-compatible'),
  ...{ ...common, secret },
  /** Up to `/chat/completions`, such as http://models.internal:8000/v1. */
  base_url: httpUrl,
  federation: jwtBearerSchema.optional(),
  /** What the server calls the limit of output tokens. */
  limit_parameter: z.enum(['max_completion_tokens', 'max_tokens']).default('max_completion_tokens'),
});
/** Ordinary code in place of a model (design, section 9). Never in production. */
const simulated = z.strictObject({
  kind: z.literal('simulated'),
  ...common,
  model: common.model.default('portreeve-simulated-1'),
  /** `worst-case` obeys every instruction that it reads. */
  behaviour: z.enum(['extractive', 'worst-case']).default('extractive'),
});

const KINDS = [anthropic, bedrock, vertex, foundry, openai, simulated] as const;

/** An endpoint as far as it belongs to a release: where it is reached, and with what, differs by environment. */
export const modelRouteSchema = z.strictObject({
  name: common.name,
  kind: z.enum(KINDS.map(({ shape }) => shape.kind.value)),
  model: common.model,
  where: common.where,
  clearance: common.clearance,
});

/** One model endpoint of a project (requirements D10, E1, E2). */
export const modelEndpointSchema = z.discriminatedUnion('kind', KINDS).superRefine((endpoint, context) => {
  for (const message of credentialFaults(endpoint)) context.addIssue({ code: 'custom', message });
});
export type ModelEndpoint = z.infer<typeof modelEndpointSchema>;

function credentialFaults(endpoint: z.infer<typeof anthropic> | { kind: string }): string[] {
  const { kind, secret, federation, auth, resource, base_url } = endpoint as Record<string, unknown>;
  const ways = [secret, federation, auth].filter((way) => way !== undefined).length;
  const faults: string[] = [];
  if (ways > 1) faults.push('has more than one credential: give one of `secret`, `federation` and `auth`');
  if (ways === 0 && kind !== 'simulated' && kind !== 'openai-compatible')
    faults.push(`has no credential: give \`secret\`, or \`${kind === 'bedrock' ? 'auth' : 'federation'}\``);
  if (kind === 'foundry' && (resource === undefined) === (base_url === undefined))
    faults.push('give either `resource` or `base_url`');
  return faults;
}

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
      prompt_cache: '5m',
    },
  ]);
