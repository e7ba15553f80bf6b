import type { JsonObject } from '@portreeve/contract';
import { cleanText, type UnicodeKind } from '../clean.ts';
import { suspiciousKinds } from '../findings.ts';
import { boundMap, composeMaps, locate, type MapPiece, MappedText } from '../text-map.ts';
import type { Block, BlockKind, IngestFinding, OffsetUnit, Severity } from './document.ts';
import { type IngestLimits, Refused } from './limits.ts';

const REMOVED_CHARS_MAX = 300;
const DETAIL_CHARS_MAX = 300;
const MAP_PIECES_MAX = 200;
/** Findings of one Unicode kind in one block, each with its place; the last one counts the rest. */
const UNICODE_FINDINGS_MAX = 5;

/** One stretch of the original in which parsers count: characters of its decoded text, and how they become offsets. */
export interface Part {
  readonly name: string;
  readonly unit: OffsetUnit;
  /** From a character index of the decoded text to an offset in `unit`. */
  readonly offset: (index: number) => number;
}

export const charPart = (name: string): Part => ({ name, unit: 'char', offset: (index) => index });

/** Gathers blocks and findings of one document and all inside it, within the limits. */
export class Collector {
  readonly blocks: Block[] = [];
  readonly findings: IngestFinding[] = [];
  readonly limits: IngestLimits;
  findingsLeftOut = 0;
  truncated = false;
  available = 0;
  #chars = 0;
  #expanded = 0;
  #parts = 0;
  #streams = 0;

  constructor(limits: IngestLimits) {
    this.limits = limits;
  }

