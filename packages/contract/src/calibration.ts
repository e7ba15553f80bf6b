import { z } from 'zod';

/** One recorded answer of a step's tests: how sure the model said it was, in per cent, and whether it was right. */
export const testAnswerSchema = z.strictObject({ confidence: z.int().min(0).max(100), right: z.boolean() });
export type TestAnswer = z.infer<typeof testAnswerSchema>;

/** Answers of a confidence from `from` to `to` (per cent) were right `per_mille` times in 1000, counted carefully. */
export interface CalibrationBand {
  readonly from: number;
  readonly to: number;
  readonly answers: number;
  readonly right: number;
  readonly per_mille: number;
}

/** What the confidence of one step is worth: bands from 0 to 100 without gaps, each worth more than the one before it. */
export type Calibration = readonly CalibrationBand[];

/** Fewer recorded answers than this measure nothing. */
export const CALIBRATION_ANSWERS_MIN = 20;

/**
 * Isotonic regression by pooling neighbours (pool adjacent violators), in whole numbers. A band counts one answer more
 * than it has, a wrong one: few answers never make sure. `null`: there are too few of them.
 */
export function calibrate(answers: readonly TestAnswer[]): Calibration | null {
  if (answers.length < CALIBRATION_ANSWERS_MIN) return null;
  const pools: { from: number; to: number; answers: number; right: number }[] = [];
  for (const confidence of [...new Set(answers.map((each) => each.confidence))].sort((a, b) => a - b)) {
    const same = answers.filter((each) => each.confidence === confidence);
    pools.push({
      from: confidence,
      to: confidence,
      answers: same.length,
      right: same.filter((each) => each.right).length,
    });
    for (let last = pools.at(-1)!, before = pools.at(-2); before && worth(before) >= worth(last); ) {
      pools.splice(-2, 2, {
        from: before.from,
        to: last.to,
        answers: before.answers + last.answers,
        right: before.right + last.right,
      });
      last = pools.at(-1)!;
      before = pools.at(-2);
    }
  }
  return pools.map((pool, index) => ({
    ...pool,
    // What lies between two bands is worth no more than the lower one.
    from: index === 0 ? 0 : pool.from,
    to: index === pools.length - 1 ? 100 : pools[index + 1]!.from - 1,
    per_mille: worth(pool),
  }));
}

/** What a stated confidence is worth, in per mille. */
export function calibrated(table: Calibration, confidence: number): number {
  const band = table.find(({ from, to }) => from <= confidence && confidence <= to);
  if (!band) throw new RangeError(`a confidence is 0 to 100, not ${confidence}`);
  return band.per_mille;
}

const worth = (pool: { readonly answers: number; readonly right: number }): number =>
  Math.floor((1000 * pool.right) / (pool.answers + 1));
