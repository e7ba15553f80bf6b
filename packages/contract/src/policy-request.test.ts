import { expect, test } from 'vitest';
import { policyRequestSchema } from './policy-request.ts';

const environment = { name: 'development', freezes: [], incident: false, maintenance: [], outages: [] };
const principal = { id: 'prn_ada', kind: 'person', name: 'Ada', roles: ['auditor'], groups: [] };

test('C1: a request that lacks what a layer judges is no request', () => {
  const request = { kind: 'api', principal, operation: 'approvals.list', environment };
  expect(policyRequestSchema.parse(request)).toEqual({ ...request, principal: { ...principal, act: [] } });
  for (const member of ['principal', 'operation', 'environment', 'kind'])
    expect(policyRequestSchema.safeParse({ ...request, [member]: undefined }).success).toBe(false);
  expect(policyRequestSchema.safeParse({ ...request, operation: 'approvals' }).success).toBe(false);
  expect(policyRequestSchema.safeParse({ ...request, kind: 'bypass' }).success).toBe(false);
  expect(policyRequestSchema.safeParse({ ...request, override: true }).success).toBe(false);
});

test('C1: an environment is one of the four, and its freezes are named', () => {
  const parse = (change: object) =>
    policyRequestSchema.safeParse({
      kind: 'api',
      principal,
      operation: 'runs.read',
      environment: { ...environment, ...change },
    }).success;
  expect(parse({ name: 'production', freezes: ['tool:refund_order'] })).toBe(true);
  expect(parse({ name: 'prod' })).toBe(false);
  expect(parse({ incident: undefined })).toBe(false);
});
