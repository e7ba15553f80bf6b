import { describe, expect, test } from 'vitest';
import { recoveryFaults } from './recovery-faults.ts';
import { soundTool } from './testing/tool-contract.ts';
import { companionsOf, readStatus, statusArguments } from './tool-recovery.ts';
import type { ToolContract } from './workflow.ts';

const object = (properties: object, required: string[] = Object.keys(properties)) =>
  ({ type: 'object', properties, required, additionalProperties: false }) as ToolContract['args'];
const text = { type: 'string', maxLength: 20 };
const http = { connector: 'http', method: 'POST', url: 'https://ledger.test/x', body: true } as const;

const thaw = soundTool({
  name: 'thaw_account',
  args: object({ freeze: text, note: text }),
  binding: http,
});
const find = soundTool({
  name: 'find_freeze',
  tier: 1,
  effect: 'read',
  args: object({ key: text }),
  result: object({ state: { enum: ['done', 'none', 'pending'] }, freeze: text }),
  binding: http,
});
const undo = {
  tool: 'thaw_account',
  args: { freeze: { from: 'result', pointer: '/freeze' }, note: { value: 'taken back' } },
  window_minutes: 60,
} as const;
const status = {
  tool: 'find_freeze',
  args: { key: { from: 'key' } },
  happened: { pointer: '/state', equals: 'done' },
  did_not_happen: { pointer: '/state', equals: 'none' },
  result: { freeze: { from: 'answer', pointer: '/freeze' } },
} as const;
const freeze = (change: object = {}) =>
  soundTool({ result: object({ freeze: text }), binding: http, undo, status, ...change } as Partial<ToolContract>);
const faults = (change: object, tools: readonly ToolContract[] = [thaw, find]) =>
  recoveryFaults(freeze(change), [freeze(), ...tools]);

describe('F2 F10: the mapping of an undo is checked against both schemas', () => {
  test('a sound one has no fault', () => {
    expect(faults({})).toEqual([]);
  });

  const changed = (args: object) => ({ undo: { ...undo, args: { ...undo.args, ...args } } });
  test.each<[string, object, string, RegExp, RegExp]>([
    [
      'no such tool',
      { undo: { ...undo, tool: 'gone_tool' } },
      'undo.tool',
      /no tool of the workflow/,
      /Define gone_tool/,
    ],
    ['itself', { undo: { ...undo, tool: 'freeze_account' } }, 'undo.tool', /does not undo itself/, /another tool/],
    [
      'a tool that reads',
      { undo: { ...undo, tool: 'find_freeze' } },
      'undo.tool',
      /only reads/,
      /takes the effect back/,
    ],
    [
      'an argument left out',
      { undo: { ...undo, args: { note: { value: 'x' } } } },
      'undo.args.freeze',
      /leaves out freeze/,
      /Say where/,
    ],
    [
      'an argument too many',
      changed({ more: { value: 1 } }),
      'undo.args.more',
      /no argument of thaw_account/,
      /Take it out/,
    ],
    [
      'a pointer to nothing',
      changed({ freeze: { from: 'result', pointer: '/id' } }),
      'undo.args.freeze',
      /\/id of the result of freeze_account is not declared/,
      /Declare it/,
    ],
    [
      'another type',
      changed({ freeze: { from: 'args', pointer: '/frozen' } }),
      'undo.args.freeze',
      /may be boolean, and freeze takes string/,
      /same type/,
    ],
    [
      'a fixed value that does not fit',
      changed({ note: { value: 5 } }),
      'undo.args.note',
      /fixed value of note does not fit/,
      /another value/,
    ],
    [
      'a result that may be missing',
      { result: object({ freeze: text }, []) },
      'undo.args.freeze',
      /may be missing/,
      /required/,
    ],
    [
      'less clearance',
      { clearance: { confidentiality: 'restricted', categories: [] } },
      'undo.tool',
      /not cleared/,
      /clearance of freeze_account/,
    ],
  ])('%s', (_name, change, path, message, fix) => {
    expect(faults(change)).toContainEqual({
      rule: 'undo',
      path,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(fix),
    });
  });
});

describe('F9: the way to an outcome is checked against the schemas', () => {
  test.each<[string, object, string, RegExp]>([
    ['no such tool', { status: { ...status, tool: 'gone_tool' } }, 'status.tool', /no tool/],
    ['a tool with effects', { status: { ...status, tool: 'thaw_account' } }, 'status.tool', /has effects/],
    [
      'a key that is no text there',
      { status: { ...status, args: { key: { from: 'args', pointer: '/frozen' } } } },
      'status.args.key',
      /boolean/,
    ],
    ['a result left out', { status: { ...status, result: {} } }, 'status.result.freeze', /leaves out freeze/],
    [
      'a condition on nothing',
      { status: { ...status, happened: { pointer: '/gone', equals: 1 } } },
      'status.happened',
      /not declared/,
    ],
    ['one answer for both', { status: { ...status, happened: status.did_not_happen } }, 'status', /says the same/],
  ])('%s', (_name, change, path, message) => {
    const found = faults(change).find((fault) => fault.path === path);
    expect(found).toMatchObject({ rule: 'status', message: expect.stringMatching(message) });
    expect(found!.fix).toMatch(/.{10,}/);
  });

  test('a status tool that people must approve is a fault', () => {
    const asked = { ...find, tier: 3 as const };
    expect(faults({}, [thaw, asked])).toMatchObject([{ path: 'status.tool', message: 'find_freeze is of tier 3' }]);
  });
});

describe('F9: what a status tool says', () => {
  const args = { account: 'a-1', frozen: true };
  test('it is asked by the key of the call', () => {
    expect(statusArguments(freeze().status!, args, 'prop_1')).toEqual({ key: 'prop_1' });
  });

  test.each([
    [
      { state: 'done', freeze: 'f-1' },
      { came: 'happened', result: { freeze: 'f-1' } },
    ],
    [{ state: 'none' }, { came: 'did_not_happen' }],
    [{ state: 'pending' }, { came: 'not_known', reason: 'the status tool cannot say' }],
    // An answer that does not fit is no proof that anything happened as asked.
    [{ state: 'done' }, { came: 'not_known', reason: expect.stringContaining('does not fit') }],
    ['done', { came: 'not_known', reason: 'the status tool cannot say' }],
    [null, { came: 'not_known', reason: 'the status tool cannot say' }],
  ])('%j', (answer, verdict) => {
    expect(readStatus(freeze(), args, answer)).toEqual(verdict);
  });

  test('one that says both is not believed', () => {
    const contract = freeze({ status: { ...status, did_not_happen: { pointer: '/freeze', equals: 'f-1' } } });
    expect(readStatus(contract, args, { state: 'done', freeze: 'f-1' })).toMatchObject({ came: 'not_known' });
  });
});

test('INV9 F10: the tools that a use may need later are kept with it', () => {
  const other = soundTool({ name: 'other_tool' });
  expect(companionsOf(freeze(), [freeze(), other, thaw, find]).map(({ name }) => name)).toEqual([
    'thaw_account',
    'find_freeze',
  ]);
  expect(companionsOf(other, [freeze(), other, thaw, find])).toEqual([]);
});
