import {
  actorOf,
  clearanceSchema,
  ENDPOINT_PLACES,
  idSchema,
  orderNames,
  orderOf,
  PRINCIPAL_KINDS,
  principalSchema,
} from '@portreeve/contract';
import { newAccountSchema } from '@portreeve/identity';
import { z } from 'zod';
import { CHECKS, type CheckName } from '../../doctor/finding.ts';
import { diagnoseHouse } from '../../doctor/in-house.ts';
import { route } from '../route.ts';
import { logsShown } from '../views/logs.ts';
import { listLimit, logAnswer, nextOf, streamAnswer } from './schemas.ts';

const senderAnswer = z
  .object({ system: z.string(), sent_at: z.string().nullable(), problem: z.string().nullable() })
  .nullable();

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
        database_roles: z.boolean().describe('Whether the database gives each role its own rights'),
        executor: z.enum(['here', 'apart']).describe('Whether tools are called from this process'),
        policy_version: z.string(),
        endpoints: z
          .array(
            z.object({
              name: z.string(),
              model: z.string(),
              where: z.enum(ENDPOINT_PLACES),
              clearance: clearanceSchema,
              simulated: z.boolean(),
            }),
          )
          .describe('Model endpoints, in the order in which they are tried'),
        workflows: z.array(z.object({ name: z.string(), release: z.string(), tier: z.string() })),
        logs: z.array(logAnswer).describe('The main one first'),
        places: z
          .array(
            z.object({
              log: z.string().describe('The name of the log that it sees'),
              kind: z.enum(['anchor', 'witness']),
              name: z.string(),
              state: z.enum(['unseen', 'working', 'failing', 'ahead']),
              size: z.number().nullable(),
              detail: z.string().nullable(),
              since: z.string(),
            }),
          )
          .describe('Anchors and witnesses, and how each is'),
        streams: z.array(streamAnswer).describe('Receivers of the record, and how far each is'),
        channels: z
          .array(
            z.object({
              name: z.string(),
              kind: z.enum(['slack', 'teams', 'email']),
              waiting: z.number().describe('Messages that were to be sent by now'),
              sent_at: z.string().nullable(),
              problem: z.string().nullable().describe('Why the newest message since then was not taken'),
              failed: z.number().describe('Messages given up within a day'),
            }),
          )
          .describe('Channels of notifications, and how each is'),
        metrics: senderAnswer.describe('The push of metrics by OTLP, and how it is'),
        traces: senderAnswer.describe('The same of traces'),
      }),
    },
    handler: async ({ services }) => ({
      ...services.info,
      endpoints: [...services.info.endpoints],
      channels: await services.notifier.states(),
      metrics: services.metricsPush(),
      traces: services.tracePush(),
      policy_version: services.policy.version,
      workflows: services.workflows.map(({ definition, release }) => ({
        name: definition.contract.name,
        release,
        tier: definition.contract.tier,
      })),
      logs: await logsShown(services),
      places: (await services.places()).map((place) => ({ ...place, since: place.since.toISOString() })),
      streams: await services.streams(),
    }),
  }),
  route({
    method: 'GET',
    url: '/v1/doctor',
    operation: 'system.diagnose',
    summary: 'What is wrong here, and what mends it: database, log, systems, certificates, reviews, work that waits',
    records: 'read',
    per_minute: 30,
    answers: {
      200: z.object({
        findings: z.array(
          z.object({
            check: z.enum(Object.keys(CHECKS) as [CheckName, ...CheckName[]]),
            ok: z.boolean(),
            detail: z.string(),
            fix: z.string().nullable(),
          }),
        ),
      }),
    },
    handler: async ({ services }) => ({ findings: await diagnoseHouse(services) }),
  }),
  route({
    method: 'GET',
    url: '/v1/accounts',
    operation: 'accounts.list',
    summary: 'Accounts by id or by name, page by page; of one kind alone where one is named',
    records: 'read',
    query: z.strictObject({
      sort: z.enum(orderNames(['id', 'name'])).default('id'),
      limit: listLimit,
      after: idSchema('principal').optional().describe('Continue behind this one, in that order'),
      kind: z.enum(PRINCIPAL_KINDS).optional(),
    }),
    answers: { 200: z.object({ accounts: z.array(principalSchema), next: z.string().nullable() }) },
    handler: async ({ services, query }) => {
      const page = await services.identity.accounts({
        ...{ limit: query.limit, after: query.after ?? null },
        order: orderOf(query.sort, { id: 'id', name: 'name' }),
      });
      return {
        accounts: page.filter(({ kind }) => query.kind === undefined || kind === query.kind),
        next: nextOf(page, query.limit),
      };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/accounts',
    fresh_proof: true,
    operation: 'accounts.create',
    summary:
      'Make a service account, or a local one of a person. A person’s signing key is made, and wrapped, on the person’s side',
    records: ['identity.account_created'],
    body: newAccountSchema,
    answers: { 201: principalSchema },
    handler: ({ services, who, body }) => services.identity.createAccount(body, actorOf(who.principal)),
  }),
];
