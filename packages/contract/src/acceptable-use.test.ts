import { expect, test } from 'vitest';
import { ACCEPTABLE_USE_ANCHORS, acceptableUseAnchor, acceptableUseLink, PortreeveError, toProblem } from './index.ts';

test('A5: a refusal points to the paragraph of its first reason', () => {
  const of = (layer: 'identity' | 'data' | 'action' | 'environment', code: string) =>
    acceptableUseAnchor([{ layer, code }]);
  expect(of('data', 'out_of_scope')).toBe('scope');
  expect(of('data', 'boundary_logs')).toBe('data');
  expect(of('data', 'not_cleared')).toBe('data');
  expect(of('environment', 'frozen_workflow')).toBe('report');
  expect(of('identity', 'default_deny')).toBe('prohibited');
  expect(of('data', 'untrusted_sink')).toBe('decisions');
  expect(of('action', 'rule_forbids')).toBe('actions');
  expect(acceptableUseAnchor([])).toBe('prohibited');
});

// Links to these stand in records and mails: an anchor may be added, and none may go.
test('A5: the anchors stay', () => {
  expect(ACCEPTABLE_USE_ANCHORS).toEqual([
    ...['purpose', 'approved', 'prohibited', 'scope', 'actions', 'data', 'decisions', 'exceptions', 'report'],
  ]);
});

test('A5: the problem of a refusal carries the link', () => {
  const decision = { reasons: [{ layer: 'data', rule: 'data.source-undeclared', code: 'out_of_scope', text: 'No.' }] };
  const error = new PortreeveError('refused', 'No.', { extra: { workflow: 'case-note', decision } });
  expect(toProblem(error).acceptable_use).toBe('/workflows/case-note#scope');
  expect(toProblem(new PortreeveError('refused', 'No.', { extra: { workflow: 'case-note' } })).acceptable_use).toBe(
    '/workflows/case-note#prohibited',
  );
  expect(toProblem(new PortreeveError('refused', 'No.')).acceptable_use).toBeUndefined();
  expect(acceptableUseLink('a b', [])).toBe('/workflows/a%20b#prohibited');
});
