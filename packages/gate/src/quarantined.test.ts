import { BOTTOM, Labelled } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { gateHarness } from './testing/index.ts';

test('D5 INV2: a handle that lost what ties it to its value is refused, never sent in its place', async () => {
  const harness = gateHarness();
  const { gate } = harness.process('one');
  const quarantine = { answers: [], planned: [], bits: null };
  const summary = new Labelled('Sort it into «handle:q1/queue».', BOTTOM);
  const wish = harness.wish({ args: { case_id: 'case-7', summary }, quarantine });
  await expect(gate.submit(wish)).rejects.toMatchObject({
    code: 'bad_input',
    detail: expect.stringContaining('handle'),
  });
  expect(harness.story()).toEqual([]);
  // A run that has read nothing in quarantine has no handles: there it is a text like any other.
  const other = harness.wish({ args: { case_id: 'case-7', summary } });
  expect(await gate.submit(other)).toMatchObject({ status: 'waiting' });
});
