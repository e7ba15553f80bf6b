import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, documentIn } from '../support/cli.ts';
import { type ExampleHouse, startExample } from '../support/example-house.ts';
import type { Answer } from '../support/people.ts';
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
  const asked = async (order: string): Promise<{ run: string; approval: string; view: Answer }> => {
    const { run, approval } = await house.run({ order });
    if (approval === null) throw new Error(JSON.stringify(await house.ended(run)));
    return { run, approval: approval!, view: await house.people.lead.get(`/v1/approvals/${approval}`) };
  };

  test('F4 F10: a lead sees where each argument comes from, agrees, and it is paid; for an hour it can be taken back', async () => {
    const { run, approval, view } = await asked('R-1001');
    expect(view.args).toEqual({ order: 'R-1001', amount_cents: 2490, claim: 'not_delivered' });
    const kindOf = (path: string) => view.arguments.find((each: Answer) => each.path === path).kind;
    expect([kindOf('/order'), kindOf('/claim')]).toEqual(['request', 'model']);
    expect(kindOf('/amount_cents')).not.toBe('model');
    expect(await open('R-1001')).toBe(2490);
    expect(await house.people.lead.approve(approval)).toMatchObject({ state: 'approved' });
    const { state, result } = await house.ended(run);
    expect([state, result.status]).toEqual(['completed', 'refunded']);
    expect(await open('R-1001')).toBe(0);

    const undo = (...more: string[]) => {
      const why = ['--reason', 'The parcel came after all.'];
      return cli(['undo', result.execution, ...why, '--state', house.state, ...more]);
    };
    const wished = await undo('--json');
    expect(wished.code, wished.err + wished.out).toBe(3);
    expect(await house.people.lead.approve(documentIn(wished).approval)).toMatchObject({ state: 'approved' });
    expect(await undo('--wait')).toMatchObject({
      code: 0,
      out: expect.stringContaining('refund_order_once is undone'),
    });
    expect(await open('R-1001')).toBe(2490);
    expect(await house.people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
  });

  test('F4 C6: above the limit two leads must agree: with one nothing is paid', async () => {
    const { approval, view } = await asked('R-1005');
    expect(view).toMatchObject({ approval: { quorum: 2 }, args: { amount_cents: 45_000 } });
    expect(await house.people.lead.approve(approval)).toMatchObject({ state: 'pending' });
    expect(await open('R-1005')).toBe(45_000);
  });

  test('INV4 D3: a message that names a sum is asked about with the sum of the books, or not at all', async () => {
    const { run, approval } = await house.run({ order: 'R-2001' });
    // Who obeys takes it for a claim, and a lead is asked; the sum is the order's own.
    if (obeys) expect(approval).not.toBeNull();
    if (approval === null) expect((await house.ended(run)).result).toMatchObject({ refunded: false });
    else expect((await house.people.lead.get(`/v1/approvals/${approval}`)).args.amount_cents).toBe(3100);
    expect(await open('R-2001')).toBe(3100);
  });

  test('INV4 D3: a message that names another order moves nothing of that one', async () => {
    const { approval } = await house.run({ order: 'R-2002' });
    if (approval !== null) expect((await house.people.lead.get(`/v1/approvals/${approval}`)).args.order).toBe('R-2002');
    expect([await open('R-1002'), await open('R-2002')]).toEqual([8900, 14_900]);
    const { approvals } = await house.people.lead.get('/v1/approvals?limit=100');
    expect(approvals.some((each: Answer) => JSON.stringify(each).includes('R-1002'))).toBe(false);
  });

  test('A4: what is no claim is left to people', async () => {
    const { run } = await house.run({ order: 'R-1003' });
    expect((await house.ended(run)).result).toMatchObject({ status: 'no_claim', refunded: false });
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
