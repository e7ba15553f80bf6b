import { fixedClock } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { createPolicyEngine } from './engine.ts';
import { historyByTool } from './history.ts';
import { layersWith, ruleText } from './testing/policies.ts';
import { actRequest } from './testing/requests.ts';
import { argumentSchema, toolContract, workflowContract } from './testing/tools.ts';

const tools = [toolContract('file_note', { args: argumentSchema({ case: { type: 'string' } }, ['case']) })];
const contract = workflowContract({
  history: {
    notes: { kind: 'count', tools: ['file_note'], by: ['/case'], window: '1d', counts: 'attempted' },
    writers: { kind: 'requesters', tools: ['file_note'], by: ['/case'], window: '1d', counts: 'attempted' },
  },
});
const engineWith = (tail: string, scope = 'principal, action == Action::"act:file_note", resource') =>
  createPolicyEngine({
    layers: layersWith('action', ruleText('limit', 'forbid', { scope, tail })),
    clock: fixedClock('2026-11-20T10:00:00Z'),
    tools,
    history: historyByTool([{ contract, tools }]),
  });
const ask = (history?: Record<string, number | string[]>) =>
  actRequest({ args: { case: 'c-1' }, ...(history ? { history } : {}) });

describe('history in rules', () => {
  test('C6: rules see numbers and people', () => {
    const engine = engineWith('when { context.history.notes > 2 || context.history.writers.contains(principal) }');
    expect(engine.decide(ask({ notes: 2, writers: ['prn_bob'] })).outcome).toBe('permit');
    expect(engine.decide(ask({ notes: 3, writers: [] })).outcome).toBe('refuse');
    expect(engine.decide(ask({ notes: 0, writers: ['prn_ada'] })).outcome).toBe('refuse');
  });

  test.each([
    ['nothing at all', undefined],
    ['one fact', { notes: 0 }],
    ['a fact of another kind', { notes: [], writers: [] }],
    ['a number that is not whole', { notes: 0.5, writers: [] }],
  ])('C4 C6 INV2: told %s, it refuses by error', (_name, history) => {
    const engine = engineWith('when { context.history.notes > 2 }');
    expect(engine.decide(ask(history as never)).outcome).toBe('refuse');
  });

  test('C8: a rule about a fact that the tool does not have does not load', () => {
    expect(() => engineWith('when { context.history.other > 2 }')).toThrow(/history|other/);
    expect(() => engineWith('when { context.history.notes > 2 }', 'principal, action, resource')).toThrow();
  });
});
