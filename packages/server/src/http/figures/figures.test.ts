import type { AuditRecord } from '@portreeve/contract';
import { RECORD_TYPE_NAMES } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { CODES, figures, isCounted } from './figures.ts';
import { marksOf } from './marks.ts';
import { prometheusText } from './metrics.ts';
import { type Attempt, costsOf } from './model-use.ts';

test('H6: each figure has an id of its own and counts a type of record that there is', () => {
  expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
  for (const { filter } of figures) expect(RECORD_TYPE_NAMES).toContain(filter.type);
  expect(CODES).toEqual(['repeated_call']);
  const needless = figures.find(({ id }) => id === 'needless')!;
  const row = { type: 'proposal.submitted', outcome: '' };
  expect([
    isCounted(needless, { ...row, codes: [] }),
    isCounted(needless, { ...row, codes: ['repeated_call'] }),
  ]).toEqual([false, true]);
});

const attempt = (over: Partial<Attempt> & { micros?: number | null; currency?: string }): Attempt => ({
  refs: over.refs ?? { workflow: 'a' },
  answered: over.answered ?? true,
  data: {
    cost: over.micros === null ? null : { currency: over.currency ?? 'EUR', micros: over.micros ?? 1 },
    ...{ input_tokens: 1, output_tokens: 1, latency_ms: 1, model_asked: 'm' },
  },
});

test('H6: money is summed in whole millionths, by what was asked for, and nothing without a price is free', () => {
  const attempts = [
    attempt({ micros: 100_001 }),
    attempt({ micros: 200_002, answered: false }),
    attempt({ micros: null }),
    attempt({ refs: { workflow: 'b' }, micros: 7, currency: 'USD' }),
    attempt({ refs: {}, micros: 0 }),
  ];
  expect(costsOf(attempts, 'workflow')).toEqual([
    { value: 'a', currency: 'EUR', micros: 300_003, answered: 1, failed: 1, unpriced: 0 },
    { value: 'b', currency: 'USD', micros: 7, answered: 1, failed: 0, unpriced: 0 },
    { value: 'a', currency: '', micros: 0, answered: 1, failed: 0, unpriced: 1 },
    { value: null, currency: 'EUR', micros: 0, answered: 1, failed: 0, unpriced: 0 },
  ]);
  const prompts = [attempt({ refs: { prompt: 'p', prompt_version: '2' } }), attempt({ refs: { prompt: 'p' } })];
  expect(costsOf(prompts, 'prompt').map(({ value }) => value)).toEqual(['p 2', 'p']);
});

test('H6: a change of policy, release, model or environment is marked, also one back to what was before', async () => {
  const record = (index: number, type: string, data: object): AuditRecord =>
    ({
      place: String(index),
      entry: { index, type, refs: {}, time: `2026-11-21T08:00:0${index}.000Z`, payload_digest: 'x' },
      payload: { data },
    }) as never;
  const changes = (...parts: [part: string, change?: string][]) => ({
    changes: parts.map(([part, change = 'changed']) => ({ part, change })),
  });
  const records = [
    record(0, 'config.changed', changes(['policy', 'added'], ['workflow.a', 'added'], ['grants', 'added'])),
    record(1, 'config.changed', changes(['policy'])),
    record(2, 'config.changed', changes(['policy'], ['workflow.a'], ['workflow.b', 'removed'])),
    record(3, 'config.changed', changes(['models.main.model'], ['models.main.url'], ['grants'])),
    record(4, 'release.moved', { workflow: 'a', from: 'staging', to: 'production' }),
    record(5, 'release.moved', { workflow: 'a', from: 'production', to: 'retired' }),
    record(6, 'environment.changed', { subject: 'freeze:all', state: 'everything' }),
  ];
  const time = { since: '2026-11-21T08:00:00.000Z', until: '2026-11-22T08:00:00.000Z' };
  const marks = await marksOf({ search: async () => ({ records, next: null }) } as never, time);
  expect(marks.map(({ place, what }) => [place, what])).toEqual([
    ['0', 'policy loaded'],
    ['0', 'release of a loaded'],
    ['1', 'another policy'],
    ['2', 'another policy'],
    ['2', 'another release of a'],
    ['2', 'release of b gone'],
    ['3', 'another model main'],
    ['4', 'release of a to production'],
    ['6', 'freeze:all everything'],
  ]);
});

test('H6: a label’s value cannot end the line of a metric', () => {
  const labels = { model: 'a"} 1\nportreeve_records_total{x="\\' };
  const text = prometheusText([{ metric: 'portreeve_model_tokens', labels, workflow: '', value: 1 }]);
  expect(text).toContain(
    'portreeve_model_tokens_total{model="a\\"} 1\\nportreeve_records_total{x=\\"\\\\",workflow=""} 1\n',
  );
  expect(text.split('\n').filter((line) => !line.startsWith('#') && line !== '')).toHaveLength(1);
});
