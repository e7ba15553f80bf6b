import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { INJECTION_LIKELY, scoreInjection } from './score-injection.ts';

const folder = new URL('../../../../../shared/bench/detect/', import.meta.url);
const present = existsSync(folder);
if (!present) console.log('skipped: the public sets (bench/detect) are not here');
// A file without any test fails.
test.skipIf(present)('the public sets are not here', () => undefined);

interface Row {
  readonly text: string;
  readonly label: 0 | 1;
}

/** The share of a set's rows of one label that is flagged. All rows: these sets are held out of training whole. */
function flagged(set: string, label: 0 | 1): number {
  const text = gunzipSync(readFileSync(new URL(`${set}.jsonl.gz`, folder))).toString('utf8');
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
    .filter((row) => row.label === label);
  return rows.filter((row) => scoreInjection(row.text).score >= INJECTION_LIKELY).length / rows.length;
}

describe.skipIf(!present)('on sets that it was not trained with, at the shipped threshold', () => {
  test.each(['agentdojo-tool-outputs', 'garak-latent-injection'])('D4: recall above 0.9 on %s', (set) => {
    expect(flagged(set, 1)).toBeGreaterThan(0.9);
  });

  test('D4: fewer than 5% false alarms on honest texts full of trigger words', () => {
    expect(flagged('notinject-a', 0)).toBeLessThan(0.05);
  });

  test('D4: few false alarms on honest tool outputs', () => {
    expect(flagged('agentdojo-tool-outputs', 0)).toBeLessThan(0.02);
  });
});

test('D4: the weights are small, and of the version that this code reads', () => {
  const file = readFileSync(new URL('./weights/injection.bin', import.meta.url));
  expect(file.length).toBeLessThan(300 * 1024);
  expect(file.subarray(0, 4).toString('latin1')).toBe('PVM1');
});
