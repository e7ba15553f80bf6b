import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, testServer } from '../testing/server.ts';

let house: TestServer;
beforeAll(async () => {
  house = await testServer();
});
afterAll(() => house?.close());

test('smoke', async () => {
  const run = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(run.id);
  const lead = await house.as('lead');
  const given = await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, await house.verdict('lead', shown, 'approve'));
  expect(given.status).toBe(201);
  const ended = await house.ended(run.id);
  console.log(ended, house.downstream.calls);
  for await (const e of lead.events(run.id)) console.log(e.id, e.type, e.entry.outcome);
});
