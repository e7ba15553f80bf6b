import { deflateSync } from 'node:zlib';

export interface PdfOptions {
  /** More entries of the page, of the catalogue, and more objects (numbered from 20). */
  readonly page?: string;
  readonly catalogue?: string;
  readonly resources?: string;
  readonly objects?: readonly string[];
  readonly deflate?: boolean;
  /** More entries of the trailer. */
  readonly trailer?: string;
}

/** A PDF of pages, each given by its content stream. Object 5 is Helvetica as /F1, object 6 a black picture as /I1. */
export function writePdf(contents: readonly (string | Uint8Array)[], options: PdfOptions = {}): Uint8Array {
  const objects = new Map<number, Buffer>();
  const put = (number: number, body: string, stream?: Uint8Array): void => {
    const head = Buffer.from(
      `${number} 0 obj\n${stream ? body.replace('>>', `/Length ${stream.length} >>`) : body}\n`,
      'latin1',
    );
    const data = stream ? [Buffer.from('stream\n'), stream, Buffer.from('\nendstream\n')] : [];
    objects.set(number, Buffer.concat([head, ...data, Buffer.from('endobj\n')]));
  };
  const pages = contents.map((_, index) => 100 + index * 2);
  put(1, `<< /Type /Catalog /Pages 2 0 R ${options.catalogue ?? ''} >>`);
  put(2, `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((page) => `${page} 0 R`).join(' ')}] >>`);
  put(5, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  put(
    6,
    '<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 >>',
    Buffer.from([0]),
  );
  for (const [index, body] of (options.objects ?? []).entries()) put(20 + index, body);
  for (const [index, content] of contents.entries()) {
    const page = pages[index]!;
    put(
      page,
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${page + 1} 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /I1 6 0 R >> ${options.resources ?? ''} >> ${options.page ?? ''} >>`,
    );
    const raw = Buffer.from(content as Uint8Array);
    if (options.deflate) put(page + 1, '<< /Filter /FlateDecode >>', deflateSync(raw));
    else put(page + 1, '<< >>', raw);
  }
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  const offsets = new Map<number, number>();
  let offset = parts[0]!.length;
  for (const [number, body] of objects) {
    offsets.set(number, offset);
    parts.push(body);
    offset += body.length;
  }
  const size = Math.max(...objects.keys()) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const at = offsets.get(number);
    return at === undefined ? '0000000000 65535 f \n' : `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n${rows.join('')}trailer\n<< /Size ${size} /Root 1 0 R ${options.trailer ?? ''} >>\nstartxref\n${offset}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}

/** Text at a place of the page. */
export const textAt = (x: number, y: number, text: string, size = 12, before = ''): string =>
  `q ${before} BT /F1 ${size} Tf ${x} ${y} Td (${text}) Tj ET Q\n`;
