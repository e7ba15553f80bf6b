import { actorOf, idSchema, principalSchema } from '@portreeve/contract';
import { newAccountSchema } from '@portreeve/identity';
import { z } from 'zod';
import { route } from '../route.ts';
import { listLimit } from './schemas.ts';

export const systemRoutes = [
  route({
    method: 'GET',
    url: '/v1/system',
    operation: 'system.read',
    summary: 'What runs here: version, environment, policy, model, workflows, log',
    records: 'read',
    answers: {
      200: z.object({
        version: z.string(),
        environment: z.string(),
        policy_version: z.string(),
        model: z.string(),
        endpoint: z.string(),
        simulated: z.boolean(),
        workflows: z.array(z.object({ name: z.string(), release: z.string(), tier: z.string() })),
        log: z.object({ origin: z.string(), vkey: z.string(), size: z.number() }),
      }),
    },
    handler: async ({ services }) => ({
      ...services.info,
      policy_version: services.policy.version,
      workflows: services.workflows.map(({ definition, release }) => ({
        name: definition.contract.name,
        release,
        tier: definition.contract.tier,
      })),
      log: { origin: services.audit.origin, vkey: services.audit.vkey, size: await services.audit.size() },
    }),
  }),
  route({
    method: 'GET',
    url: '/v1/accounts',
    operation: 'accounts.list',
    summary: 'Accounts',
    records: 'read',
    query: z.strictObject({ limit: listLimit, after: idSchema('principal').optional() }),
    answers: { 200: z.object({ accounts: z.array(principalSchema) }) },
    handler: async ({ services, query }) => ({
      accounts: await services.identity.accounts({ limit: query.limit, after: query.after ?? null }),
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/accounts',
    operation: 'accounts.create',
    summary: 'Make a local account. A person’s signing key is made, and wrapped, on the person’s side',
    records: ['identity.account_created'],
    body: newAccountSchema,
    answers: { 201: principalSchema },
    handler: ({ services, who, body }) => services.identity.createAccount(body, actorOf(who.principal)),
  }),
];
