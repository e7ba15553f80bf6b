import type { JsonObject } from '@portreeve/sdk';
import { testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { expect, test } from 'vitest';
import directory from '../../../directory/people.json' with { type: 'json' };
import workflow from '../workflow.ts';

const input = { person: 'u-1007', system: 'billing', hours: 6, need: 'Read the invoices of October for the close.' };
const setUp = (over: Partial<WorkflowTest> = {}): WorkflowTest => ({
  input,
  prompts: new URL('../prompts/', import.meta.url),
  sources: { people: [directory.people[1]!], entitlements: directory.systems.billing },
  answers: {
    'choose-entitlement': (inputs: JsonObject) => ({
      entitlement: 'billing:read-invoices',
      justification: 'It shows invoices and changes nothing.',
      evidence: [(inputs.entitlements as unknown as { id: string }[])[0]!.id],
    }),
  },
  actions: { grant_temporary_access: { status: 'succeeded' } },
  ...over,
});

test('proposes what the model chose, for whom and for how long the manager said', async () => {
  const ran = await testWorkflow(workflow, setUp());
  expect(ran.acts).toMatchObject([
    {
      tool: 'grant_temporary_access',
      args: { person: 'u-1007', entitlement: 'billing:read-invoices', minutes: 360 },
    },
  ]);
  expect(ran.result).toMatchObject({ status: 'granted', granted: true, narrowed: [] });
});

test('D8: the person’s name is not declared and reaches nobody', async () => {
  const ran = await testWorkflow(workflow, setUp());
  expect(directory.people[1]!.name).toBe('Ivo Brandt');
  expect(JSON.stringify(ran)).not.toContain('Ivo Brandt');
});

test.each([
  ['a person that the directory does not know', { people: [], entitlements: directory.systems.billing }],
  ['a system that has nothing to give', { people: [directory.people[1]!], entitlements: [] }],
])('%s: nothing is asked and nothing proposed', async (_name, sources) => {
  const ran = await testWorkflow(workflow, setUp({ sources }));
  expect(ran.asks).toEqual([]);
  expect(ran.result).toEqual({ status: 'nothing_to_grant', granted: false });
});

test.each([
  [{ person: '../u-1007' }],
  [{ hours: 0 }],
  [{ hours: 1.5 }],
  [{ hours: 721 }],
  [{ system: 'Billing' }],
  [{ need: '' }],
  [{ entitlement: 'billing:admin' }],
])('the input %j is refused', async (over) => {
  await expect(testWorkflow(workflow, setUp({ input: { ...input, ...over } }))).rejects.toMatchObject({
    code: 'bad_input',
  });
});
