import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainKeystore } from '@portreeve/server';
import { withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { MODEL_CREDENTIAL, startApart, TOOL_CREDENTIAL } from '../support/apart.ts';
import { type Answer, type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, until } from '../support/processes.ts';

/*
 * Reasoners apart: the api with the gatekeeper, a reasoner (and later another one) and an executor, each a process with a database user and a
 * state folder of its own, on one PostgreSQL.
 */

let apart: Awaited<ReturnType<typeof startApart>>;
let people: Record<'analyst' | 'lead' | 'auditor' | 'operator', Person>;
beforeAll(async () => {
  apart = await startApart({ reasoners: 1 });
  const as = (name: string) => signIn(apart.url, apart.rest.state, name);
  people = {
    analyst: await as('analyst'),
    lead: await as('lead'),
    auditor: await as('auditor'),
    operator: await as('operator'),
  };
}, 360_000);
afterAll(async () => {
  await apart?.close();
  await cleanUp();
}, 60_000);

const publications = async () => (await apart.caseSystem.journal()).filter(({ type }) => type === 'published').length;
const query = (sql: string, values: unknown[] = []): Promise<Answer[]> =>
  withClient(apart.databaseUrl, async (client) => (await client.query(sql, values)).rows);
describe('J2: with reasoners apart', { timeout: 120_000 }, () => {
  test('J2 F7: a run goes the whole way through four processes, and nothing is left on the way', async () => {
    const { run, approval } = await askForSummary(people.analyst);
    await people.lead.approve(approval);
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    expect(await publications()).toBe(1);
    expect(await query('SELECT * FROM gate_asks')).toEqual([]);
    const engine = await query('SELECT executor_id AS by FROM dbos.workflow_status');
    expect(engine).toEqual([{ by: expect.stringMatching(/^reasoner\//) }]);
    expect(await people.auditor.post('/v1/audit/verify', {})).toMatchObject({ ok: true });
    expect(await people.operator.get('/v1/system')).toMatchObject({ executor: 'apart', database_roles: true });
    const started = await people.auditor.get('/v1/audit/records?type=reasoner.started');
    expect(started.records).toHaveLength(1);
  });

  test('J2: what one reasoner lets go of at its stop another one carries on', async () => {
    const before = await publications();
    const asked = [await askForSummary(people.analyst), await askForSummary(people.analyst)];
    await apart.startReasoner();
    const [first] = apart.reasoners;
    first!.process.child.kill('SIGTERM');
    expect((await first!.process.ended).code).toBe(0);
    for (const { approval } of asked) await people.lead.approve(approval);
    for (const { run } of asked)
      expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    expect(await publications()).toBe(before + asked.length);
  });
});

describe('J2 INV1: who has taken a reasoner over', { timeout: 60_000 }, () => {
  test('J2: can write questions, and gets no decision that the gate would not make', async () => {
    const { run, approval } = await askForSummary(people.analyst);
    const before = await publications();
    const [{ id: proposal }] = await query('SELECT id FROM proposals WHERE run = $1', [run]);
    const url = apart.reasoners.at(-1)!.databaseUrl;
    await withClient(url, async (client) => {
      // In its own name and another's, unsealed, and going on with what waits for a person.
      for (const [index, body] of [`{"kind":"resume","proposal":"${proposal}"}`, '', 'x'].entries())
        await client.query('INSERT INTO gate_asks (id, run, body) VALUES ($1, $2, $3)', [
          `ask_forged-${index}`,
          run,
          body,
        ]);
      await until('the gate to answer', 15_000, async () => {
        const { rows } = await client.query(`SELECT 1 FROM gate_asks WHERE id LIKE 'ask_forged%' AND answer IS NULL`);
        return rows.length === 0;
      });
      await client.query(`DELETE FROM gate_asks WHERE id LIKE 'ask_forged%'`);
    });
    expect(await query('SELECT state FROM proposals WHERE run = $1', [run])).toEqual([{ state: 'awaiting_approval' }]);
    expect(await publications()).toBe(before);
    await people.lead.approve(approval);
    expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });
    const grants = (await recordsOf(people.auditor, run)).filter(({ entry }) => entry.type === 'grant.issued');
    expect(grants).toHaveLength(1);
  });

  test('J2 E9: finds no key that signs and no credential of a tool; the rest has none of a model', async () => {
    const { state } = apart.reasoners[0]!;
    expect(readdirSync(join(state, 'keys')).sort()).toEqual(['pseudonyms.key', 'redaction.key', 'secrets.identity']);
    expect(await plainKeystore(state, 'development').fetch('tool-key')).toBeNull();
    expect((await plainKeystore(state, 'development').fetch('model-key'))?.value).toBe(MODEL_CREDENTIAL);
    expect(await plainKeystore(apart.rest.state, 'development').fetch('model-key')).toBeNull();
    expect((await plainKeystore(apart.executor.state, 'development').fetch('tool-key'))?.value).toBe(TOOL_CREDENTIAL);
  });

  test('J2: and nothing of ours was refused it by the database all the while', async () => {
    for (const { state } of apart.reasoners) {
      const lines = (await readFile(join(state, 'server.log'), 'utf8'))
        .split('\n')
        .filter((line) => line.includes('42501'));
      expect(lines).toEqual([]);
    }
  });
});
