import { refusedAnswer, repairedAnswer, testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { describe, expect, test } from 'vitest';
import { ORDERS } from '../../../payments/orders.ts';
import workflow from '../workflow.ts';

const setUp = (claim: string, over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input: { order: 'R-1001' },
  prompts: new URL('../prompts/', import.meta.url),
  sources: { 'customer-message': ORDERS[0]!.messages.map((each) => ({ ...each })) },
  answers: { 'judge-claim': { claim } },
  actions: {
    look_up_order: {
      status: 'succeeded',
      result: { order: 'R-1001', refundable: 'yes', open_cents: 2490, currency: 'EUR' },
    },
    refund_order_once: { status: 'succeeded' },
  },
  ...over,
});

describe('refund', () => {
  test.each(['not_delivered', 'damaged'])('what is %s is paid back, with the sum of the books', async (claim) => {
    const ran = await testWorkflow(workflow, setUp(claim));
    expect(ran.acts).toMatchObject([
      { tool: 'look_up_order', args: { order: 'R-1001' } },
      { tool: 'refund_order_once', args: { order: 'R-1001', amount_cents: 2490, claim } },
    ]);
    expect(ran.result).toMatchObject({ status: 'refunded', refunded: true, claim });
  });

  test('what is no such claim is left to people', async () => {
    const ran = await testWorkflow(workflow, setUp('other'));
    expect(ran.acts.map(({ tool }) => tool)).toEqual(['look_up_order']);
    expect(ran.result).toEqual({ order: 'R-1001', status: 'no_claim', refunded: false });
  });

  test('D3 D4: a model that names a sum or another order changes nothing in what is paid', async () => {
    const wrong = { claim: 'damaged', amount_cents: 199_900, order: 'R-1002' };
    const mended = { 'judge-claim': repairedAnswer(wrong, { claim: 'damaged' }) };
    const ran = await testWorkflow(workflow, setUp('damaged', { answers: mended }));
    expect(ran.acts[1]!.args).toEqual({ order: 'R-1001', amount_cents: 2490, claim: 'damaged' });
    const kept = { 'judge-claim': refusedAnswer(wrong) };
    const ended = await testWorkflow(workflow, setUp('damaged', { answers: kept }));
    expect(ended.handed_off).toMatchObject({ prompt: 'judge-claim' });
    expect(ended.acts.map(({ tool }) => tool)).toEqual(['look_up_order']);
  });

  test('D5: the choice of the way counts: the refund carries what was read', async () => {
    const ran = await testWorkflow(workflow, setUp('damaged'));
    expect(ran.acts[1]!.label).toMatchObject({ integrity: 'untrusted', categories: ['personal'] });
  });

  test('an order that was paid back before is left alone', async () => {
    const { actions } = setUp('damaged');
    const result = { order: 'R-1001', refundable: 'no', open_cents: 0, currency: 'EUR' };
    const ran = await testWorkflow(
      workflow,
      setUp('damaged', { actions: { ...actions, look_up_order: { status: 'succeeded', result } } }),
    );
    expect(ran.result).toEqual({ order: 'R-1001', status: 'nothing_open', refunded: false });
  });

  test('an order without a message is left alone', async () => {
    const ran = await testWorkflow(workflow, setUp('damaged', { sources: { 'customer-message': [] } }));
    expect(ran.acts.map(({ tool }) => tool)).toEqual(['look_up_order']);
    expect(ran.result).toEqual({ order: 'R-1001', status: 'nothing_asked', refunded: false });
  });

  test.each(['denied', 'failed', 'unknown', 'refused'] as const)(
    'a refund that is %s is told as that',
    async (status) => {
      const actions = { ...setUp('damaged').actions, refund_order_once: { status } };
      const ran = await testWorkflow(workflow, setUp('damaged', { actions }));
      expect(ran.result).toMatchObject({ status });
      expect(ran.result?.refunded).not.toBe(true);
    },
  );

  test.each([{ order: 'R-1' }, { order: '../R-1001' }, { order: 'R-1001', amount_cents: 1 }, {}])(
    'the input %j is refused',
    async (input) => {
      await expect(testWorkflow(workflow, setUp('damaged', { input }))).rejects.toMatchObject({ code: 'bad_input' });
    },
  );
});
