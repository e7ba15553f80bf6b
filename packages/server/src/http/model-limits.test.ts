import { type MessagesApiServer, messagesApiServer, reply } from '@portreeve/model/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../store/testing/database.ts';
import { type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

let api: MessagesApiServer;
let house: TestServer;
beforeAll(async () => {
  api = await messagesApiServer([reply.refusal(), reply.refusal(), reply.refusal()]);
  house = await testServer({
    modelKeys: { 'anthropic-api-key': 'sk-test-0123456789' },
    config: {
      models: [
        {
          ...{ name: 'anthropic', kind: 'anthropic', model: 'claude-test-1', base_url: api.url },
          ...{ secret: 'anthropic-api-key', where: 'public-cloud' },
          clearance: { confidentiality: 'internal' },
          prices: { currency: 'USD', models: { 'claude-test-1': { input: 3_000_000, output: 15_000_000 } } },
        },
      ],
      budgets: { workflows: { [WORKFLOW]: { run: { micros: 200_000 }, month: { micros: 400_000 } } } },
    },
  });
});
afterAll(async () => {
  await house?.close();
  await api?.close();
});

const spend = (budget: string, micros: number) =>
  withClient(house.databaseUrl, (client) =>
    client.query('UPDATE budget_uses SET micros = $2 WHERE budget = $1', [budget, micros]),
  );

test('E5: what a run has cost is shown with it, in integers', async () => {
  const { id } = await house.submit({ case_id: 'CASE-1' });
  const run = await house.ended(id);
  // The local model counts 10 tokens of input for each question, and none of output for a refusal.
  expect(run).toMatchObject({ cost: { tokens: 10, micros: 30, reserved: { tokens: 0, micros: 0 }, currency: 'USD' } });
});

test('E5: a budget that would be overdrawn ends the run in a hand-off that says which, and nothing is asked', async () => {
  const asked = api.requests.length;
  await spend(`workflow:${WORKFLOW}`, 399_999);
  const { id } = await house.submit({ case_id: 'CASE-1' });
  expect(await house.ended(id)).toMatchObject({ state: 'handed_off', cost: { tokens: 0, micros: 0 } });
  expect(api.requests).toHaveLength(asked);
  const { body } = await (await house.as('operator')).get(`/v1/queue?run=${id}`);
  expect(body.handoffs[0]).toMatchObject({
    kind: 'budget_exhausted',
    why: expect.stringMatching(
      /the budget of workflow case-note for \d{4}-\d\d does not suffice: 0\.40 of 0\.40 USD are used/,
    ),
    next: expect.stringContaining('raise the budget'),
  });
});

test('E5: while a month’s budget is used up no further task is taken, and the caller hears when to come again', async () => {
  await spend(`workflow:${WORKFLOW}`, 400_000);
  const analyst = await house.as('analyst');
  const response = await fetch(`${house.url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${analyst.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ workflow: WORKFLOW, input: { case_id: 'CASE-1' } }),
  });
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await response.json()).toMatchObject({
    code: 'budget_exhausted',
    next: expect.stringContaining('raise the budget'),
  });
});
