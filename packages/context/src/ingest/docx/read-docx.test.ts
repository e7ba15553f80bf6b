import { describe, expect, test } from 'vitest';
import { Collector } from '../collector.ts';
import { INGEST_LIMITS } from '../limits.ts';
import { originalPlace } from '../original-place.ts';
import { paragraph, readHere, run, wordXml, writeDocx, writeZip } from '../testing/index.ts';
import { openZip } from '../zip.ts';

const seen = paragraph(run('seen'));

describe('D2: Word documents are read as Word shows them', () => {
  test('blocks, with bytes of the unpacked part', async () => {
    const bytes = writeDocx(
      `${paragraph(run('Title'), '<w:pStyle w:val="Heading1"/>')}${paragraph(`${run('One ')}${run('tw\u00f6 &amp; three')}<w:r><w:br/><w:t>four</w:t></w:r>`)}<w:tbl><w:tr><w:tc>${paragraph(run('cell'))}</w:tc></w:tr></w:tbl>`,
    );
    const { document } = await readHere(bytes);
    expect(document.media_type).toContain('wordprocessingml');
    expect(document.blocks.map(({ kind, text }) => [kind, text])).toEqual([
      ['heading', 'Title'],
      ['paragraph', 'One tw\u00f6 & three\nfour'],
      ['table_cell', 'cell'],
    ]);
    const block = document.blocks[1]!;
    const xml = Buffer.from(openZip(bytes, new Collector(INGEST_LIMITS)).read(block.part)!);
    const at = (word: string) => {
      const from = block.text.indexOf(word);
      const [start, end] = originalPlace(block, from, from + word.length);
      return xml.subarray(start, end).toString();
    };
    expect([at('One'), at('tw\u00f6'), at('four')]).toEqual(['One', 'tw\u00f6', 'four']);
    expect(document.findings).toEqual([]);
  });

  test.each([
    ['<w:vanish/>', 'hidden_run'],
    ['<w:vanish w:val="true"/>', 'hidden_run'],
    ['<w:specVanish/>', 'hidden_run'],
    ['<w:webHidden/>', 'hidden_run'],
    ['<w:sz w:val="2"/>', 'tiny_text'],
    ['<w:color w:val="FFFFFF"/>', 'same_colour'],
    ['<w:color w:val="auto" w:themeColor="background1"/>', 'same_colour'],
    ['<w:color w:val="FF0000"/><w:shd w:val="clear" w:fill="FF0101"/>', 'same_colour'],
    ['<w:rStyle w:val="Ghost"/>', 'hidden_run'],
  ])('a run with %s is taken out', async (properties, kind) => {
    const styles = wordXml(
      '<w:style w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId="Ghost"><w:basedOn w:val="Base"/></w:style>',
      'styles',
    );
    const read = await readHere(
      writeDocx(`${seen}${paragraph(run('secret', properties))}`, { 'word/styles.xml': styles }),
    );
    expect(read.text).toBe('seen');
    expect(read.removed(kind)).toBe('secret');
  });

  test.each([
    ['<w:vanish w:val="0"/>'],
    ['<w:color w:val="808080"/>'],
    ['<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>'],
    ['<w:sz w:val="12"/>'],
  ])('a run with %s is seen', async (properties) => {
    expect((await readHere(writeDocx(paragraph(run('text', properties))))).text).toBe('text');
  });

  test('white text in a dark cell is seen; the marks of a paragraph are not its text; a hidden row is taken out', async () => {
    const read = await readHere(
      writeDocx(
        `<w:tbl><w:tr><w:tc><w:tcPr><w:shd w:fill="000000"/></w:tcPr>${paragraph(run('light', '<w:color w:val="FFFFFF"/>'))}</w:tc></w:tr><w:tr><w:trPr><w:hidden/></w:trPr><w:tc>${paragraph(run('row'))}</w:tc></w:tr></w:tbl>${paragraph(run('kept'), '<w:rPr><w:vanish/></w:rPr>')}`,
      ),
    );
    expect(read.text).toBe('light\nkept');
    expect(read.removed('hidden_run')).toBe('row');
  });

  test('revisions, comments, headers, fields, shapes, properties and what lies outside', async () => {
    const read = await readHere(
      writeDocx(
        `${paragraph(`${run('one ')}<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del><w:ins>${run('inserted')}</w:ins><w:r><w:instrText>INCLUDETEXT secret</w:instrText></w:r>`)}<mc:AlternateContent><mc:Choice>${paragraph(run('choice'))}</mc:Choice><mc:Fallback>${paragraph(run('fallback'))}</mc:Fallback></mc:AlternateContent><w:p><w:r><w:drawing><wp:anchor><wp:positionH><wp:posOffset>99000000</wp:posOffset></wp:positionH><wp:docPr descr="shape words"/><w:txbxContent>${paragraph(run('far away'))}</w:txbxContent></wp:anchor></w:drawing></w:r></w:p>`,
        {
          'word/comments.xml': wordXml(`<w:comment>${paragraph(run('remark'))}</w:comment>`, 'comments'),
          'word/header1.xml': wordXml(paragraph(run('letterhead')), 'hdr'),
          'word/footnotes.xml': wordXml(`<w:footnote>${paragraph(run('note'))}</w:footnote>`, 'footnotes'),
          'docProps/core.xml':
            '<cp:coreProperties xmlns:cp="x"><cp:keywords>some keywords</cp:keywords></cp:coreProperties>',
          'word/_rels/settings.xml.rels':
            '<Relationships><Relationship Type="http://x/attachedTemplate" Target="https://evil.example/t.dotm" TargetMode="External"/></Relationships>',
          'word/vbaProject.bin': 'x',
        },
      ),
    );
    expect(read.text).toBe('one inserted\nchoice\nnote');
    expect(read.removed('deleted_revision')).toBe('deleted');
    expect(read.removed('inserted_revision')).toBe('');
    expect(read.removed('field_code')).toBe('INCLUDETEXT secret');
    expect(read.removed('alternate_content')).toBe('fallback');
    expect(read.removed('off_screen')).toBe('far away');
    expect(read.removed('attribute_text')).toBe('shape words');
    expect(read.removed('comment')).toBe('remark');
    expect(read.removed('header_footer')).toBe('letterhead');
    expect(read.removed('metadata_text')).toBe('some keywords');
    expect(read.removed('external_reference')).toBe('https://evil.example/t.dotm');
    expect(read.removed('active_content')).toBe('');
  });

  test('another prefix for the namespace changes nothing', async () => {
    const xml = wordXml(`<w:body>${seen}${paragraph(run('secret', '<w:vanish/>'))}</w:body>`)
      .replaceAll('w:', 'zz:')
      .replace('xmlns:w=', 'xmlns:zz=');
    const read = await readHere(writeZip([{ name: 'word/document.xml', data: xml }]));
    expect(read.text).toBe('seen');
    expect(read.removed('hidden_run')).toBe('secret');
  });

  test('two entries of one name, and an archive that is no document, are refused', async () => {
    const twice = await readHere(
      writeZip([
        { name: 'word/document.xml', data: 'a' },
        { name: 'word/document.xml', data: 'b' },
      ]),
    );
    expect(twice.outcome).toMatchObject({ status: 'refused', reason: 'malformed' });
    expect((await readHere(writeZip([{ name: 'a.txt', data: 'a' }]))).outcome).toMatchObject({
      reason: 'unsupported_type',
    });
  });
});
