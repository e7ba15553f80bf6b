import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CALIBRATION_ANSWERS_MIN, calibrate, calibrated, type TestAnswer } from './calibration.ts';

const answers = (confidence: number, right: number, wrong: number): TestAnswer[] => [
  ...Array.from({ length: right }, () => ({ confidence, right: true })),
  ...Array.from({ length: wrong }, () => ({ confidence, right: false })),
];

describe('A4: what confidence is worth', () => {
  test('by how often answers of it were right, one wrong answer added', () => {
    const table = calibrate([...answers(20, 2, 8), ...answers(60, 6, 4), ...answers(95, 19, 0)])!;
    expect(table).toEqual([
      { from: 0, to: 59, answers: 10, right: 2, per_mille: 181 },
      { from: 60, to: 94, answers: 10, right: 6, per_mille: 545 },
      { from: 95, to: 100, answers: 19, right: 19, per_mille: 950 },
    ]);
    expect([0, 59, 60, 94, 95, 100].map((each) => calibrated(table, each))).toEqual([181, 181, 545, 545, 950, 950]);
    expect(() => calibrated(table, 101)).toThrow(RangeError);
  });

  test('neighbours of which the surer was right less often are one band', () => {
    const table = calibrate([...answers(70, 9, 1), ...answers(80, 5, 5), ...answers(90, 10, 0)])!;
    expect(table.map(({ from, to, per_mille }) => [from, to, per_mille])).toEqual([
      [0, 89, 666],
      [90, 100, 909],
    ]);
  });

  test('a model that is always sure and often wrong is worth what it was right', () => {
    expect(calibrate(answers(99, 12, 12))!.map(({ per_mille }) => per_mille)).toEqual([480]);
  });

  test('too few answers measure nothing', () => {
    expect(calibrate(answers(90, CALIBRATION_ANSWERS_MIN - 1, 0))).toBeNull();
  });

  test('bands cover 0 to 100 without gaps, rise, and count every answer; in whole numbers', () => {
    const one = fc.record({ confidence: fc.integer({ min: 0, max: 100 }), right: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { minLength: CALIBRATION_ANSWERS_MIN, maxLength: 200 }), (recorded) => {
        const table = calibrate(recorded)!;
        expect(table[0]!.from).toBe(0);
        expect(table.at(-1)!.to).toBe(100);
        for (const [index, band] of table.entries()) {
          const next = table[index + 1];
          if (next) expect([next.from, next.per_mille > band.per_mille]).toEqual([band.to + 1, true]);
          expect(Number.isInteger(band.per_mille)).toBe(true);
          // Never more than was measured.
          expect(band.per_mille * band.answers).toBeLessThan(1000 * band.right + (band.right === 0 ? 1 : 0));
        }
        expect(table.reduce((sum, band) => sum + band.answers, 0)).toBe(recorded.length);
      }),
      { numRuns: 200, verbose: 1 },
    );
  });
});
