import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseEvidence } from './choose-evidence.ts';
import { makeEvidence } from './evidence.ts';

const cost = () => 10;

describe('choosing evidence', () => {
  test('what fits is shown whole and in its order', () => {
    const evidence = [3, 1, 2].map((n) => makeEvidence('logs', n, { n }));
    expect(chooseEvidence(evidence, 30, cost)).toEqual({ chosen: evidence, leftOut: 0 });
  });

  test('rare shapes first: a flood of one kind does not push out the single event of another', () => {
    const flood = Array.from({ length: 200 }, (_, index) =>
      makeEvidence('logs', index + 1, { EventID: 10, Time: `t${index}` }),
    );
    const rare = makeEvidence('logs', 201, { EventID: 1, Time: 'late', CommandLine: 'dump' });
    const other = makeEvidence('logs', 202, { EventID: 13, Time: 'later' });
    const { chosen, leftOut } = chooseEvidence([...flood, rare, other], 50, cost);
    expect(chosen.map((item) => item.position)).toEqual([1, 2, 3, 201, 202]);
    expect(leftOut).toBe(197);
  });

  test('a long document of one input does not push out the few pieces of another, and its beginning stays', () => {
    const long = Array.from({ length: 300 }, (_, index) => makeEvidence('mail', index + 1, { text: `block ${index}` }));
    const few = [1, 2].map((n) => makeEvidence('mail', n + 1000, { text: `policy ${n}` }));
    const inputOf = (item: (typeof few)[number]) => (item.position > 1000 ? 'policy' : 'mail');
    const { chosen, leftOut } = chooseEvidence([...long, ...few], 50, cost, inputOf);
    expect(chosen.map((item) => item.position)).toEqual([1, 2, 3, 1001, 1002]);
    expect(leftOut).toBe(297);
  });

  test('for any evidence: within the budget, in order, nothing twice, the rest counted, the same again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ kind: fc.integer({ min: 1, max: 4 }), text: fc.string({ maxLength: 30 }) }), {
          maxLength: 60,
        }),
        fc.integer({ min: 0, max: 400 }),
        (items, budget) => {
          const evidence = items.map((fields, index) => makeEvidence('logs', index + 1, fields));
          const price = (item: (typeof evidence)[number]) => JSON.stringify(item.fields).length;
          const { chosen, leftOut } = chooseEvidence(evidence, budget, price);
          expect(chosen.reduce((sum, item) => sum + price(item), 0)).toBeLessThanOrEqual(budget);
          expect(chosen.length + leftOut).toBe(evidence.length);
          const positions = chosen.map((item) => item.position);
          expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
          expect(chooseEvidence(evidence, budget, price).chosen).toEqual(chosen);
          // Nothing that is left out would still fit.
          const left = budget - chosen.reduce((sum, item) => sum + price(item), 0);
          for (const item of evidence) if (!chosen.includes(item)) expect(price(item)).toBeGreaterThan(left);
        },
      ),
    );
  });
});
