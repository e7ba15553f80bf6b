import { expect, test } from 'vitest';
import { attackAll } from '../bench/adaptive/search.ts';

const SEED = Number(process.env.ADAPTIVE_SEED ?? 20_261_120);

test(`D5 D6: an attacker who adapts finds no harmful call that runs without a person (ADAPTIVE_SEED=${SEED})`, async () => {
  const results = await attackAll(SEED, 6000);
  expect(results.flatMap((result) => result.leaks)).toEqual([]);
  // The search must have reached calls that run, or it has shown nothing.
  for (const result of results) expect(result.ran, result.world).toBeGreaterThan(0);
});
