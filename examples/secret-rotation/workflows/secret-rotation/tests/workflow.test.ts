import { testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { expect, test } from 'vitest';
import workflow from '../workflow.ts';

const input = { service: 'payments-db', older_than_days: 90, overlap_minutes: 60 };
const setUp = (over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input,
  sources: {
    'due-secrets': [{ service: 'payments-db', version: '1', age_days: '134' }],
    'consumers-behind': [],
  },
  actions: {
    rotate_service_secret_with_overlap: { status: 'succeeded' },
    restore_previous_service_secret: { status: 'succeeded' },
  },
  ...over,
});
const behind = [{ consumer: 'nightly-export', uses_version: '1', newest_version: '2' }];

test('rotates what is due, for the service and the overlap of the request', async () => {
  const ran = await testWorkflow(workflow, setUp());
  expect(ran.acts).toMatchObject([
    { tool: 'rotate_service_secret_with_overlap', args: { service: 'payments-db', overlap_minutes: 60 } },
  ]);
  expect(ran.result).toMatchObject({ status: 'rotated', rotated: true });
});

test('what is not due is left alone', async () => {
  const ran = await testWorkflow(workflow, setUp({ sources: { 'due-secrets': [], 'consumers-behind': [] } }));
  expect(ran.acts).toEqual([]);
  expect(ran.result).toEqual({ status: 'not_due', rotated: false });
});

test('F9: where something does not take the new secret up, it goes back', async () => {
  const sources = { ...setUp().sources, 'consumers-behind': behind };
  const ran = await testWorkflow(workflow, setUp({ sources }));
  expect(ran.acts.map(({ tool }) => tool)).toEqual([
    'rotate_service_secret_with_overlap',
    'restore_previous_service_secret',
  ]);
  expect(ran.result).toEqual({ status: 'restored', rotated: false });
});

test('a rotation that is denied changes nothing and is not gone back on', async () => {
  const actions = { ...setUp().actions, rotate_service_secret_with_overlap: { status: 'denied' as const } };
  const ran = await testWorkflow(workflow, setUp({ actions }));
  expect(ran.acts).toHaveLength(1);
  expect(ran.result).toEqual({ status: 'denied', rotated: false });
});

test.each([
  [{ service: '../payments-db' }],
  [{ service: 'Payments' }],
  [{ older_than_days: -1 }],
  [{ overlap_minutes: 0 }],
  [{ overlap_minutes: 1441 }],
  [{ password: 'x' }],
])('the input %j is refused', async (over) => {
  await expect(testWorkflow(workflow, setUp({ input: { ...input, ...over } }))).rejects.toMatchObject({
    code: 'bad_input',
  });
});
