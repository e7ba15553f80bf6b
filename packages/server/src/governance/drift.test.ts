import { digestOf, draft, newId, type RecordDraft, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

let house: TestServer;
beforeAll(async () => {
  house = await testServer();
});
afterAll(() => house?.close());

/** Ends of runs as a workflow leaves them: by release, and how many of them were handed off. */
async function runsEnd(release: string, count: number, handedOff: number): Promise<void> {
  const drafts = Array.from({ length: count }, (_, n) =>
    draft<'run.ended'>({
      ...{ type: 'run.ended', actor: SYSTEM_ACTOR, outcome: 'completed' },
      refs: { workflow: WORKFLOW, run: newId('run', systemClock), release: digestOf(release) },
      data: { state: n % 10 < handedOff ? 'handed_off' : 'completed', ending: 'done', result: null },
    }),
  );
  await house.server.services.audit.record(drafts as RecordDraft[]);
}

test('H6: a shift after a release is found in the log, named with the release, and on record once', async () => {
  await runsEnd('before', 200, 1);
  const auditor = await house.as('auditor');
  expect((await auditor.get(`/v1/workflows/${WORKFLOW}/drift`)).body).toMatchObject({
    workflow: WORKFLOW,
    whole: true,
    false_alarms_per_mille: 10,
    alarms: [],
  });
  await runsEnd('after', 60, 6);
  const { status, body } = await auditor.get(`/v1/workflows/${WORKFLOW}/drift`);
  expect(status).toBe(200);
  expect(body.alarms).toHaveLength(1);
  expect(body.alarms[0]).toMatchObject({
    ...{ metric: 'ending', step: null, by: 'change', reference_count: 200 },
    shift: { before_per_mille: expect.any(Number), after_per_mille: 600 },
    nearest: { kind: 'release', from: digestOf('before'), to: digestOf('after') },
  });

  const { drift } = house.server.services;
  await Promise.all([drift.look(), drift.look()]);
  await drift.look();
  const { records } = (await auditor.get('/v1/audit/records?type=drift.alarm')).body;
  expect(records).toHaveLength(1);
  expect(records[0].payload.data).toMatchObject({
    ...{ metric: 'ending', by: 'change', after_per_mille: 600 },
    at_index: body.alarms[0].shift.at.index,
    nearest: body.alarms[0].nearest,
  });
});

test('H6: a workflow that is not there, and one beyond the reader’s scope, are not found; who may not read is refused', async () => {
  const auditor = await house.as('auditor');
  expect((await auditor.get('/v1/workflows/no-such/drift')).body).toMatchObject({ code: 'not_found' });
  expect((await (await house.as('analyst')).get(`/v1/workflows/${WORKFLOW}/drift`)).status).toBe(403);
});
