import { testDatabase } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordsOf } from '../support/people.ts';
import { cleanUp } from '../support/processes.ts';
import { askForSummary, endOf, Installation, type Instant, type People } from './portreeve.ts';

/*
 * On a PostgreSQL of its own nobody may think that other processes are dead because this one starts: the run of a killed
 * process goes on only when its lease is over.
 */

let database: Awaited<ReturnType<typeof testDatabase>>;
let installation: Installation;
let people: People;

beforeAll(async () => {
  database = await testDatabase();
  installation = await Installation.make({ databaseUrl: database.url });
  people = await installation.start();
}, 120_000);
afterAll(async () => {
  await cleanUp();
  await database?.close();
}, 60_000);

async function dieAndRestart(instant: Instant): Promise<string> {
  const { run, approval } = await askForSummary(people.analyst);
  await installation.arm(instant);
  await people.lead.approve(approval).catch(() => null);
  await installation.death();
  await installation.start();
  return run;
}

const published = async (run: string) =>
  (await installation.caseSystem.journal()).filter((line) => line.type === 'published' && line.by?.run === run).length;

test('F9: the lease of a process killed before the grant runs out, and another one publishes', {
  timeout: 60_000,
}, async () => {
  const run = await dieAndRestart('before-grant');
  expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'published' });
  expect(await published(run)).toBe(1);

  const records = await recordsOf(people.auditor, run);
  const [recovered, ...more] = records.filter(({ entry }) => entry.type === 'run.recovered');
  expect(more).toEqual([]);
  const { from_executor, by_executor } = recovered.payload.data;
  expect(from_executor).not.toBe(by_executor);
  const intent = records.find(({ entry }) => entry.type === 'execution.intent');
  expect(recovered.entry.index).toBeLessThan(intent.entry.index);
});

test('F9: the lease of a process killed after the call runs out, and another one learns by the same key', {
  timeout: 60_000,
}, async () => {
  const run = await dieAndRestart('after-call');
  expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'published' });
  expect(await published(run)).toBe(1);
  expect((await people.operator.get(`/v1/queue?run=${run}`)).handoffs).toEqual([]);
  expect(await people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
});
