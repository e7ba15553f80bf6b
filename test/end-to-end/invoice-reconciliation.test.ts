import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { plainKeystore } from '@portreeve/server';
import { testDatabase, withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { endOf } from '../crash/portreeve.ts';
import { ROOT } from '../repository.ts';
import { cli, documentIn, startCli } from '../support/cli.ts';
import { type ModelDoor, startModelDoor } from '../support/model-door.ts';
import { type Answer, type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, freePort, temporaryFolder, until } from '../support/processes.ts';
import { writeInvoice } from '../support/write-invoice.ts';

/*
 * The story of `examples/invoice-reconciliation`: Portreeve in a process of its own, a real PostgreSQL as the ledger, and a
 * model whose vendor goes down in the middle.
 */

const EXAMPLE = join(ROOT, 'examples/invoice-reconciliation');
/** The name stands in the tools' contracts. */
const LEDGER = 'invoice_ledger';
const undo: (() => Promise<unknown>)[] = [];
let model: ModelDoor;
let state: string;
let url: string;
let ledgerUrl: URL;
let people: Record<'analyst' | 'lead' | 'operator' | 'admin' | 'auditor', Person>;

const ledger = (sql: string): Promise<Answer[]> =>
  withClient(ledgerUrl.href, async (client) => (await client.query(sql)).rows);

async function startLedger(): Promise<{ username: string; password: string }> {
  const server = process.env.PORTREEVE_TEST_DATABASE_URL!;
  ledgerUrl = new URL(server);
  ledgerUrl.pathname = `/${LEDGER}`;
  const username = `ledger_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const asOwner = (...statements: string[]) =>
    withClient(server, async (client) => {
      for (const sql of statements) await client.query(sql);
    });
  await asOwner(
    `DROP DATABASE IF EXISTS ${LEDGER} WITH (FORCE)`,
    `CREATE DATABASE ${LEDGER}`,
    `CREATE ROLE ${username} LOGIN PASSWORD '${password}'`,
  );
  undo.push(() => asOwner(`DROP DATABASE ${LEDGER} WITH (FORCE)`, `DROP ROLE ${username}`));
  await ledger(await readFile(join(EXAMPLE, 'ledger/schema.sql'), 'utf8'));
  // It may do what the tools do, and no more.
  await ledger(
    `GRANT SELECT ON orders TO ${username}; GRANT SELECT, INSERT, UPDATE ON payments, differences TO ${username}`,
  );
  return { username, password };
}

beforeAll(async () => {
  model = await startModelDoor();
  undo.push(() => model.close());
  const role = await startLedger();
  const database = await testDatabase();
  undo.push(() => database.close());
  state = await temporaryFolder();
  await plainKeystore(state, 'development').set('ledger-role', JSON.stringify(role));
  const project = await temporaryFolder();
  const config = {
    environment: 'development',
    workflows: [relative(project, join(EXAMPLE, 'workflows/invoice-reconciliation'))],
    systems: { ledger: { url: `postgres://${ledgerUrl.hostname}:${ledgerUrl.port || 5432}`, private: true } },
    models: [
      {
        ...{ name: 'claude', kind: 'anthropic', model: model.model, base_url: model.url },
        ...{ secret: 'anthropic-api-key', where: 'public-cloud' },
        clearance: { confidentiality: 'confidential', categories: [] },
      },
    ],
  };
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const portreeve = startCli(['up', '--project', project, '--state', state, '--port', String(port)], {
    env: { DATABASE_URL: database.url, ANTHROPIC_API_KEY: 'sk-ant-a-key-that-only-this-test-knows' },
  });
  undo.push(async () => {
    portreeve.child.kill('SIGTERM');
    await portreeve.ended;
  });
  // Printed once all of it has started, the engine of the runs as well.
  await portreeve.printed(new RegExp(url), 90_000);
  const as = (name: string) => signIn(url, state, name);
  people = {
    analyst: await as('analyst'),
    lead: await as('lead'),
    operator: await as('operator'),
    admin: await as('admin'),
    auditor: await as('auditor'),
  };
}, 180_000);
afterAll(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await cleanUp();
}, 90_000);

const invoiceOf = (number: string, supplier: string, total: string, more: readonly string[] = []) =>
  writeInvoice([
    'INVOICE',
    `Supplier: ${supplier}`,
    `Invoice number: ${number}`,
    ...more,
    `Total amount: ${total}`,
    'Currency: EUR',
  ]);

