import { stampingRulesSchema } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { figuresBy, MEASURED_VERDICTS, type MeasuredDecision } from './figures.ts';

const rules = stampingRulesSchema.parse({});
const START = Date.parse('2026-11-02T09:00:00.000Z');
const decision = (index: number, over: Partial<MeasuredDecision> = {}): MeasuredDecision => ({
  record: String(index),
  reviewer: 'prn_ana',
  teams: ['leads'],
  kind: 'publish_note',
  verdict: index % 2 === 0 ? 'approve' : 'deny',
  at: new Date(START + index * 600_000).toISOString(),
  to_verdict_ms: 300_000,
  in_view_ms: 60_000,
  ...over,
});
const many = (count: number, over: (index: number) => Partial<MeasuredDecision> = () => ({})) =>
  Array.from({ length: count }, (_, index) => decision(index, over(index)));
const one = (decisions: readonly MeasuredDecision[]) => figuresBy(decisions, ({ reviewer }) => [reviewer], rules)[0]!;
const told = (decisions: readonly MeasuredDecision[]) => one(decisions).alarms.map(({ alarm }) => alarm);

test('H7: time to verdict, time in view and approval rate, each with the records that it is of', () => {
  const verdicts = ['approve', 'approve', 'deny', 'amend', 'confirm'] as const;
  const figures = one(
    verdicts.map((verdict, index) =>
      decision(index, { verdict, to_verdict_ms: (index + 1) * 1000, in_view_ms: index === 0 ? null : index * 100 }),
    ),
  );
  expect(figures).toEqual({
    name: 'prn_ana',
    ...{ verdicts: 5, approved: 2, denied: 1, amended: 1, confirmed: 1, approved_percent: 50 },
    ...{ to_verdict_p50_ms: 3000, to_verdict_p90_ms: 5000, in_view_p50_ms: 200, in_view_known: 4 },
    alarms: [],
    records: ['4', '3', '2', '1', '0'],
  });
});

describe('H7: alarms for stamping, each by its rule', () => {
  test('somebody who takes their time, says no too, and decides one by one, is told of nothing', () => {
    expect(told(many(40))).toEqual([]);
  });
  test('fast: half of at least twenty, by what was in view, and by the clock where nothing is known of that', () => {
    expect(told(many(20, (index) => (index < 10 ? { in_view_ms: 9999 } : {})))).toEqual(['fast']);
    expect(told(many(20, (index) => (index < 9 ? { in_view_ms: 9999 } : {})))).toEqual([]);
    expect(told(many(20, () => ({ in_view_ms: null, to_verdict_ms: 9999 })))).toEqual(['fast']);
    expect(told(many(19, () => ({ in_view_ms: 1 })))).toEqual([]);
  });
  test('always yes: 98 of a hundred; a confirmation of one\u2019s own request is none', () => {
    expect(told(many(100, (index) => ({ verdict: index < 98 ? 'approve' : 'deny' })))).toEqual(['always_yes']);
    expect(told(many(100, (index) => ({ verdict: index < 97 ? 'approve' : 'amend' })))).toEqual([]);
    expect(told(many(100, () => ({ verdict: 'confirm', in_view_ms: 1 })))).toEqual([]);
  });
  test('a large batch: ten by one person within a minute, not by ten people', () => {
    const at = (index: number) => ({ at: new Date(START + index * 6_600).toISOString() });
    expect(told(many(10, at))).toEqual(['large_batch']);
    expect(told(many(9, at))).toEqual([]);
    const team = figuresBy(
      many(10, (index) => ({ ...at(index), reviewer: `prn_${index}` })),
      ({ teams }) => teams,
      rules,
    );
    expect(team[0]!.alarms).toEqual([]);
  });
});

test('H7: whatever was decided, the parts add up and every record is named once a name', () => {
  const some = fc.array(
    fc.record({
      verdict: fc.constantFrom(...MEASURED_VERDICTS),
      reviewer: fc.constantFrom('prn_a', 'prn_b', 'prn_c'),
      to_verdict_ms: fc.nat(1e9),
      in_view_ms: fc.option(fc.nat(1e7)),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(some, (given) => {
      const decisions = given.map((over, index) => decision(index, over));
      const figures = figuresBy(decisions, ({ reviewer }) => [reviewer], rules);
      expect(figures.reduce((sum, { verdicts }) => sum + verdicts, 0)).toBe(decisions.length);
      expect(figures.flatMap(({ records }) => records).sort((a, b) => Number(a) - Number(b))).toEqual(
        decisions.map(({ record }) => record),
      );
      for (const each of figures) {
        expect(each.approved + each.denied + each.amended + each.confirmed).toBe(each.verdicts);
        expect(each.to_verdict_p50_ms!).toBeLessThanOrEqual(each.to_verdict_p90_ms!);
      }
    }),
  );
});