  /** Counts bytes that were unpacked. */
  expand(bytes: number): void {
    this.#expanded += bytes;
    if (this.#expanded > this.limits.expanded_bytes_max)
      throw new Refused('expands_too_much', `unpacks to more than ${this.limits.expanded_bytes_max} bytes`);
  }

  /** How many bytes may still be unpacked. */
  get expandable(): number {
    return this.limits.expanded_bytes_max - this.#expanded;
  }

  countPart(): void {
    if (++this.#parts > this.limits.parts_max)
      throw new Refused('too_many_parts', `has more than ${this.limits.parts_max} parts`);
  }

  /** Counts a stream of a PDF: a page has several. */
  countStream(): void {
    if (++this.#streams > this.limits.parts_max * 100)
      throw new Refused('too_many_parts', `has more than ${this.limits.parts_max * 100} streams`);
  }

  /** Whether there is room for more text. The first time there is none, that is noted. */
  room(part: Part, at: number): boolean {
    if (this.blocks.length < this.limits.blocks_max && this.#chars < this.limits.text_chars_max) return true;
    if (!this.truncated) {
      this.truncated = true;
      this.find(
        'truncated',
        'high',
        part,
        at,
        at,
        'the document is longer than what may be read: the rest was left out',
      );
    }
    return false;
  }

  /** Adds one block of visible text, in pieces of bounded length; cleans it and notes what was hidden in it. */
  add(kind: BlockKind, part: Part, source: MappedText): void {
    const text = source.text;
    const max = this.limits.block_chars_max;
    for (let from = 0; from < text.length; ) {
      const to = from + max >= text.length ? text.length : breakBefore(text, from, from + max);
      if (!this.room(part, source.map[0]![1])) return;
      this.#addPiece(kind, part, source, from, to);
      from = to;
    }
  }

  /** Adds one record. Its fields are cleaned when the declared ones are taken (`take-declared.ts`). */
  addRecord(part: Part, position: number, record: JsonObject): void {
    const place = { part: part.name, unit: 'item' as const, start: position, end: position + 1 };
    this.blocks.push({ kind: 'record', position, text: '', map: [], ...place, record });
  }

  #addPiece(kind: BlockKind, part: Part, source: MappedText, from: number, to: number): void {
    const piece = new MappedText();
    piece.append(source, from, to);
    const cleaned = cleanText(piece.text);
    const place = (start: number, end: number) => locate(piece.map, piece.text, (slice) => slice.length, start, end);
    const counts = new Map<UnicodeKind, number>();
    for (const span of cleaned.spans) {
      const count = (counts.get(span.kind) ?? 0) + 1;
      counts.set(span.kind, count);
      if (count > UNICODE_FINDINGS_MAX) continue;
      const raw = piece.text.slice(span.start, span.end);
      const more = count === UNICODE_FINDINGS_MAX ? '; more in this block are not listed one by one' : '';
      this.find(
        span.kind,
        unicodeSeverity(span.kind, raw),
        part,
        ...place(span.start, span.end),
        `${UNICODE_DETAIL[span.kind]}${more}`,
        unicodeText(span.kind, raw),
      );
    }
    if (cleaned.text.trim() === '') return;
    const [start, end] = place(0, piece.text.length);
    for (const suspicious of suspiciousKinds(cleaned.text))
      this.find(suspicious, 'low', part, start, end, 'the visible text addresses a model instead of its reader');
    const map = composeMaps(cleaned.map, cleaned.text.length, piece).map(
      ([at, first, last, verbatim]): MapPiece => [at, part.offset(first), part.offset(last), verbatim],
    );
    this.#chars += cleaned.text.length;
    this.blocks.push({
      kind,
      position: this.blocks.length + 1,
      text: cleaned.text,
      part: part.name,
      unit: part.unit,
      start: part.offset(start),
      end: part.offset(end),
      map: boundMap(map, MAP_PIECES_MAX),
    });
  }

  /** Notes something. What was taken out is cleaned and cut; a text that addresses a model makes it severe. */
  find(
    kind: IngestFinding['kind'],
    severity: Severity,
    part: Part,
    start: number,
    end: number,
    detail: string,
    removed?: string,
  ): void {
    if (this.findings.length >= this.limits.findings_max) {
      this.findingsLeftOut++;
      return;
    }
    const excerpt = removed === undefined ? '' : excerptOf(removed);
    const severe = excerpt !== '' && suspiciousKinds(cleanText(removed!.slice(0, 20_000)).text).length > 0;
    this.findings.push({
      kind,
      severity: severe ? 'high' : severity,
      position: { part: part.name, unit: part.unit, start: part.offset(start), end: part.offset(end) },
      detail: cleanText(detail).text.slice(0, DETAIL_CHARS_MAX).toWellFormed(),
      ...(excerpt === '' ? {} : { removed: excerpt }),
    });
  }
}

function excerptOf(text: string): string {
  const cleaned = cleanText(text.slice(0, REMOVED_CHARS_MAX * 4))
    .text.replaceAll(/\s+/g, ' ')
    .trim();
  return cleaned.length > REMOVED_CHARS_MAX ? `${cleaned.slice(0, REMOVED_CHARS_MAX).toWellFormed()}…` : cleaned;
}

/** A place to break a long text: behind white space in its last quarter, never inside a character. */
function breakBefore(text: string, from: number, to: number): number {
  const space = text.lastIndexOf(' ', to);
  if (space > from + ((to - from) * 3) / 4) return space + 1;
  return /[\uD800-\uDBFF]/.test(text[to - 1]!) ? to - 1 : to;
}

const UNICODE_DETAIL: Readonly<Record<UnicodeKind, string>> = {
  tag_character: 'tag characters, which no one sees and which spell a text',
  bidirectional_control: 'a control character that changes the direction of the text',
  variation_selector: 'variation selectors',
  invisible_character: 'invisible characters',
  control_character: 'control characters',
  excess_mark: 'more combining marks on one letter than a text needs',
  confusable_character: 'a word that mixes Latin letters with letters that only look Latin',
};

/** One selector behind a symbol is how emoji are written; a run of them carries data. */
function unicodeSeverity(kind: UnicodeKind, raw: string): Severity {
  if (kind === 'tag_character' || kind === 'confusable_character') return 'high';
  if (kind === 'variation_selector' || kind === 'invisible_character') return raw.length > 3 ? 'high' : 'info';
  return 'low';
}

function unicodeText(kind: UnicodeKind, raw: string): string | undefined {
  if (kind === 'confusable_character') return raw;
  const points = [...raw].map((character) => character.codePointAt(0)!);
  if (kind === 'tag_character')
    return String.fromCharCode(...points.slice(0, REMOVED_CHARS_MAX).map((point) => point - 0xe0000));
  return points
    .slice(0, 16)
    .map((point) => `U+${point.toString(16).toUpperCase().padStart(4, '0')}`)
    .join(' ');
}