async function submit(order: string, pdf: Buffer): Promise<string> {
  const run = await people.analyst.post('/v1/runs', {
    workflow: 'invoice-reconciliation',
    input: { order },
    attachments: [{ name: 'invoice.pdf', media_type: 'application/pdf', base64: pdf.toString('base64') }],
  });
  expect(run).toMatchObject({ id: expect.stringMatching(/^run_/) });
  return run.id;
}

/** What waits for a person in a run: an approval, or work in the queue. */
async function approvalOf(run: string): Promise<Answer> {
  const id = await until(`the approval of ${run}`, 60_000, async () => {
    const now = await people.analyst.get(`/v1/runs/${run}`);
    if (now.ended_at) throw new Error(JSON.stringify(now));
    return now.approval as string | null;
  });
  return people.lead.get(`/v1/approvals/${id}`);
}
const workOf = (run: string): Promise<Answer> =>
  until(`work of ${run}`, 60_000, async () => (await people.operator.get(`/v1/queue?run=${run}`)).handoffs[0]);

const queue = async (...words: string[]): Promise<Answer> =>
  documentIn(await cli(['queue', ...words, '--json', '--server', url, '--state', state]));

describe('A4 E6 I8: invoices, orders, people, and a vendor that goes down', { timeout: 120_000 }, () => {
  test('A4: an invoice that matches is paid once a lead approves: the amount is the ledger’s', async () => {
    const run = await submit('PO-2026-0001', invoiceOf('INV-7001', 'Northwind Traders', '700.00'));
    const view = await approvalOf(run);
    expect(view.args).toEqual({ order: 'PO-2026-0001', invoice_number: 'INV-7001', amount_cents: 70_000 });
    const kindOf = (path: string) => view.arguments.find((each: Answer) => each.path === path).kind;
    expect([kindOf('/order'), kindOf('/amount_cents')]).toEqual(['request', 'trusted-record']);
    await people.lead.approve(view.approval.id);
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'scheduled', paid: true });
    expect(await ledger("SELECT amount_cents FROM payments WHERE invoice_number = 'INV-7001'")).toEqual([
      { amount_cents: '70000' },
    ]);
    const judged = (await recordsOf(people.auditor, run)).filter(({ entry }) => entry.type === 'step.judged');
    expect(judged.map(({ payload }) => payload.data)).toMatchObject([
      {
        confidence_percent: 50,
        calibrated_per_mille: 951,
        threshold_per_mille: 900,
        review: 'none',
        unsupported_claims: 0,
      },
    ]);
  });

  test('C3: above the limit a controller is asked', async () => {
    const run = await submit('PO-2026-0002', invoiceOf('INV-7002', 'Northwind Traders', '4800.00'));
    const view = await approvalOf(run);
    expect(view.approval.groups).toContain('controllers');
    expect(JSON.stringify(view)).toContain('A payment above 1000.00 needs a controller.');
    await people.lead.approve(view.approval.id);
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'scheduled' });
  });

  test('the same invoice again pays nothing, and asks nobody', async () => {
    const run = await submit('PO-2026-0001', invoiceOf('INV-7001', 'Northwind Traders', '700.00'));
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'already_paid', paid: false });
  });

  test('A4 I8: a doubtful one waits for a person, whose answer goes back into the run as theirs', async () => {
    model.change = (asked, answer) =>
      asked.includes('smudged') ? answer.replace(/"confidence":50/, '"confidence":20') : answer;
    const run = await submit('PO-2026-0003', invoiceOf('INV-7008', 'Fabrikam Cleaning', '275.00', ['Remark: smudged']));
    const { id } = await workOf(run);
    await until(
      'the run to wait',
      30_000,
      async () => (await people.analyst.get(`/v1/runs/${run}`)).state === 'waiting',
    );
    const listed = await queue('list');
    expect(listed.handoffs).toMatchObject([
      { id, kind: 'low_confidence', state: 'open', overdue: false, group: 'payables-desk' },
    ]);
    const shown = await queue('show', id);
    expect(shown).toMatchObject({ procedure: { title: 'Read an invoice by hand' }, tried: [expect.any(String)] });
    expect(shown.material.map(({ name, withheld }: Answer) => [name, withheld])).toEqual([
      ['answer', false],
      ['invoice', false],
    ]);
    expect(JSON.stringify(shown.material)).toContain('INV-7008');
    // An administrator works the queue too, but is not cleared for what the invoice says.
    const other = await people.admin.get(`/v1/queue/${id}`);
    expect(other.material).toMatchObject([
      { name: 'answer', withheld: true },
      { name: 'invoice', withheld: true },
    ]);
    expect(JSON.stringify(other)).not.toContain('INV-7008');
    expect((await people.admin.post(`/v1/queue/${id}/take`)).code).toBe('refused');

    expect(await queue('take', id)).toMatchObject({ state: 'taken' });
    const read = { ...shown.material[0].value, total_amount: '215.00', confidence: 100 };
    const file = join(await temporaryFolder(), 'read.json');
    await writeFile(file, JSON.stringify(read));
    expect(await queue('finish', id, '--note', 'It says 215.00.', '--result', file)).toMatchObject({
      state: 'done',
      material: [],
    });
    const view = await approvalOf(run);
    const argument = view.arguments.find((each: Answer) => each.path === '/invoice_number');
    expect(argument.kind).toBe('trusted-record');
    await people.lead.approve(view.approval.id);
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'scheduled' });
    const records = await recordsOf(people.auditor, run);
    const closed = records.find(({ entry }) => entry.type === 'handoff.closed');
    expect(closed?.payload.data).toMatchObject({ result: { changed: true, label: { integrity: 'trusted' } } });
    expect(records.map(({ entry }) => entry.type)).toContain('handoff.assigned');
  });

  test('E6 I8: while the vendor is down the work falls back to people; nothing is lost, and afterwards all is as before', async () => {
    model.down = true;
    const run = await submit('PO-2026-0004', invoiceOf('INV-7004', 'Fabrikam Cleaning', '330.00'));
    const work = await workOf(run);
    expect(model.turnedAway).toBeGreaterThan(1);
    expect(work).toMatchObject({ kind: 'fallback', state: 'open', material: [{ name: 'invoice', withheld: false }] });
    model.down = false;
    const result = {
      ...{ invoice_number: 'INV-7004', supplier: 'Fabrikam Cleaning', total_amount: '330.00', currency: 'EUR' },
      ...{ confidence: 100, passages: [{ quote: 'INV-7004', evidence: 'ev_by-hand', supported: true }] },
    };
    expect(await people.operator.post(`/v1/queue/${work.id}/finish`, { note: 'Read by hand.', result })).toMatchObject({
      state: 'done',
    });
    await people.lead.approve((await approvalOf(run)).approval.id);
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'scheduled' });
    expect(await ledger("SELECT count(*)::int AS n FROM payments WHERE invoice_number = 'INV-7004'")).toEqual([
      { n: 1 },
    ]);
  });

  test('A4: what differs is explained and noted, and a person who did not ask decides', async () => {
    const run = await submit('PO-2026-0005', invoiceOf('INV-7005', 'Contoso Paper', '199.00'));
    const work = await until('the decision to be handed over', 60_000, async () => {
      const { handoffs } = await people.operator.get(`/v1/queue?run=${run}`);
      return handoffs.find((each: Answer) => each.about === 'decide-difference');
    });
    expect(work).toMatchObject({ kind: 'review', awaits: { type: 'object' } });
    expect(await ledger("SELECT order_number FROM differences WHERE order_number = 'PO-2026-0005'")).toHaveLength(1);
    const wrong = await people.operator.post(`/v1/queue/${work.id}/finish`, {
      note: 'x',
      result: { decision: 'maybe' },
    });
    expect(wrong.code).toBe('bad_input');
    await people.operator.post(`/v1/queue/${work.id}/finish`, { note: 'Too much.', result: { decision: 'reject' } });
    expect((await endOf(people.analyst, run)).result).toMatchObject({ status: 'rejected', paid: false });
    expect(await ledger("SELECT 1 FROM payments WHERE order_number = 'PO-2026-0005'")).toEqual([]);
  });

  test('I8: nothing is left in the queue, and no payment is there that nobody approved', async () => {
    expect((await queue('list')).handoffs).toEqual([]);
    expect(await ledger('SELECT count(*)::int AS n FROM payments')).toEqual([{ n: 4 }]);
    const { records } = await people.auditor.get('/v1/audit/records?type=approval.verdict&limit=100');
    expect(records).toHaveLength(4);
  });
});
