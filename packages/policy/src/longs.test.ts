import { policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { expect, test } from 'vitest';
import { exactLongs } from './longs.ts';
import { baselinePolicies, combine } from './sources.ts';
import { actRequest } from './testing/index.ts';
import { engineOf, layersWith, ruleText } from './testing/policies.ts';

test.each([
  ['1 + 22', '1 + 22'],
  ['9007199254740991', '9007199254740991'],
  ['9007199254740993', '(2097152 * 4294967296 + 1)'],
  ['-9223372036854775808', '(-2147483648 * 4294967296)'],
  ['- 9223372036854775807', '- (2147483647 * 4294967296 + 4294967295)'],
  ['"9223372036854775807"', '"9223372036854775807"'],
  ['"\\"9223372036854775807"', '"\\"9223372036854775807"'],
  ['a9223372036854775807', 'a9223372036854775807'],
  ['1 // 9223372036854775807\n', '1 // 9223372036854775807\n'],
])('%s', (text, exact) => {
  expect(exactLongs(text)).toBe(exact);
});

test('every literal of a rule survives Cedar’s JSON form exactly', () => {
  const text = exactLongs('permit (principal, action, resource) when { 9223372036854775807 == -9223372036854775808 };');
  expect(JSON.stringify(policyToJson(text))).not.toMatch(/[0-9]{17}/);
});

test('C8: a literal beyond 2^53 is not rounded, neither compiled nor in a workflow’s guarded rule', () => {
  // Rounded, 9007199254740993 would be 9007199254740992, and the two sides would be equal.
  const tail = 'when { 9007199254740993 - resource.tier == 9007199254740991 }';
  const rule = ruleText('x.exact', 'forbid', { scope: 'principal, action == Action::"act", resource', tail });
  const none = { identity: [], data: [], action: [], environment: [] };
  const guarded = combine(baselinePolicies(), {
    workflow: 'triage',
    layers: { ...none, action: [{ file: 'triage/action.cedar', text: rule }] },
  });
  for (const engine of [engineOf(layersWith('action', rule)), engineOf(guarded)]) {
    expect(engine.decide(actRequest({ tool: { tier: 1 } })).outcome).toBe('permit');
    expect(engine.decide(actRequest({ tool: { tier: 2 } })).layers[2]?.rules).toEqual(['x.exact']);
  }
});
