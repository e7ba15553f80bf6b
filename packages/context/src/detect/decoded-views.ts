/** A reading of a part of a text under some encoding. */
export interface DecodedView {
  readonly encoding: 'base64' | 'hex' | 'url' | 'html' | 'tags';
  readonly text: string;
}

const SPANS_MAX = 48;
const SPAN_CHARS_MAX = 8192;
// Each pattern is one run of a class, so matching is linear; runs are cut to SPAN_CHARS_MAX.
const BASE64 = /[A-Za-z0-9+/_-]{24,8192}={0,2}/g;
const HEX = /(?:[0-9a-fA-F]{2}[ :]?){16,2048}/g;
const URL_ESCAPES = /(?:[A-Za-z0-9._~+-]|%[0-9a-fA-F]{2}){12,8192}/g;
const ENTITIES = /(?:&#x?[0-9a-fA-F]{2,6};){4,1024}/g;

/** What suspicious spans say when they are decoded: at most 48 spans of at most 8 KiB of each encoding. */
export function decodedViews(text: string): DecodedView[] {
  const views: DecodedView[] = [];
  for (const span of spans(text, BASE64)) {
    if (/[a-z]/.test(span) && /[A-Z]/.test(span)) keep(views, 'base64', Buffer.from(span, 'base64').toString('utf8'));
  }
  for (const span of spans(text, HEX))
    keep(views, 'hex', Buffer.from(span.replace(/[ :]/g, ''), 'hex').toString('utf8'));
  if (text.includes('%')) {
    for (const span of spans(text, URL_ESCAPES))
      if (/%[0-9a-fA-F]{2}/.test(span)) keep(views, 'url', decodePercent(span.replaceAll('+', ' ')));
  }
  if (text.includes('&#')) {
    for (const span of spans(text, ENTITIES))
      keep(
        views,
        'html',
        span.replace(/&#(x?)([0-9a-fA-F]+);/g, (_all, hex: string, digits: string) => character(digits, hex ? 16 : 10)),
      );
  }
  return views;
}

function spans(text: string, pattern: RegExp): string[] {
  const found: string[] = [];
  for (const [span] of text.matchAll(pattern)) {
    if (found.length === SPANS_MAX) break;
    found.push(span.slice(0, SPAN_CHARS_MAX));
  }
  return found;
}

/** Keeps what reads as text: nearly all of it printable, with words in it. */
function keep(views: DecodedView[], encoding: DecodedView['encoding'], text: string): void {
  if (text.length < 8) return;
  const printable = text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}\p{S}\s]|\uFFFD/gu, '').length;
  if (printable >= text.length * 0.95 && /\p{L}{2,}\P{L}+\p{L}{2,}/u.test(text)) views.push({ encoding, text });
}

function decodePercent(span: string): string {
  return Buffer.from(
    span.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}

function character(digits: string, base: number): string {
  const code = Number.parseInt(digits, base);
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}
