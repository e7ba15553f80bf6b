import { describe, expect, test } from 'vitest';
import { readHere, textAt, writePdf } from '../testing/index.ts';

const seen = textAt(72, 700, 'seen');

describe('D2: PDF is read as it is painted', () => {
  test('lines and blocks, with offsets into the text of the page', async () => {
    const content = `${textAt(72, 720, 'A title', 20)}${textAt(72, 690, 'First line')}${textAt(72, 676, 'second line')}${textAt(72, 600, 'Far below')}q BT /F1 12 Tf 72 580 Td [(ker)-20(ned)-400(gap)] TJ ET Q`;
    const { document } = await readHere(writePdf([content, seen]));
    expect(document.blocks.map(({ part, text }) => [part, text])).toEqual([
      ['page/1', 'A title'],
      ['page/1', 'First line\nsecond line'],
      ['page/1', 'Far below\nkerned gap'],
      ['page/2', 'seen'],
    ]);
    expect(document.blocks.map(({ start, end }) => [start, end])).toEqual([
      [0, 7],
      [7, 28],
      [28, 47],
      [0, 4],
    ]);
    expect(document.findings).toEqual([]);
  });

  test.each([
    ['rendering mode 3', textAt(72, 600, 'secret', 12, '3 Tr'), 'invisible_text'],
    ['rendering mode 7', textAt(72, 600, 'secret', 12, '7 Tr'), 'invisible_text'],
    ['white on white', textAt(72, 600, 'secret', 12, '1 1 1 rg'), 'same_colour'],
    ['white in CMYK', textAt(72, 600, 'secret', 12, '0 0 0 0 k'), 'same_colour'],
    ['white strokes', textAt(72, 600, 'secret', 12, '1 Tr 1 G'), 'same_colour'],
    ['black on black', `q 0 g 60 590 200 30 re f Q ${textAt(72, 600, 'secret')}`, 'same_colour'],
    ['transparent', textAt(72, 600, 'secret', 12, '/G1 gs'), 'same_colour'],
    ['tiny', textAt(72, 600, 'secret', 1), 'tiny_text'],
    ['scaled down', `q 0.05 0 0 0.05 0 0 cm ${textAt(1440, 12000, 'secret')} Q`, 'tiny_text'],
    ['outside the page', textAt(900, 600, 'secret'), 'off_screen'],
    ['below the page', textAt(72, -200, 'secret'), 'off_screen'],
    ['under an image', `${textAt(72, 600, 'secret')} q 200 0 0 60 60 580 cm /I1 Do Q`, 'covered_text'],
    ['under a white area', `${textAt(72, 600, 'secret')} q 1 g 60 580 200 60 re f Q`, 'covered_text'],
    ['clipped away', `q 0 0 10 10 re W n ${textAt(72, 600, 'secret')} Q`, 'clipped_text'],
    ['in a layer that is off', `/OC /L1 BDC ${textAt(72, 600, 'secret')} EMC`, 'hidden_layer'],
  ])('%s: taken out', async (_name, content, kind) => {
    const read = await readHere(
      writePdf([`${seen}${content}`], {
        resources: '/ExtGState << /G1 20 0 R >> /Properties << /L1 21 0 R >>',
        objects: ['<< /ca 0.01 >>', '<< /Type /OCG /Name (layer) >>'],
        catalogue: '/OCProperties << /OCGs [21 0 R] /D << /OFF [21 0 R] >> >>',
      }),
    );
    expect(read.text).toBe('seen');
    expect(read.removed(kind)).toBe('secret');
  });

  test.each([
    ['grey', textAt(72, 600, 'text', 12, '0.5 g')],
    ['white on a dark area', `q 0 0 0.4 rg 60 580 200 60 re f Q ${textAt(72, 600, 'text', 12, '1 g')}`],
    ['over an image', `q 200 0 0 60 60 580 cm /I1 Do Q ${textAt(72, 600, 'text')}`],
    ['beside an image', `${textAt(72, 600, 'text')} q 50 0 0 50 400 100 cm /I1 Do Q`],
    ['on a clear area', `${textAt(72, 600, 'text')} q /G1 gs 1 g 60 580 200 60 re f Q`],
  ])('%s: seen', async (_name, content) => {
    const read = await readHere(
      writePdf([content], { resources: '/ExtGState << /G1 20 0 R >>', objects: ['<< /ca 0.01 >>'] }),
    );
    expect(read.text).toBe('text');
  });

  test('the crop box counts, not the media box', async () => {
    const read = await readHere(
      writePdf([`${seen}${textAt(500, 100, 'secret')}`], { page: '/CropBox [0 600 400 792]' }),
    );
    expect(read.text).toBe('seen');
    expect(read.removed('off_screen')).toBe('secret');
  });

  test('annotations, form fields, properties and embedded files are findings', async () => {
    const read = await readHere(
      writePdf([seen], {
        page: '/Annots [20 0 R 21 0 R]',
        catalogue: '/AcroForm << /Fields [21 0 R] >> /Names << /EmbeddedFiles << /Names [(a.txt) 22 0 R] >> >>',
        objects: [
          '<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (a remark) /T (Mallory) >>',
          '<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (a value) /Rect [0 0 9 9] >>',
          '<< /Type /Filespec /F (a.txt) /EF << /F 24 0 R >> >>',
          '<< /Title (secret title) >>',
          '<< /Type /EmbeddedFile /Length 1 >>\nstream\nx\nendstream',
        ],
        trailer: '/Info 23 0 R',
      }),
    );
    expect(read.text).toBe('seen');
    expect(read.removed('annotation')).toBe('Mallory: a remark');
    expect(read.removed('form_field')).toBe('a value');
    expect(read.removed('metadata_text')).toBe('secret title');
    expect(read.removed('embedded_file')).toBe('a.txt');
  });
});
