import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { IngestOutcome, IngestRequest } from './document.ts';
import { createIngester, type IngesterOptions } from './ingester.ts';
import { paragraph, run, textAt, wordXml, writeDocx, writeMail, writePdf, writeZip } from './testing/index.ts';

const MB = 1024 * 1024;

async function read(
  content: Uint8Array | string,
  declared = '',
  options: IngesterOptions = {},
  over: Partial<IngestRequest> = {},
): Promise<IngestOutcome> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return createIngester(options).read({ bytes, declared, name: '', form: 'document', ...over });
}
const reason = (outcome: IngestOutcome): string => (outcome.status === 'refused' ? outcome.reason : 'read');
const kinds = (outcome: IngestOutcome): string[] =>
  outcome.status === 'read' ? outcome.document.findings.map(({ kind }) => kind) : [];

describe('D2: hostile documents end in an outcome, never in a dead server', () => {
  test('a ZIP bomb', async () => {
    const bomb = writeDocx(paragraph(run('x')), { 'word/comments.xml': Buffer.alloc(200 * MB, 0x20) });
    expect(bomb.length).toBeLessThan(MB);
    expect(reason(await read(bomb))).toBe('expands_too_much');
    // Many small ones that are within the bound of each.
    const parts = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`word/header${index}.xml`, Buffer.alloc(8 * MB, 0x20)]),
    );
    expect(reason(await read(writeDocx(paragraph(run('x')), parts)))).toBe('expands_too_much');
  });

  test('an archive of too many parts', async () => {
    const parts = Object.fromEntries(Array.from({ length: 1200 }, (_, index) => [`word/header${index}.xml`, '']));
    expect(reason(await read(writeDocx('', parts)))).toBe('too_many_parts');
  });

  test('entities that multiply are not expanded', async () => {
    const entities = Array.from(
      { length: 9 },
      (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`,
    ).join('');
    const xml = wordXml(
      `<w:body>${paragraph(run('&l9;'))}</w:body>`,
      'document',
      `<!DOCTYPE x [<!ENTITY l0 "lol">${entities}]>`,
    );
    const outcome = await read(writeZip([{ name: 'word/document.xml', data: xml }]));
    expect(kinds(outcome)).toContain('xml_doctype');
    expect(outcome.status === 'read' && JSON.stringify(outcome.document.blocks).length < 1000).toBe(true);
  });

  test.each([
    ['JSON', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'application/json'],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'application/json'],
    ['HTML', `<html>${'<div>'.repeat(100_000)}x`, 'text/html'],
    ['inline HTML', `<html>${'<b>'.repeat(100_000)}x`, 'text/html'],
    ['Markdown', '<i>'.repeat(100_000), 'text/markdown'],
  ])('%s nested a hundred thousand times', async (_name, content, declared) => {
    expect(reason(await read(content, declared))).toBe('too_deep');
  });

  test('JSON nested a hundred thousand times, as records', async () => {
    const outcome = await read(`${'['.repeat(100_000)}${']'.repeat(100_000)}`, '', {}, { form: 'records' });
    expect(reason(outcome)).toBe('too_deep');
  });

  test('a Word document nested a hundred thousand times', async () => {
    expect(reason(await read(writeDocx('<w:sdt>'.repeat(100_000))))).toBe('too_deep');
  });

  test('a PDF whose stream is huge, also twice deflated', async () => {
    const huge = Buffer.alloc(300 * MB, 0x20);
    expect(reason(await read(writePdf([huge], { deflate: true })))).toBe('expands_too_much');
    const twice = deflateSync(deflateSync(huge));
    const pdf = Buffer.from(writePdf(['x']))
      .toString('latin1')
      .replace(
        '<< /Length 1 >>\nstream\nx',
        `<< /Filter [/Fl#61teDecode /FlateDecode] /Length ${twice.length} >>\nstream\n${twice.toString('latin1')}`,
      );
    expect(reason(await read(Buffer.from(pdf, 'latin1')))).toBe('expands_too_much');
  });

  test('a PDF of many pages, and one whose content never ends', async () => {
    const outcome = await read(writePdf(Array.from({ length: 1100 }, () => textAt(72, 700, 'x'))), '', {
      timeout_ms: 60_000,
    });
    expect(kinds(outcome)).toContain('truncated');
    const long = await read(writePdf([textAt(72, 700, 'word').repeat(400_000)]), '', {
      timeout_ms: 3000,
      limits: { text_chars_max: 1000 },
    });
    expect(['time_out', 'read', 'out_of_memory']).toContain(reason(long));
  });

  test('a mail of ten thousand parts', async () => {
    const mail = writeMail(Array.from({ length: 10_000 }, () => ({ type: 'text/plain', body: 'x' })));
    expect(reason(await read(mail))).toBe('too_many_parts');
  });

  test('quotes without an end in a table', async () => {
    const started = performance.now();
    for (const content of ['"'.repeat(2_000_001), '"a,'.repeat(500_000), `a,b\n${'"x\n'.repeat(300_000)}`])
      expect(reason(await read(content, 'text/csv'))).toBe('read');
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  test('style sheets that are costly to apply', async () => {
    const rules = Array.from(
      { length: 4000 },
      (_, index) => `div div div div p.c${index % 7}{color:#${String(index).padStart(6, '0')}}`,
    ).join('');
    const outcome = await read(
      `<html><style>${rules}</style>${'<div>'.repeat(60)}${'<p class="c1 c2 c3 c4">x'.repeat(20_000)}`,
      'text/html',
    );
    expect(reason(outcome)).toBe('read');
    expect(kinds(outcome)).toContain('style_not_judged');
  });

  test('documents that were cut anywhere, and random bytes', async () => {
    const ingester = createIngester();
    const whole = [
      writeDocx(paragraph(run('text'))),
      writePdf([textAt(72, 700, 'text')]),
      writeMail([
        { type: 'text/plain', body: 'a' },
        { type: 'text/html', body: '<p>b' },
      ]),
    ];
    for (const bytes of whole)
      for (const share of [0.1, 0.5, 0.9]) {
        const outcome = await ingester.read({
          bytes: bytes.slice(0, Math.floor(bytes.length * share)),
          declared: '',
          name: '',
          form: 'document',
        });
        expect(['read', 'malformed', 'unsupported_type']).toContain(reason(outcome));
      }
    const bytes = new Uint8Array(100_000).map((_, index) => (index * 2_654_435_761) >>> 13);
    expect(reason(await ingester.read({ bytes, declared: 'application/pdf', name: 'a.pdf', form: 'document' }))).toBe(
      'unsupported_type',
    );
  });

  test('a reader that takes too long or too much memory is ended', async () => {
    const slow = '<html>'.concat('<p>a&amp;b '.repeat(200_000));
    expect(reason(await read(slow, 'text/html', { timeout_ms: 60 }))).toBe('time_out');
    const big = `[${'{"a":[1,2,3,4]},'.repeat(600_000)}1]`;
    expect(reason(await read(big, 'application/json', { heap_mb: 12 }))).toBe('out_of_memory');
  });

  test('documents wait their turn, too many are refused, and nothing is left running', async () => {
    const processes = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
    const before = processes();
    const ingester = createIngester({ workers: 1, waiting_max: 2 });
    const request = { bytes: Buffer.from('x'), declared: '', name: '', form: 'document' } as const;
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => ingester.read(request)));
    expect(outcomes.map(reason)).toEqual(['read', 'read', 'read', 'busy']);
    expect(reason(await ingester.read(request))).toBe('read');
    // A process that has ended gives its handle back a few turns of the loop later.
    await expect.poll(processes).toBe(before);
  });

  test('the caller keeps its bytes', async () => {
    const bytes = Buffer.from('some text');
    await createIngester().read({ bytes, declared: '', name: '', form: 'document' });
    expect(bytes.toString()).toBe('some text');
  });
});
