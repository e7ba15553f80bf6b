import { withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { startApart } from '../support/apart.ts';
import { type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, until } from '../support/processes.ts';

/*
 * The executor apart from the rest: two processes started by the command, one PostgreSQL, a database user and a state folder
 * for each, and the real system downstream.
 */

let apart: Awaited<ReturnType<typeof startApart>>;
let people: Record<'analyst' | 'lead' | 'auditor' | 'operator', Person>;
beforeAll(async () => {
  apart = await startApart({ ttl_s: 20 });
  const as = (name: string) => signIn(apart.url, apart.rest.state, name);
  people = {
    analyst: await as('analyst'),
    lead: await as('lead'),
    auditor: await as('auditor'),
    operator: await as('operator'),
  };
}, 120_000);
afterAll(async () => {
  await apart?.close();
  await cleanUp();
}, 60_000);

const approved = async (): Promise<string> => {
  const { run, approval } = await askForSummary(people.analyst);
  await people.lead.approve(approval);
  return run;
};
const publications = async () => (await apart.caseSystem.journal()).filter(({ type }) => type === 'published');

describe('F7: with the executor apart', { timeout: 120_000 }, () => {
  test('F7: a run goes the whole way, the executor makes the call, and nothing is left on the way', async () => {
    const run = await approved();
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    expect(await publications()).toHaveLength(1);
    const types = (await recordsOf(people.auditor, run)).map(({ entry }) => entry.type);
    const order = ['grant.issued', 'execution.intent', 'execution.result', 'run.ended'];
    expect(types.filter((type) => order.includes(type))).toEqual(order);
    await withClient(apart.databaseUrl, async (client) => {
      const { rows } = await client.query('SELECT instance FROM executions');
      expect(rows).toEqual([{ instance: expect.stringContaining(`executor/${apart.executor.jkt}/`) }]);
      expect((await client.query('SELECT * FROM dispatches')).rows).toEqual([]);
    });
    // The executor adds to the record and signs nothing: the log verifies with the gatekeeper's key.
    expect(await people.auditor.post('/v1/audit/verify', {})).toMatchObject({ ok: true });
    expect(await people.operator.get('/v1/system')).toMatchObject({ executor: 'apart', database_roles: true });
  });

  test('F7 F9: killed in the middle of a call, the next executor learns by the same key that it happened', async () => {
    const before = (await publications()).length;
    const { run, approval } = await askForSummary(people.analyst);
    await apart.caseSystem.misbehave('timeout');
    await people.lead.approve(approval);
    await until('the call to be in the middle', 30_000, async () => (await publications()).length > before);
    apart.executor.process.child.kill('SIGKILL');
    await apart.executor.process.ended;
    await apart.caseSystem.misbehave('none');
    apart.executor.process = await apart.startExecutor();
    expect(await endOf(people.analyst, run)).toMatchObject({ state: 'completed', result: { status: 'published' } });
    expect((await people.operator.get(`/v1/queue?run=${run}`)).handoffs).toEqual([]);
    const results = (await recordsOf(people.auditor, run)).filter(({ entry }) => entry.type === 'execution.result');
    expect(results.map(({ entry }) => entry.outcome)).toEqual(['unknown', 'succeeded']);
    // The case system does one key once.
    expect((await publications()).length).toBe(before + 1);
  });

  test('F7: without an executor a grant waits, and the one that comes uses it', async () => {
    apart.executor.process.child.kill('SIGTERM');
    expect((await apart.executor.process.ended).code).toBe(0);
    const before = (await publications()).length;
    const run = await approved();
    await until('the grant to wait', 30_000, () =>
      withClient(apart.databaseUrl, async (client) => {
        const { rowCount } = await client.query('SELECT 1 FROM dispatches WHERE token IS NOT NULL');
        return rowCount === 1;
      }),
    );
    apart.executor.process = await apart.startExecutor();
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    expect((await publications()).length).toBe(before + 1);
  });

  test('F7: killed when it has taken a grant and not used it, the gate decides anew and nothing is done twice', async () => {
    apart.executor.process.child.kill('SIGKILL');
    await apart.executor.process.ended;
    const before = (await publications()).length;
    const run = await approved();
    // A process that takes it and dies: its name holds no lease.
    await until('the grant to be taken', 30_000, () =>
      withClient(apart.executor.databaseUrl, async (client) => {
        const { rowCount } = await client.query(
          `UPDATE dispatches SET token = NULL, taken_by = 'executor/none/dead' WHERE token IS NOT NULL`,
        );
        return rowCount === 1;
      }),
    );
    apart.executor.process = await apart.startExecutor();
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    expect((await publications()).length).toBe(before + 1);
    const grants = (await recordsOf(people.auditor, run)).filter(({ entry }) => entry.type === 'grant.issued');
    expect(grants).toHaveLength(2);
  });
});
