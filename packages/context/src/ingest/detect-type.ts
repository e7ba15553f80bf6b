import type { Collector, Part } from './collector.ts';
import { decodeText } from './decode-text.ts';
import type { MediaType } from './document.ts';
import { Refused } from './limits.ts';

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const HEAD_BYTES = 1024;

/** Names that senders use for the types that are read. */
const ALIASES: Readonly<Record<string, MediaType>> = {
  'application/x-ndjson': 'application/jsonl',
  'application/x-jsonlines': 'application/jsonl',
  'application/ndjson': 'application/jsonl',
  'text/json': 'application/json',
  'text/x-markdown': 'text/markdown',
  'application/csv': 'text/csv',
  'application/xhtml+xml': 'text/html',
  'application/eml': 'message/rfc822',
};
const ENDINGS: Readonly<Record<string, MediaType>> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  markdown: 'text/markdown',
  html: 'text/html',
  htm: 'text/html',
  xhtml: 'text/html',
  pdf: 'application/pdf',
  docx: DOCX,
  eml: 'message/rfc822',
  json: 'application/json',
  jsonl: 'application/jsonl',
  ndjson: 'application/jsonl',
  csv: 'text/csv',
  tsv: 'text/csv',
};
/** First bytes of what is never read as text. */
const FOREIGN: readonly (readonly [string, string])[] = [
  ['89504e47', 'a PNG image'],
  ['ffd8ff', 'a JPEG image'],
  ['47494638', 'a GIF image'],
  ['52494646', 'a RIFF file'],
  ['d0cf11e0', 'an old Office document'],
  ['7b5c7274', 'an RTF document'],
  ['4d5a', 'a Windows program'],
  ['7f454c46', 'a Linux program'],
  ['cafebabe', 'a Java class'],
  ['1f8b', 'a gzip archive'],
  ['526172211a07', 'a RAR archive'],
  ['377abcaf271c', 'a 7z archive'],
  ['425a68', 'a bzip2 archive'],
];
/** Endings that start a program when they are opened. */
export const PROGRAM_ENDING =
  /\.(?:exe|scr|com|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|lnk|msi|jar|dll|cpl|iso|img|url|chm|docm|xlsm|pptm)$/i;

/** The type that a sender claims, by its name or by the file's ending; `null` where it claims none that is read. */
function declaredType(declared: string, name: string): MediaType | null {
  const type = declared.split(';')[0]!.trim().toLowerCase();
  if (Object.hasOwn(ALIASES, type)) return ALIASES[type]!;
  if ((Object.values(ENDINGS) as string[]).includes(type)) return type as MediaType;
  const ending = name.toLowerCase().split('.').at(-1) ?? '';
  const claimsNothing = type === '' || type === 'application/octet-stream' || type === 'binary/octet-stream';
  return claimsNothing && Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending]! : null;
}

/**
 * The type of a document by its content, checked against the declared one. What the content shows counts; where it
 * differs from what was claimed, or where the bytes are a document of a second type as well, a finding says so. Throws
 * `unsupported_type` for what is none of the types that are read.
 */
export function detectType(
  bytes: Uint8Array,
  declared: string,
  name: string,
  part: Part,
  collector: Collector,
): MediaType {
  const claimed = declaredType(declared, name);
  const type = byContent(bytes, claimed);
  if (claimed !== null && claimed !== type && !isTextOf(claimed, type))
    collector.find('type_mismatch', 'high', part, 0, 0, `declared as ${claimed}, and is ${type}`);
  else if (
    claimed === null &&
    declared !== '' &&
    !/^(?:application|binary)\/octet-stream$/i.test(declared.split(';')[0]!.trim())
  )
    collector.find('type_mismatch', 'low', part, 0, 0, `declared as ${declared.slice(0, 100)}, and is ${type}`);
  for (const second of polyglots(bytes, type))
    collector.find('polyglot', 'high', part, 0, 0, `the bytes are ${type}, and ${second} as well`);
  return type;
}

function byContent(bytes: Uint8Array, claimed: MediaType | null): MediaType {
  const head = latin1(bytes.subarray(0, HEAD_BYTES));
  if (head.includes('%PDF-')) return 'application/pdf';
  if (head.startsWith('PK\u0003\u0004') || head.startsWith('PK\u0005\u0006')) {
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('word/document.xml')) return DOCX;
    throw new Refused('unsupported_type', 'an archive that is no Word document');
  }
  const hex = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  const foreign = FOREIGN.find(([magic]) => hex.startsWith(magic));
  if (foreign && (foreign[0].length > 4 || isBinary(bytes)))
    throw new Refused('unsupported_type', `this is ${foreign[1]}`);
  if (isBinary(bytes)) throw new Refused('unsupported_type', 'this is no text, and no document of a type that is read');
  return byText(decodeText(bytes.subarray(0, 64 * 1024)).text, claimed);
}

/** Text cannot say what it is; among texts the claim counts, unless the content is plainly something else. */
function byText(text: string, claimed: MediaType | null): MediaType {
  const start = text.trimStart().slice(0, 2000);
  if (/^(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[\s\S]{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b/i.test(start))
    return 'text/html';
  if (claimed === 'message/rfc822' || isMail(text)) return 'message/rfc822';
  if (
    claimed === 'application/json' ||
    claimed === 'application/jsonl' ||
    claimed === 'text/csv' ||
    claimed === 'text/html' ||
    claimed === 'text/markdown'
  )
    return claimed;
  if (/^[[{]/.test(start) && /^(?:\{\s*(?:"|\})|\[\s*(?:[[{"\d\]tfn-]))/.test(start))
    return /^\{.*\}\s*\n\s*\{/.test(start) ? 'application/jsonl' : 'application/json';
  if (claimed === null && /^\s*<(?:div|table|p|span|style|meta|title|script|center|a)\b[^>]*>/i.test(start))
    return 'text/html';
  return 'text/plain';
}

/** Header fields as RFC 5322 has them, one of which only mail has. */
function isMail(text: string): boolean {
  const head = /^(?:[!-9;-~]{1,100}:[^\n]{0,2000}\n(?:[ \t][^\n]{0,2000}\n){0,50}){2,200}/.exec(
    text.replaceAll('\r\n', '\n').slice(0, 32_000),
  )?.[0];
  return (
    head !== undefined &&
    /^(?:Received|MIME-Version|Message-ID|Return-Path|DKIM-Signature):/im.test(head) &&
    /^(?:From|Date|Subject):/im.test(head)
  );
}

/** Whether the content is a text that a claim of plain text covers. */
function isTextOf(claimed: MediaType, type: MediaType): boolean {
  const json = ['application/json', 'application/jsonl'];
  return (
    (json.includes(claimed) && json.includes(type)) ||
    (claimed === 'text/plain' && [...json, 'text/csv', 'text/markdown'].includes(type))
  );
}

function* polyglots(bytes: Uint8Array, type: MediaType): Generator<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = latin1(bytes.subarray(0, HEAD_BYTES));
  if (type === 'application/pdf') {
    if (!head.startsWith('%PDF-')) yield 'something else before the PDF begins';
    const end = buffer.lastIndexOf('%%EOF');
    if (end >= 0 && buffer.length - end > HEAD_BYTES) yield 'something else behind its end';
  }
  if (type !== DOCX && buffer.subarray(-66_000).includes('PK\u0005\u0006')) yield 'a ZIP archive';
  if ((type === 'application/pdf' || type === DOCX) && /<(?:html|script|body|!doctype)/i.test(head)) yield 'HTML';
}

function isBinary(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  const utf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return !utf16 && bytes.subarray(0, 8192).includes(0);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
