import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadJws, createJwsSigner, parseJws } from './grant-jws.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const sign = createJwsSigner(privateKey, { typ: 'x+jwt', kid: 'k' });

test('a signed object comes apart into what it was made of', () => {
  const token = sign({ a: '\u00fc' });
  const { kid, typ, signed, payload, signature } = parseJws(token);
  expect([kid, typ, payload.toString('utf8')]).toEqual(['k', 'x+jwt', '{"a":"\u00fc"}']);
  expect(`${signed}.${signature.toString('base64url')}`).toBe(token);
});

test('the same object gives the same bytes', () => {
  expect(sign({ a: 1, b: [2] })).toBe(sign({ a: 1, b: [2] }));
});

test('there is one text of what comes apart: any other text has other parts, or none', () => {
  const token = sign({ a: 1 });
  fc.assert(
    fc.property(fc.nat(token.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, cut, put) => {
      const text = token.slice(0, at) + put + token.slice(at + cut);
      try {
        const { signed, signature } = parseJws(text);
        expect(`${signed}.${signature.toString('base64url')}`).toBe(text);
      } catch (error) {
        expect(error).toBeInstanceOf(BadJws);
      }
    }),
    { numRuns: 5000, verbose: 1 },
  );
});
