import { digestOf, draft, newId, type RecordDraft, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, testServer, WORKFLOW } from '../testing/server.ts';
import { cutOf } from './newest-records.ts';

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

test('H6: what is compared begins at a record that stays while the log grows, and then moves by a quarter of it or more', () => {
  const window = (newest: number) => {
    const records = Array.from({ length: 1000 }, (_, n) => ({ entry: { index: newest - n } }));
    return cutOf([
      { records, more: true },
      { records: records.slice(0, 10), more: false },
    ]);
  };
  expect(cutOf([{ records: [{ entry: { index: 7 } }], more: false }])).toBe(0);
  const cuts = Array.from({ length: 4000 }, (_, n) => window(5000 + n));
  expect(new Set(cuts).size).toBeLessThanOrEqual(4000 / 256 + 2);
  for (const [n, cut] of cuts.entries()) {
    expect(cut).toBeGreaterThanOrEqual(4001 + n);
    expect(cut).toBeLessThan(4001 + n + 500);
  }
});
