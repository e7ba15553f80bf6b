import { canonicalJson } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeEntry } from './place.ts';

/** The plain way: parse, set, write anew. */
function placeByParsing(staged: string, index: number, notBefore: string): string {
  const entry = JSON.parse(staged);
  return canonicalJson({ ...entry, index, time: entry.time < notBefore ? notBefore : entry.time });
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()),
  fc.constantFrom(
    ',"index":0,',
    '","index":0,"x":"',
    ',"time":"2001-01-01T00:00:00.000Z"',
    '\\',
    '"',
    '\\",\\"time\\":\\"',
  ),
);
const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());

describe('G2: the place of a record', () => {
  test('the spliced leaf is the RFC 8785 text of the entry with its index and time, whatever stands in it', () => {
    const seed = Date.now();
    fc.assert(
      fc.property(
        nasty,
        nasty,
        nasty,
        nasty,
        time,
        time,
        fc.nat({ max: 2 ** 31 }),
        (a, b, c, d, own, before, index) => {
          const staged = canonicalJson({
            v: 1,
            id: 'rec_1',
            log: a,
            index: 0,
            time: own,
            type: 'x.y',
            actor: { id: b, kind: 'person', name: c, act: [{ id: d, kind: 'agent' }] },
            refs: { run: d },
            outcome: c,
            payload_digest: 'sha256:0',
          });
          const placed = placeEntry(staged, index, before);
          expect(placed.entry).toBe(placeByParsing(staged, index, before));
          expect(placed.time).toBe([own, before].sort()[1]);
        },
      ),
      { numRuns: 3000, seed },
    );
  });

  test('the largest index fits', () => {
    const staged = canonicalJson({ a: 1, index: 0, time: '2026-11-20T08:00:00.000Z' });
    expect(placeEntry(staged, Number.MAX_SAFE_INTEGER, '').entry).toContain('"index":9007199254740991,');
  });

  test('what is no staged entry is a defect', () => {
    expect(() => placeEntry('{}', 1, '')).toThrow(TypeError);
  });
});
