import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROJECT, type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';

let house: TestServer;
let operator: SignedInClient;
let project: string;
beforeAll(async () => {
  const thresholds = '{ live_count_min: 3, blocked_action_per_mille_max: 500 }';
  project = await temporaryProject({
    ...soundProject(`{ contract: { ...contract, thresholds: ${thresholds} } }`),
    'cases/CASE-1.jsonl': await readFile(join(PROJECT, 'cases/CASE-1.jsonl'), 'utf8'),
  });
  house = await testServer({ project });
  operator = await house.as('operator');
});
afterAll(async () => {
  await house?.close();
  if (project) await rm(project, { recursive: true, force: true });
});

const frozen = async (): Promise<string[]> => (await operator.get('/v1/environment')).body.freezes;
const run = async () => house.ended((await house.submit({ case_id: 'CASE-1', publish: false })).id);
const figures = async () =>
  (await (await house.as('auditor')).get(`/v1/workflows/${WORKFLOW}/thresholds`)).body.figures as {
    threshold: string;
    value: number | null;
    missed: boolean;
  }[];

test('H4: a workflow that misses a threshold of its own is suspended, with what to do; a person lets it run again', async () => {
  const { thresholds, audit } = house.server.services;
  for (let n = 0; n < 3; n++) await run();
  await thresholds.look();
  expect(await frozen()).toEqual([]);

  // From now on policy refuses what it proposes.
  await operator.post('/v1/environment/freezes', { target: 'tool:look_up_owner', reason: 'a test' });
  for (let n = 0; n < 4; n++) await run();
  expect((await figures())[0]).toMatchObject({ threshold: 'blocked_action_per_mille_max', value: 571, missed: true });
  await thresholds.look();
  expect(await frozen()).toContain(`workflow:${WORKFLOW}`);
  const { body } = await operator.get('/v1/environment');
  const held = body.holds.find(({ subject }: { subject: string }) => subject === `freeze:workflow:${WORKFLOW}`);
  expect(held).toMatchObject({ by: 'system', reason: expect.stringMatching(/571, the bound is 500.*rollback.*thaw/) });
  const { records } = await audit.search({ type: 'workflow.suspended' });
  expect(records).toMatchObject([
    { entry: { actor: { id: 'system' } }, payload: { data: { value: 571, bound: 500, counted: 7 } } },
  ]);
  const analyst = await house.as('analyst');
  expect((await analyst.post('/v1/runs', { workflow: WORKFLOW, input: { case_id: 'CASE-1' } })).status).toBe(403);

  const thaw = { target: `workflow:${WORKFLOW}`, stage: 'lifted', reason: 'it was the frozen tool' };
  expect((await analyst.post('/v1/environment/thaws', thaw)).status).toBe(403);
  expect((await operator.post('/v1/environment/thaws', thaw)).status).toBe(201);
  // What was judged before is not judged again.
  await thresholds.look();
  expect(await frozen()).not.toContain(`workflow:${WORKFLOW}`);
  expect((await figures())[0]).toMatchObject({ value: null, missed: false });
  expect((await audit.search({ type: 'workflow.suspended' })).records).toHaveLength(1);
});
