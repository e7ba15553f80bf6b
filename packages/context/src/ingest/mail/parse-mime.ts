import { decodeWords } from 'postal-mime';
import type { Collector } from '../collector.ts';
import { charPart } from '../collector.ts';
import { Refused } from '../limits.ts';

const MULTIPART_DEPTH_MAX = 16;
const HEADERS_MAX = 500;
const HEADER_CHARS_MAX = 20_000;

export interface Header {
  /** Lower case. */
  readonly name: string;
  /** Unfolded; encoded words (RFC 2047) are decoded. */
  readonly value: string;
  /** Place in the mail, in bytes. */
  readonly start: number;
  readonly end: number;
}

export interface MimePart {
  /** `1`, `2.1` …; empty for the mail itself. */
  readonly path: string;
  readonly headers: readonly Header[];
  readonly type: string;
  readonly charset: string;
  readonly disposition: string;
  readonly filename: string;
  /** Place of the body in the mail, in bytes. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly MimePart[];
}

/**
 * Parses a mail (RFC 5322, RFC 2045 to 2047, RFC 2231) into its parts with their places. `raw` holds one character for
 * each byte. What readers understand differently (a second Content-Type, a boundary that never ends) is noted.
 */
export function parseMime(raw: string, collector: Collector): MimePart {
  return parsePart(raw, 0, raw.length, '', 0, collector);
}

function parsePart(
  raw: string,
  start: number,
  end: number,
  path: string,
  depth: number,
  collector: Collector,
): MimePart {
  collector.countPart();
  if (depth > MULTIPART_DEPTH_MAX) throw new Refused('too_deep', `parts are nested deeper than ${MULTIPART_DEPTH_MAX}`);
  const { headers, body } = parseHeaders(raw, start, end);
  const types = headers.filter(({ name }) => name === 'content-type');
  if (types.length > 1)
    collector.find(
      'malformed',
      'high',
      charPart(path === '' ? '' : `body/${path}`),
      0,
      0,
      'two Content-Type headers: readers differ in which one counts',
    );
  const { value: type, parameters } = parseParameters(types[0]?.value ?? 'text/plain');
  const disposition = parseParameters(headerValue(headers, 'content-disposition'));
  const children = type.startsWith('multipart/')
    ? splitParts(raw, body, end, parameters.get('boundary') ?? '', path, collector)
    : [];
  return {
    path,
    headers,
    type,
    charset: parameters.get('charset') ?? '',
    disposition: disposition.value,
    filename: disposition.parameters.get('filename') ?? parameters.get('name') ?? '',
    start: body,
    end,
    children: children.map(([from, to], index) =>
      parsePart(raw, from, to, path === '' ? `${index + 1}` : `${path}.${index + 1}`, depth + 1, collector),
    ),
  };
}

export function headerValue(headers: readonly Header[], name: string): string {
  return headers.find((header) => header.name === name)?.value ?? '';
}

function parseHeaders(raw: string, start: number, end: number): { headers: Header[]; body: number } {
  const headers: Header[] = [];
  let at = start;
  while (at < end && headers.length < HEADERS_MAX) {
    let stop = lineEnd(raw, at, end);
    if (raw.slice(at, stop).trim() === '') return { headers, body: Math.min(stop + 1, end) };
    while (
      stop + 1 < end &&
      (raw[stop + 1] === ' ' || raw[stop + 1] === '\t') &&
      raw.slice(stop + 1, lineEnd(raw, stop + 1, end)).trim() !== ''
    )
      stop = lineEnd(raw, stop + 1, end);
    const line = raw.slice(at, Math.min(stop, at + HEADER_CHARS_MAX));
    const colon = line.indexOf(':');
    if (colon <= 0) return { headers, body: at };
    const value = line
      .slice(colon + 1)
      .replaceAll(/\r?\n[ \t]+/g, ' ')
      .trim();
    headers.push({ name: line.slice(0, colon).trim().toLowerCase(), value: decodeHeader(value), start: at, end: stop });
    at = stop + 1;
  }
  return { headers, body: Math.min(at, end) };
}

/** Headers are ASCII with encoded words; today also plain UTF-8 (RFC 6532). */
function decodeHeader(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes beyond ASCII
  const text = /[^\u0000-\u007f]/.test(value) ? new TextDecoder().decode(Buffer.from(value, 'latin1')) : value;
  return decodeWords(text);
}

function lineEnd(raw: string, from: number, end: number): number {
  const at = raw.indexOf('\n', from);
  return at < 0 || at > end ? end : at;
}

/** The value of a header with its parameters; continued and encoded ones (RFC 2231) are joined and decoded. */
function parseParameters(header: string): { value: string; parameters: ReadonlyMap<string, string> } {
  const [first = ''] = header.split(';');
  const parameters = new Map<string, string>();
  const pieces = new Map<string, string[]>();
  for (const match of header
    .slice(first.length)
    .matchAll(/;\s*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.){0,5000})"|([^\s;]{0,5000}))/g)) {
    const value = match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '';
    const extended = /^([^*]+)\*(?:(\d{1,2})(\*)?)?$/.exec(match[1]!.toLowerCase());
    if (!extended) {
      if (!parameters.has(match[1]!.toLowerCase())) parameters.set(match[1]!.toLowerCase(), value);
      continue;
    }
    const list = pieces.get(extended[1]!) ?? [];
    list[Number(extended[2] ?? 0)] = extended[2] === undefined || extended[3] ? percentDecoded(value) : value;
    pieces.set(extended[1]!, list);
  }
  for (const [name, list] of pieces) parameters.set(name, list.join(''));
  return { value: first.trim().toLowerCase(), parameters };
}

function percentDecoded(value: string): string {
  const text = /^[^']{0,40}'[^']{0,40}'([\s\S]*)$/.exec(value)?.[1] ?? value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The places between the boundary's lines. */
function splitParts(
  raw: string,
  start: number,
  end: number,
  boundary: string,
  path: string,
  collector: Collector,
): [number, number][] {
  const part = charPart(path === '' ? '' : `body/${path}`);
  if (boundary === '') {
    collector.find('malformed', 'low', part, start, end, 'a part in several bodies without a boundary');
    return [];
  }
  const parts: [number, number][] = [];
  let from = -1;
  let closed = false;
  for (let at = raw.indexOf(`--${boundary}`, start); at >= 0 && at < end; at = raw.indexOf(`--${boundary}`, at + 2)) {
    if (at > start && raw[at - 1] !== '\n') continue;
    const stop = lineEnd(raw, at, end);
    const rest = raw.slice(at + 2 + boundary.length, stop).trim();
    if (rest !== '' && rest !== '--') continue;
    // The line break before a boundary belongs to the boundary.
    if (from >= 0) parts.push([from, Math.max(from, raw[at - 2] === '\r' ? at - 2 : at - 1)]);
    if (parts.length > collector.limits.parts_max)
      throw new Refused('too_many_parts', `has more than ${collector.limits.parts_max} parts`);
    from = rest === '--' ? -1 : Math.min(stop + 1, end);
    closed = rest === '--';
    if (closed) break;
  }
  if (from >= 0) parts.push([from, end]);
  if (!closed) collector.find('malformed', 'low', part, start, end, 'the last boundary is missing: the mail was cut');
  return parts;
}
