import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REFUSALS } from './document.ts';
import { createIngester } from './ingester.ts';
import { paragraph, readHere, run, textAt, wordXml, writeDocx, writeMail, writePdf } from './testing/index.ts';

/** Seconds; CI sets a minute. */
const SECONDS = Number(process.env.INGEST_FUZZ_SECONDS ?? 5);
const SEED = Number(process.env.INGEST_FUZZ_SEED ?? Date.now() % 1_000_000_007);

const SEEDS: readonly Uint8Array[] = [
  Buffer.from(
    '<html><style>.a{display:none}@media screen{p>b{color:#fff}}</style><p class=a style="x:y">t<!-- c --><details><img alt=x></html>',
  ),
  Buffer.from('# T\n\n[//]: # (x)\n![a](b "c")\n```\n<p>\n```\n'),
  Buffer.from('[{"a":[1,{"b":"\\u200b"}]},{"a":1,"a":2}]'),
  Buffer.from('a,b\n"x ""y""",=1\n"'),
  writeDocx(`${paragraph(run('x', '<w:vanish/>'))}<w:tbl><w:tr><w:tc>${paragraph(run('y'))}</w:tc></w:tr></w:tbl>`, {
    'word/comments.xml': wordXml(paragraph(run('z')), 'comments'),
  }),
  writePdf([`${textAt(72, 700, 'text')} q 1 g 60 580 200 60 re f Q /I1 Do`], {
    page: '/Annots [20 0 R]',
    objects: ['<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (c) >>'],
  }),
  writeMail(
    [
      { type: 'text/plain', body: 'plain' },
      { type: 'text/html', body: '<p>html' },
      { type: 'application/pdf', body: writePdf([textAt(9, 9, 'x')]) },
    ],
    { kind: 'multipart/alternative' },
  ),
];
const TYPES = [
  '',
  'text/plain',
  'text/html',
  'text/markdown',
  'application/json',
  'text/csv',
  'message/rfc822',
  'application/pdf',
];
/** Pieces on which parsers have broken before. */
const NASTY = [
  '<',
  '>',
  '"',
  "'",
  '{',
  '[',
  '\\',
  '\u0000',
  '\ufeff',
  '--',
  '/*',
  '<!--',
  'obj',
  'stream',
  'endstream',
  '\r\n\r\n',
  '\ud800',
  '&#x110000;',
  'PK\u0005\u0006',
  '%PDF-',
  '9'.repeat(400),
  '</w:p>',
  'xmlns:w=""',
  'boundary=""',
  ';'.repeat(300),
];

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  drop: fc.nat(40),
  put: fc.oneof(
    fc.constantFrom(...NASTY).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 20 }),
    fc.constant(new Uint8Array()),
  ),
});
const mutated = fc
  .tuple(fc.constantFrom(...SEEDS), fc.array(change, { minLength: 1, maxLength: 8 }))
  .map(([seed, changes]) =>
    changes.reduce<Uint8Array>((bytes, { at, drop, put }) => {
      const from = Math.floor(at * bytes.length);
      return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + drop)]);
    }, seed),
  );

test('D2: whatever the bytes are, there is an outcome with sound places and clean texts', {
  timeout: (SECONDS + 60) * 1000,
}, async () => {
  console.log(`ingest fuzz: INGEST_FUZZ_SEED=${SEED}, ${SECONDS} s`);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 9, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2000 }) }),
      fc.constantFrom(...TYPES),
      fc.constantFrom('document', 'records'),
      async (bytes, declared, form) => {
        runs++;
        const started = performance.now();
        const { outcome } = await readHere(bytes, { declared, form: form as 'document' });
        expect(performance.now() - started).toBeLessThan(5000);
        if (outcome.status === 'refused') {
          expect(REFUSALS).toContain(outcome.reason);
          return;
        }
        const { blocks, findings, media_type } = outcome.document;
        for (const block of blocks) {
          expect(block.start).toBeLessThanOrEqual(block.end);
          if (block.part === '' && block.unit !== 'item') expect(block.end).toBeLessThanOrEqual(bytes.length);
          expect(block.text.isWellFormed()).toBe(true);
          expect(block.text).not.toMatch(/[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u);
        }
        for (const { position, removed = '', detail } of findings) {
          expect(position.start).toBeLessThanOrEqual(position.end);
          expect(removed.length).toBeLessThanOrEqual(301);
          expect(`${removed}${detail}`).not.toMatch(/[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u);
        }
        expect(media_type).toMatch(/^[a-z]+\//);
      },
    ),
    { seed: SEED, numRuns: 1_000_000, interruptAfterTimeLimit: SECONDS * 1000, markInterruptAsFailure: false },
  );
  console.log(`ingest fuzz: ${runs} documents`);
  // The same bytes through a worker give the same outcome.
  const { outcome } = await readHere(SEEDS[0]!);
  expect(await createIngester().read({ bytes: SEEDS[0]!, declared: '', name: '', form: 'document' })).toEqual(outcome);
});
