import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DETECTORS, detect } from './detect.ts';
import { BEGINS_AS_PREFIXED, headers, NAMES_HEADER, prefixedSecrets } from './secrets.ts';
import { withoutOverlap } from './span.ts';

const everything = (text: string) => withoutOverlap(DETECTORS.flatMap(({ find }) => find(text)));

const of = (chars: string, min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...chars), minLength: min, maxLength: max });
const ALNUM = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Pieces of which texts are made that detectors look at: whole values, values cut short, and what stands around them. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ' ',
      '\n',
      '"',
      "'",
      ':',
      '=',
      '=>',
      '@',
      '://',
      '-',
      '/',
      '.',
      ',',
      '\\',
      '\u00e9',
      '\u27e6',
    ),
  },
  { weight: 3, arbitrary: of(ALNUM, 0, 45) },
  { weight: 2, arbitrary: of('0123456789 -', 0, 24) },
  { weight: 1, arbitrary: of(`${ALNUM}+/=._~-`, 6, 44) },
  fc.constantFrom(
    ...[
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN ',
      '-----END ',
      '-----',
      'AKIA',
      'ghp_',
      'github_pat_',
      'glpat-',
      'sk-ant-',
    ],
    ...[
      'sk-',
      'xoxb-',
      'xapp-',
      'hooks.slack.com/services/',
      'AIza',
      'rk_live_',
      'npm_',
      'AGE-SECRET-KEY-1',
      'eyJ',
      'aws',
    ],
    ...[
      'password',
      'pwd',
      'Api-Key',
      'SECRET_TOKEN',
      'private_key',
      'Authorization',
      'bearer ',
      'DPoP ',
      'Cookie: a=b',
      'secret',
    ],
    ...[
      'postgres://u:',
      'mail.example.org',
      'a@b.co',
      'j\u00fcrgen@b\u00fccher.example',
      '4111 1111 1111 1111',
      '378282246310005',
    ],
    ...[
      'DE89 3704 0044 0532 0130 00',
      'GB82WEST12345698765432',
      'MT84MALT011000012345MTLCAST001S',
      'BE',
      '00',
      'x',
      'pwd:y',
    ],
  ),
);

test('G5: asking a detector only where it can find something never changes what is found', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('');
      const all = everything(text);
      found += all.length > 0 ? 1 : 0;
      expect(detect(text)).toEqual(all);
    }),
    { numRuns: 20_000, verbose: 1 },
  );
  // Texts in which nothing is ever found would prove nothing.
  expect(found).toBeGreaterThan(1000);
});

test('G5: nor in any text at all, nor in those that are made of one piece', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(detect(text)).toEqual(everything(text));
    }),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(piece, fc.nat(6), (text, cut) => {
      expect(detect(text.slice(cut))).toEqual(everything(text.slice(cut)));
    }),
    { numRuns: 5000 },
  );
});

test('G5: each credential that names itself is found wherever it stands, and a text with none of their beginnings has none', () => {
  const heads = [
    ...[
      'AKIA',
      'ASIA',
      'ABIA',
      'ACCA',
      'AIza',
      'AGE-SECRET-KEY-1',
      'ghp_',
      'gho_',
      'ghu_',
      'ghs_',
      'ghr_',
      'github_pat_',
    ],
    ...[
      'glpat-',
      'sk-ant-',
      'sk-',
      'sk-proj-',
      'sk-svcacct-',
      'sk-admin-',
      'xapp-',
      'hooks.slack.com/services/',
      'npm_',
    ],
    ...[...'abeoprs'].map((kind) => `xox${kind}-`),
    ...['rk_live_', 'rk_test_', 'sk_live_', 'sk_test_'],
  ];
  const bodies = { AIza: 35, 'AGE-SECRET-KEY-1': 58 } as Record<string, number>;
  for (const head of heads) {
    const length = bodies[head] ?? (head.startsWith('A') ? 16 : 36);
    const secret = head + 'AB1C'.repeat(15).slice(0, length);
    for (const text of [secret, `see ${secret}.`, `"${secret}"`, `\u00e9 ${secret}`]) {
      expect([text, prefixedSecrets(text).length]).toEqual([text, 1]);
      expect([text, detect(text)]).toEqual([text, everything(text)]);
      expect(detect(text)).not.toEqual([]);
    }
  }
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.constantFrom(...heads), of(ALNUM, 10, 60)), { maxLength: 6 }), (pieces) => {
      const text = pieces.join('');
      if (!BEGINS_AS_PREFIXED.test(text)) expect(prefixedSecrets(text)).toEqual([]);
      if (!NAMES_HEADER.test(text)) expect(headers(text)).toEqual([]);
      expect(detect(text)).toEqual(everything(text));
    }),
    { numRuns: 10_000, verbose: 1 },
  );
});

test('every detector finds something that the others are not asked for', () => {
  const asked = new Set<number>();
  const texts = ['pwd:y', 'a@b.co', '4111 1111 1111 1111', 'DE89370400440532013000', `sk-ant-${'a1B2'.repeat(5)}`];
  texts.push(
    '-----BEGIN PRIVATE KEY-----\nx',
    `bearer ${'a1'.repeat(4)}`,
    '://:x@',
    'aws aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zZaB3dE5gH',
  );
  texts.push(`eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(10)}`);
  for (const text of texts) {
    const finding = DETECTORS.flatMap(({ find }, i) => (find(text).length > 0 ? [i] : []));
    for (const i of finding) asked.add(i);
    expect(detect(text), text).toHaveLength(1);
  }
  expect(asked.size).toBe(DETECTORS.length);
});
