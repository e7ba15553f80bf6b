import type { Remedy } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { mergeRemedies, parseRemedy, resolveRemedy } from './remedy.ts';
import { workflowFacts } from './testing/index.ts';

describe('parseRemedy', () => {
  test.each<[string, Remedy | null]>([
    ['approval:leads:1', { kind: 'approval', groups: ['leads'], quorum: 1 }],
    ['approval:leads:2:device_bound', { kind: 'approval', groups: ['leads'], quorum: 2, signature: 'device_bound' }],
    ['approval:leads:1:passkey', { kind: 'approval', groups: ['leads'], quorum: 1, signature: 'passkey' }],
    ['approval:$workflow,finance:2', { kind: 'approval', groups: ['$workflow', 'finance'], quorum: 2 }],
    ['approval:oidc:team a:16', { kind: 'approval', groups: ['oidc:team a'], quorum: 16 }],
    ['narrow:read-only', { kind: 'narrow', profile: 'read-only' }],
    ['deidentify', { kind: 'deidentify' }],
    ...[
      '',
      'approval',
      'approval:leads',
      'approval::1',
      'approval:leads:0',
      'approval:leads:17',
      'approval:a,,b:1',
    ].map((text): [string, null] => [text, null]),
    ...['approval:leads:1.5', 'approval:leads:-1', 'narrow:', 'narrow:A B', 'deidentify:all', 'permit'].map(
      (text): [string, null] => [text, null],
    ),
  ])('%j', (text, expected) => {
    expect(parseRemedy(text)).toEqual(expected);
  });
});

test('$workflow becomes the groups of the workflow; nobody to ask is no remedy', () => {
  const remedy = parseRemedy('approval:$workflow,finance:1')!;
  expect(resolveRemedy(remedy, 'act', workflowFacts({ approvers: ['leads', 'finance'] }))).toEqual({
    kind: 'approval',
    groups: ['finance', 'leads'],
    quorum: 1,
  });
  expect(resolveRemedy(parseRemedy('approval:$workflow:1')!, 'act', workflowFacts({ approvers: [] }))).toBeNull();
});

test('C2: a remedy lifts what somebody carries out: an action by people or a profile, a question by pseudonyms', () => {
  const approval = parseRemedy('approval:leads:1')!;
  expect(
    ['act', 'admit', 'read', 'ask', 'api'].map((kind) => resolveRemedy(approval, kind, workflowFacts()) !== null),
  ).toEqual([true, false, false, false, false]);
  const lifted = (remedy: Remedy) =>
    ['act', 'admit', 'read', 'ask', 'api'].filter((kind) => resolveRemedy(remedy, kind, workflowFacts()) !== null);
  expect(lifted({ kind: 'narrow', profile: 'x' })).toEqual(['act']);
  expect(lifted({ kind: 'deidentify' })).toEqual(['ask']);
});

test('merging keeps the largest quorum of the same groups, each other demand by itself, and puts narrowing first', () => {
  expect(
    mergeRemedies([
      { kind: 'approval', groups: ['b', 'a'], quorum: 2 },
      { kind: 'approval', groups: ['b'], quorum: 1 },
      { kind: 'deidentify' },
      { kind: 'approval', groups: ['a', 'b'], quorum: 1 },
      { kind: 'narrow', profile: 'p' },
      { kind: 'deidentify' },
      { kind: 'narrow', profile: 'p' },
    ]),
  ).toEqual([
    { kind: 'narrow', profile: 'p' },
    { kind: 'deidentify' },
    { kind: 'approval', groups: ['a', 'b'], quorum: 2 },
    { kind: 'approval', groups: ['b'], quorum: 1 },
  ]);
  expect(mergeRemedies([])).toEqual([]);
});
