import { digestOf } from '@portreeve/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestDigest } from './digest.ts';
import { actRequest } from './testing/index.ts';

test('F3: the digest of a request is the contract’s, for any JSON', () => {
  const names = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('a\u0000b', 'a', 'b', 'é', '€', '\ud83d\ude00'),
  );
  const json = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, false, 0, -0, 1e21, 1e-7, 0.1, 123456789, ''),
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n)),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(names, tie('node'), { maxKeys: 5 }),
    ),
  })).node as fc.Arbitrary<unknown>;
  fc.assert(
    fc.property(json, (args) => {
      const request = { args };
      // What the contract refuses is compared below.
      let expected: string;
      try {
        expected = digestOf(request);
      } catch {
        return;
      }
      expect(requestDigest(request)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
  expect(requestDigest(actRequest())).toBe(digestOf(actRequest()));
});

test.each([
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['an integer beyond 2^53', 2 ** 60],
  ['a lone surrogate', '\ud800'],
  ['a lone surrogate in a name', { '\ud800': 1 }],
  ['undefined', { a: undefined }],
  ['a function', () => 1],
  ['a date', new Date(0)],
  ['a deep value', JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`)],
])('what has no canonical form is refused in the contract’s words: %s', (_, value) => {
  const messageOf = (digest: (value: object) => string) => {
    try {
      return digest({ value });
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(messageOf(requestDigest)).toBe(messageOf(digestOf));
  expect(messageOf(requestDigest)).not.toMatch(/^sha256:/);
});
