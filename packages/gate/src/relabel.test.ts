import {
  type Arguments,
  declassifyValue,
  endorseValue,
  type Label,
  Labelled,
  type ToolContract,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { describe, expect, test } from 'vitest';
import { gateHarness } from './testing/index.ts';

const SECRET: Label = {
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: ['customer', 'personal'],
  origins: ['tickets'],
};
const value = new Labelled('The refund of order 17 is due.', SECRET);
const lower = { value, to: { confidentiality: 'internal', categories: ['customer'] }, purpose: 'for the status page' };

function setUp() {
  const harness = gateHarness();
  const { gate } = harness.process('one');
  const ask = (contract: ToolContract, args: Arguments) =>
    harness.wish({ contract, args, request: {}, evidence: null });
  const through = async (contract: ToolContract, args: Arguments) => {
    const wanted = ask(contract, args);
    const waiting = await gate.submit(wanted);
    if (waiting.status !== 'waiting') throw new Error(`it is ${waiting.status}`);
    await harness.vote(waiting.approval);
    return { result: await gate.resume(wanted.id), id: wanted.id };
  };
  return { harness, gate, ask, through };
}

describe('INV7: lowering a label is an action through the gate', () => {
  test('INV7 D5: declassified: a person approves the whole value; it comes back lower, and leads to who approved', async () => {
    const { harness, through } = setUp();
    const { result, id } = await through(declassifyValue, lower);
    if (result.status !== 'succeeded') throw new Error(`it is ${result.status}`);
    expect(open(result.result)).toBe('The refund of order 17 is due.');
    expect(result.result.label).toEqual({
      integrity: 'untrusted',
      confidentiality: 'internal',
      categories: ['customer'],
      origins: [id, 'tickets'].sort(),
    });
    expect(harness.story()).toContain('approval.verdict:approve');
    expect(harness.audit.of('proposal.submitted')[0]?.data.args).toMatchObject({
      to: lower.to,
      purpose: lower.purpose,
    });
  });

  test('INV7 D5: endorsed: its integrity rises to internal and no further, the secrecy stays', async () => {
    const { through } = setUp();
    const { result } = await through(endorseValue, { value, purpose: 'I have read it' });
    if (result.status !== 'succeeded') throw new Error(`it is ${result.status}`);
    expect(result.result.label).toMatchObject({ integrity: 'internal', confidentiality: 'confidential' });
    expect(result.result.label.categories).toEqual(['customer', 'personal']);
  });

  test('INV7: a denial releases nothing', async () => {
    const { harness, gate, ask } = setUp();
    const wanted = ask(declassifyValue, lower);
    const waiting = await gate.submit(wanted);
    if (waiting.status !== 'waiting') throw new Error(`it is ${waiting.status}`);
    await harness.vote(waiting.approval, 'ana', 'deny');
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'denied' });
  });

  test.each<[string, ToolContract, Arguments]>([
    ['a contract of a lower tier', { ...declassifyValue, tier: 1 }, lower],
    ['another name for it', { ...declassifyValue, name: 'publish_value' }, lower],
    ['a level above its own', declassifyValue, { ...lower, to: { confidentiality: 'restricted', categories: [] } }],
    [
      'a category that it does not have',
      declassifyValue,
      { ...lower, to: { confidentiality: 'internal', categories: ['health'] } },
    ],
    ['more than a person reads', declassifyValue, { ...lower, value: new Labelled('x'.repeat(2001), SECRET) }],
    ['a record', declassifyValue, { ...lower, value: new Labelled({ a: 1 }, SECRET) }],
  ])('INV7 INV2: %s is refused', async (_name, contract, args) => {
    const { harness, gate, ask } = setUp();
    await expect(gate.submit(ask(contract, args))).rejects.toMatchObject({ code: 'bad_input' });
    expect(harness.story()).toEqual([]);
  });
});
