import { writeZip } from './write-zip.ts';

const W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const WP = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"';
const MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"';

/** A run with its properties, and a paragraph with its properties and runs. */
export const run = (text: string, properties = ''): string =>
  `<w:r>${properties ? `<w:rPr>${properties}</w:rPr>` : ''}<w:t xml:space="preserve">${text}</w:t></w:r>`;
export const paragraph = (runs: string, properties = ''): string =>
  `<w:p>${properties ? `<w:pPr>${properties}</w:pPr>` : ''}${runs}</w:p>`;

export const wordXml = (body: string, root = 'document', before = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>${before}<w:${root} ${W} ${WP} ${MC}>${body}</w:${root}>`;

/** A Word document: its body, and more parts by name. */
export function writeDocx(body: string, parts: Readonly<Record<string, string | Uint8Array>> = {}): Uint8Array {
  return writeZip([
    {
      name: '[Content_Types].xml',
      data: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    },
    { name: 'word/document.xml', data: wordXml(`<w:body>${body}</w:body>`) },
    ...Object.entries(parts).map(([name, data]) => ({ name, data })),
  ]);
}
