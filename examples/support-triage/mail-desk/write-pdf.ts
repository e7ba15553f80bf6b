export interface PdfLine {
  readonly text: string;
  /** Painted in the colour of the paper. */
  readonly white?: boolean;
}

/** A PDF (ISO 32000) of one page, one line of text below the other. */
export function writePdf(lines: readonly PdfLine[]): Buffer {
  const content = lines
    .map(({ text, white }, index) => {
      const escaped = text.replace(/[\\()]/g, '\\$&');
      return `BT ${white ? '1 1 1' : '0 0 0'} rg /F1 11 Tf 60 ${760 - index * 24} Td (${escaped}) Tj ET\n`;
    })
    .join('');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Count 1 /Kids [3 0 R] >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.7\n';
  const offsets = objects.map((object, index) => {
    const at = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${offsets.join('')}`;
  return Buffer.from(
    `${file}${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`,
    'latin1',
  );
}
