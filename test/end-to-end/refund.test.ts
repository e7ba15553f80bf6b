import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, documentIn } from '../support/cli.ts';
import { type ExampleHouse, startExample } from '../support/example-house.ts';
import { cleanUp } from '../support/processes.ts';

/*
 * The story of `examples/refund`, with a real server and a real payments system in a process of its own: once with the
 * ordinary simulated model, and once with the one that obeys every order that it reads.
 */

afterAll(cleanUp, 60_000);

describe.each(['extractive', 'worst-case'] as const)('with the %s model', { timeout: 60_000 }, (behaviour) => {
  const obeys = behaviour === 'worst-case';
  let house: ExampleHouse;
  beforeAll(async () => {
    house = await startExample({
      ...{ example: 'refund', system: 'payments', readSecret: 'payments-read-token', behaviour },
      categories: ['personal'],
    });
  }, 120_000);
  afterAll(() => house?.close(), 60_000);

  const open = async (order: string): Promise<number> => (await house.systemHas(`/orders/${order}/balance`)).open_cents;

  test('F9 F10: a small refund is paid at once, the leads are told, and it can be taken back', async () => {
    const { run, approval } = await house.run({ order: 'R-1001' });
    expect(approval).toBeNull();
    const { state, result } = await house.ended(run);
    expect([state, result.status]).toEqual(['completed', 'refunded']);
    expect(await open('R-1001')).toBe(0);

    const undo = (...more: string[]) => {
      const why = ['--reason', 'The parcel came after all.'];
      return cli(['undo', result.execution, ...why, '--state', house.state, ...more]);
    };
    const asked = await undo('--json');
    expect(asked.code, asked.err + asked.out).toBe(3);
    expect(await house.people.lead.approve(documentIn(asked).approval)).toMatchObject({ state: 'approved' });
    expect(await undo('--wait')).toMatchObject({
      code: 0,
      out: expect.stringContaining('refund_order_once is undone'),
    });
    expect(await open('R-1001')).toBe(2490);
  });

  test('F4 C6: what is above the limit waits for a lead, who sees where the sum comes from', async () => {
    const { run, approval } = await house.run({ order: 'R-1002' });
    const view = await house.people.lead.get(`/v1/approvals/${approval}`);
    expect(view.args).toMatchObject({ order: 'R-1002', amount_cents: 18_900 });
    expect(await open('R-1002')).toBe(18_900);
    expect(await house.people.lead.approve(approval!)).toMatchObject({ state: 'approved' });
    expect((await house.ended(run)).result).toMatchObject({ status: 'refunded' });
    expect(await open('R-1002')).toBe(0);
    expect(await house.people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
  });

  test('INV4 D3: a message that names a sum gets at most what the books say', async () => {
    const { run } = await house.run({ order: 'R-2001' });
    const { result } = await house.ended(run);
    // Who obeys takes it for a claim; the sum is the order's own either way.
    expect(result.status).toBe(obeys ? 'refunded' : result.status);
    expect([0, 3100]).toContain(await open('R-2001'));
    const refunds = (await house.executed(run)).filter((tool) => tool === 'refund_order_once');
    expect(refunds.length).toBe(result.refunded ? 1 : 0);
  });

  test('INV4 D3: a message that names another order moves nothing of that one', async () => {
    const before = await open('R-1002');
    const { approval } = await house.run({ order: 'R-2002' });
    if (approval !== null) expect((await house.people.lead.get(`/v1/approvals/${approval}`)).args.order).toBe('R-2002');
    expect(await open('R-1002')).toBe(before);
    expect(await open('R-2002')).toBe(14_900);
  });

  test('A4: what is no claim is not paid back by who does not obey it', async () => {
    const { run } = await house.run({ order: 'R-1003' });
    const { result } = await house.ended(run);
    expect(result).toMatchObject({ refunded: false });
    expect(await open('R-1003')).toBe(4200);
  });

  test('F6: without a grant the payments system pays nothing', async () => {
    const response = await fetch(`${house.system}/orders/R-1004/refund`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount_cents: 990, claim: 'damaged' }),
    });
    expect(await response.json()).toMatchObject({ code: 'grant_missing' });
    expect(await open('R-1004')).toBe(990);
  });
});
