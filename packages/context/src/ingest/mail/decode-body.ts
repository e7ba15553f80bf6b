import { headerValue, type MimePart } from './parse-mime.ts';

/** The bytes of a body after its transfer encoding. What does not fit the encoding is skipped. */
export function bodyBytes(raw: string, part: MimePart): Uint8Array {
  const body = raw.slice(part.start, part.end);
  const encoding = headerValue(part.headers, 'content-transfer-encoding').toLowerCase().trim();
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding === 'quoted-printable') return Buffer.from(quotedPrintable(body), 'latin1');
  return Buffer.from(body, 'latin1');
}

function quotedPrintable(body: string): string {
  return body
    .replaceAll(/[ \t]+(?=\r?\n)/g, '')
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The text of a body in its charset; windows-1252 where that is unknown, as mail programs do. */
export function bodyText(raw: string, part: MimePart): string {
  const bytes = bodyBytes(raw, part);
  const label = part.charset.trim().toLowerCase();
  try {
    return new TextDecoder(label === '' || label === 'us-ascii' ? 'utf-8' : label, { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
