import { FREEZE_STAGES } from '@portreeve/gate';
import { z } from 'zod';
import type { Call } from '../route.ts';
import { route } from '../route.ts';

const reason = z.string().trim().min(1).max(2000);
const target = z.string().min(1).max(200);
const time = z.string().nullable();
const change = z.object({
  ...{ subject: z.string(), state: z.string(), reason: z.string(), by: z.string(), at: z.string() },
  from: time,
  until: time,
});
const state = z.object({
  name: z.string(),
  freezes: z.array(z.string()),
  incident: z.boolean(),
  maintenance: z.array(z.string()),
  outages: z.array(z.string()),
  holds: z.array(change),
});

async function stateOf({ environment }: Call<unknown, unknown, unknown>['services']) {
  return {
    ...environment.facts(),
    holds: [...environment.current()],
  };
}

export const environmentRoutes = [
  route({
    method: 'GET',
    url: '/v1/environment',
    operation: 'environment.read',
    summary: 'What holds now: freezes and incidents, and the newest changes',
    records: 'read',
    query: z.strictObject({ history: z.coerce.number().int().min(0).max(500).default(20) }),
    answers: { 200: state.extend({ history: z.array(change) }) },
    handler: async ({ services, query }) => ({
      ...(await stateOf(services)),
      history: query.history === 0 ? [] : await services.environment.history(query.history),
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/environment/freezes',
    fresh_proof: true,
    // Counted apart: what else comes from an address, such as that of a proxy, does not keep a person from stopping it.
    per_minute: 120,
    operation: 'environment.freeze',
    summary: 'Stop a tool, a workflow, an identity or everything: new calls, grants not used yet, and approvals',
    records: ['environment.changed'],
    body: z.strictObject({ target, reason }),
    answers: { 201: state },
    handler: async ({ services, who, body }) => {
      await services.environment.freeze(body.target, body.reason, who.principal);
      return stateOf(services);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/environment/thaws',
    fresh_proof: true,
    operation: 'environment.thaw',
    summary:
      'Let through more of what is frozen: reads (`effects` stay stopped), low tiers (`high-tiers` stay stopped), all (`lifted`)',
    records: ['environment.changed'],
    body: z.strictObject({ target, stage: z.enum(FREEZE_STAGES), reason }),
    answers: { 201: state },
    handler: async ({ services, who, body }) => {
      await services.environment.thaw(body.target, body.stage, body.reason, who.principal);
      return stateOf(services);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/environment/maintenance',
    fresh_proof: true,
    operation: 'environment.freeze',
    summary:
      'Plan a maintenance window, or move the one that the target has: nothing is changed there while it is open',
    records: ['environment.changed'],
    body: z.strictObject({ target, from: z.iso.datetime().optional(), until: z.iso.datetime(), reason }),
    answers: { 201: state },
    handler: async ({ services, who, body }) => {
      const window = { from: body.from ? new Date(body.from) : services.clock.now(), until: new Date(body.until) };
      await services.environment.maintain(body.target, window, body.reason, who.principal);
      return stateOf(services);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/environment/maintenance/end',
    fresh_proof: true,
    operation: 'environment.thaw',
    summary: 'End a maintenance window early, or call it off',
    records: ['environment.changed'],
    body: z.strictObject({ target, reason }),
    answers: { 201: state },
    handler: async ({ services, who, body }) => {
      await services.environment.endMaintenance(body.target, body.reason, who.principal);
      return stateOf(services);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/environment/incident',
    fresh_proof: true,
    operation: 'environment.freeze',
    summary: 'Turn incident mode on or off: during an incident nothing leaves for outside without a person',
    records: ['environment.changed'],
    body: z.strictObject({ state: z.enum(['on', 'off']), reason }),
    answers: { 201: state },
    handler: async ({ services, who, body }) => {
      await services.environment.incident(body.state, body.reason, who.principal);
      return stateOf(services);
    },
  }),
];
