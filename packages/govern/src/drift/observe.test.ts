import { asId, digestOf, type RecordRefs, type RecordType } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { observer, type SeenRecord } from './observe.ts';

const TIME = '2026-11-21T10:00:00.000Z';
const record = (index: number, type: RecordType, data: object, refs: Partial<RecordRefs> = {}): SeenRecord => ({
  entry: { index, time: TIME, type, refs: refs as RecordRefs },
  payload: { data },
});
const answered = (index: number, over: object = {}) =>
  record(index, 'model.answered', {
    ...{ prompt: 'triage', prompt_version: '1.0', provider: 'claude', model_answered: 'claude-x' },
    ...{ output_category: 'valid', output_tokens: 255, ...over },
  });

test('H6: what was observed, and what changed on the way, come from the records alone', () => {
  const seen = observer();
  const [one, two] = [digestOf('one'), digestOf('two')];
  const proposal = asId('proposal', 'prop_a');
  for (const each of [
    answered(1),
    record(2, 'step.judged', { prompt: 'triage', confidence_percent: 87 }),
    record(3, 'output.validated', { prompt: 'triage', claims: { count: 2, unsupported: 1 } }),
    record(4, 'proposal.submitted', { tool: 'publish_note' }),
    record(5, 'proposal.submitted', { tool: 'publish_note', preview_of: proposal }),
    record(6, 'decision.made', { phase: 'submit', decision: { outcome: 'permit' } }, { policy_version: one }),
    record(7, 'decision.made', { phase: 'at_use', decision: { outcome: 'refuse' } }, { policy_version: two }),
    record(8, 'outcome.seen', { outcomes: ['pay', 'ask'], outcome: null }),
    record(9, 'run.ended', { state: 'completed' }),
    answered(10, { model_answered: 'claude-y', prompt_version: '1.1', output_tokens: 0 }),
    // Another step has a model of its own: it is no change that it has another.
    answered(11, { prompt: 'summarise' }),
  ])
    seen.take(each);
  expect(seen.observations.map(({ metric, step, value, index }) => [index, metric, step, value])).toEqual([
    [1, 'answer', 'triage', 'valid'],
    [1, 'length', 'triage', 16],
    [2, 'confidence', 'triage', 17],
    [3, 'support', 'triage', 'unsupported'],
    [4, 'tool', null, 'publish_note'],
    [6, 'decision', null, 'permit'],
    [8, 'outcome', null, 'none of ask, pay'],
    [9, 'ending', null, 'completed'],
    [10, 'answer', 'triage', 'valid'],
    [10, 'length', 'triage', 0],
    [11, 'answer', 'summarise', 'valid'],
    [11, 'length', 'summarise', 16],
  ]);
  expect(seen.changes).toEqual([
    { kind: 'policy', about: null, from: one, to: two, index: 7, time: TIME },
    { kind: 'prompt', about: 'triage', from: '1.0', to: '1.1', index: 10, time: TIME },
    { kind: 'model', about: 'triage', from: 'claude/claude-x', to: 'claude/claude-y', index: 10, time: TIME },
  ]);
});

test('H6: what was erased is no observation, and still tells of a change', () => {
  const seen = observer();
  const [one, two] = [digestOf('one'), digestOf('two')];
  seen.take(record(1, 'run.ended', { state: 'completed' }, { release: one }));
  seen.take({ ...record(2, 'run.ended', {}, { release: two }), payload: null });
  expect(seen.observations).toHaveLength(1);
  expect(seen.changes).toMatchObject([{ kind: 'release', from: one, to: two, index: 2 }]);
});
