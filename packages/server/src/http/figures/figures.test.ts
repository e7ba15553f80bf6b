import type { AuditRecord } from '@portreeve/contract';
import { RECORD_TYPE_NAMES } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { CODES, figures, isCounted } from './figures.ts';
import { marksOf } from './marks.ts';
import { prometheusText } from './metrics.ts';
import { type Attempt, costsOf, modelUse, timesOf } from './model-use.ts';

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

const attempt = (
  over: Partial<Attempt> & { micros?: number | null; currency?: string; latency_ms?: number },
): Attempt => ({
  refs: over.refs ?? { workflow: 'a' },
  time: over.time ?? '2026-11-21T08:00:00.000Z',
  answered: over.answered ?? true,
  data: {
    cost: over.micros === null ? null : { currency: over.currency ?? 'EUR', micros: over.micros ?? 1 },
    ...{ input_tokens: 1, output_tokens: 1, latency_ms: over.latency_ms ?? 1, model_asked: 'm' },
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

const at = (part: number) => `2026-11-21T0${part}:30:00.000Z`;
const time = { by: 'policy_version' as const, parts: 4, partOf: (each: string) => Number(each[12]) };

test('H6: cost over time is in whole millionths by currency, with what failed, and a part without any costs nothing', () => {
  const attempts = [
    attempt({ time: at(1), micros: 100_001 }),
    attempt({ time: at(1), micros: 200_002, answered: false }),
    attempt({ time: at(3), micros: 7 }),
    attempt({ time: at(3), micros: 9, currency: 'USD' }),
    attempt({ time: at(2), micros: null }),
  ];
  expect(timesOf(attempts, { ...time, from: 0 }).spent).toEqual([
    { currency: 'EUR', micros: 300_010, series: [0, 300_003, 0, 7] },
    { currency: 'USD', micros: 9, series: [0, 0, 0, 9] },
  ]);
});

test('H6: latency over time is the median and the 95th of what was answered, by policy too, and null where nothing was', () => {
  const answer = (latency_ms: number, part: number, policy_version?: string) =>
    attempt({ latency_ms, time: at(part), refs: policy_version ? { policy_version } : {} });
  const slow = Array.from({ length: 20 }, (_, n) => answer((n + 1) * 10, 1, 'p1'));
  const { latency, latencies } = timesOf(
    [...slow, answer(7, 2, 'p2'), answer(8, 2), attempt({ answered: false, latency_ms: 9999, time: at(2) })],
    { ...time, from: 1 },
  );
  expect(latency).toEqual({
    ...{ answers: 22, p50_ms: 90, p95_ms: 190 },
    series: [
      null,
      { answers: 20, p50_ms: 100, p95_ms: 190 },
      { answers: 2, p50_ms: 7, p95_ms: 8 },
      { answers: 0, p50_ms: null, p95_ms: null },
    ],
  });
  expect(latencies).toEqual([
    { value: 'p1', answers: 20, p50_ms: 100, p95_ms: 190 },
    { value: null, answers: 1, p50_ms: 8, p95_ms: 8 },
    { value: 'p2', answers: 1, p50_ms: 7, p95_ms: 7 },
  ]);
  const none = { answers: 0, p50_ms: null, p95_ms: null };
  expect(timesOf([], { ...time, from: 0 })).toEqual({
    ...{ spent: [], latencies: [], latency: { ...none, series: [none, none, none, none] } },
  });
});

test('H6: of a time that was not read whole, the parts that are not known are said to be so', async () => {
  const filter = { since: '2026-11-21T00:00:00.000Z', until: '2026-11-21T04:00:00.000Z' };
  const newest = Array.from({ length: 2500 }, (_, n) => {
    const recorded = new Date(Date.parse(filter.until) - 1 - n * 3600).toISOString();
    const { data, refs } = attempt({});
    return { entry: { index: 2500 - n, type: 'model.answered', refs, time: recorded }, payload: { data } };
  });
  const search = async ({ limit, after }: { limit: number; after?: string }) => {
    const from = Number(after ?? 0);
    const records = newest.slice(from, from + limit);
    return { records, next: from + limit < newest.length ? String(from + limit) : null };
  };
  const use = await modelUse({ search } as never, filter, { by: 'workflow', parts: 4 });
  // 2000 of them are read, back into the third part: of that one nobody knows what came before.
  expect(use.whole).toBe(false);
  expect(use.spent[0]!.series).toEqual([null, null, null, 1000]);
  expect(use.latency.series.map((part) => part?.answers ?? null)).toEqual([null, null, null, 1000]);
  const shorter = { ...filter, since: '2026-11-21T03:00:00.000Z' };
  const few = { search: async () => ({ records: newest.slice(0, 1000), next: null }) };
  const whole = await modelUse(few as never, shorter, { by: 'workflow', parts: 2 });
  expect(whole.whole).toBe(true);
  expect(whole.spent[0]!.series).toEqual([500, 500]);
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
