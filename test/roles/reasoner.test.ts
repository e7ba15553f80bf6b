import { withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { startApart } from '../support/apart.ts';
import { type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, until } from '../support/processes.ts';

/*
 * Reasoners apart: the api with the gatekeeper, two reasoners and an executor, each a process with a database user and a
 * state folder of its own, on one PostgreSQL.
 */

let apart: Awaited<ReturnType<typeof startApart>>;
let people: Record<'analyst' | 'lead' | 'auditor' | 'operator', Person>;
beforeAll(async () => {
  apart = await startApart({ reasoners: 2 });
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

const publications = async () => (await apart.caseSystem.journal()).filter(({ type }) => type === 'published');

describe('J2: with reasoners apart', { timeout: 120_000 }, () => {
  test('J2 F7: a run goes the whole way through four processes, and nothing is left on the way', async () => {
    const { run, approval } = await askForSummary(people.analyst);
    await people.lead.approve(approval);
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    expect(await publications()).toHaveLength(1);
    await withClient(apart.databaseUrl, async (client) => {
      expect((await client.query('SELECT * FROM gate_asks')).rows).toEqual([]);
      const { rows } = await client.query('SELECT executor_id AS by FROM dbos.workflow_status');
      expect(rows).toEqual([{ by: expect.stringMatching(/^reasoner\//) }]);
    });
    expect(await people.auditor.post('/v1/audit/verify', {})).toMatchObject({ ok: true });
    expect(await people.operator.get('/v1/system')).toMatchObject({ executor: 'apart', database_roles: true });
  });
});
