import { lookalikeWords } from './confusables.ts';
import { locate, MappedText, type TextMap } from './text-map.ts';

/** Characters that a person does not see but a model reads, by kind. The order decides where kinds overlap. */
const HIDDEN = [
  ['tag_character', '[\\u{E0000}-\\u{E007F}]'],
  ['bidirectional_control', '\\p{Bidi_Control}'],
  ['variation_selector', '[\\u180B-\\u180D\\u180F\\uFE00-\\uFE0F\\u{E0100}-\\u{E01EF}]'],
  ['invisible_character', '[\\p{Default_Ignorable_Code_Point}\\uFFF9-\\uFFFB]'],
  // Tab, line feed and carriage return are text; the rest could drive the terminal of who reads the evidence.
  ['control_character', '[\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]'],
] as const;

export type HiddenKind = (typeof HIDDEN)[number][0] | 'excess_mark';
export type UnicodeKind = HiddenKind | 'confusable_character';

const ANY_HIDDEN = new RegExp(HIDDEN.map(([, pattern]) => `(${pattern}+)`).join('|'), 'gu');
/**
 * More marks on one letter than the Stream-Safe Text Format (UAX #15) allows: they hide what lies under them, and
 * normalising them takes quadratic time.
 */
const EXCESS_MARKS = /(?<=\p{M}{30})(\p{M}+)/gu;
/** A letter with the marks that may join it. Jamo vowels and finals compose with what stands before them. */
const CLUSTER = /[\p{M}\u1160-\u11FF]+|[^\p{M}\u1160-\u11FF][\p{M}\u1160-\u11FF]*/gu;
/** Text that needs no care: the common case. */
const PLAIN = /^[\t\n\r\x20-\x7e]*$/;
const SPANS_MAX = 1000;

export interface UnicodeSpan {
  readonly kind: UnicodeKind;
  /** Place in the text that was given, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

export interface Cleaned {
  readonly text: string;
  /** How many characters of each kind were removed; kinds that did not occur are absent. */
  readonly removed: ReadonlyMap<HiddenKind, number>;
  /** What was found and where: at most 1000. Confusable words stay in the text. */
  readonly spans: readonly UnicodeSpan[];
  /** How the cleaned text lies over the given one. */
  readonly map: TextMap;
}

/**
 * Removes invisible, bidirectional, tag and control characters (Unicode properties Default_Ignorable_Code_Point and
 * Bidi_Control), replaces lone surrogates by U+FFFD and normalises to NFC (UAX #15), so that what a model is shown is
 * what a person can see. Linear in the length of the text; cleaning again changes nothing.
 */
export function cleanText(given: string): Cleaned {
  if (PLAIN.test(given))
    return { text: given, removed: new Map(), spans: [], map: given === '' ? [] : [[0, 0, given.length, 1]] };
  const removed = new Map<HiddenKind, number>();
  const spans: UnicodeSpan[] = [];
  const source = given.toWellFormed();
  const whole = new MappedText();
  whole.push(source, 0, source.length, true);
  const note = (kind: HiddenKind, characters: string, [start, end]: readonly [number, number]): void => {
    removed.set(kind, (removed.get(kind) ?? 0) + [...characters].length);
    if (spans.length < SPANS_MAX) spans.push({ kind, start, end });
  };
  const visible = without(whole, ANY_HIDDEN, (groups, place) => {
    const index = groups.findIndex((group) => group !== undefined);
    note(HIDDEN[index]![0], groups[index]!, place);
  });
  const safe = without(visible, EXCESS_MARKS, ([marks], place) => note('excess_mark', marks!, place));
  const { text, map } = normalised(safe);
  for (const word of lookalikeWords(source, SPANS_MAX - spans.length))
    spans.push({ kind: 'confusable_character', ...word });
  return { text, removed, spans, map };
}

const width = (slice: string): number => slice.length;

/** The text without what the pattern matches; each match is told with its groups and its place in the original. */
function without(
  from: MappedText,
  pattern: RegExp,
  tell: (groups: readonly (string | undefined)[], place: [number, number]) => void,
): MappedText {
  const { text, map } = from;
  const left = new MappedText();
  let kept = 0;
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    tell(match.slice(1), locate(map, text, width, match.index, end));
    left.append(from, kept, match.index);
    kept = end;
  }
  if (kept === 0) return from;
  left.append(from, kept, text.length);
  return left;
}

/** NFC with the map kept: letter by letter with its marks, or as one piece where that would give another text. */
function normalised(visible: MappedText): { text: string; map: TextMap } {
  const before = visible.text;
  const whole = before.normalize('NFC');
  if (whole === before) return { text: before, map: visible.map };
  const after = new MappedText();
  let kept = 0;
  for (const match of before.matchAll(CLUSTER)) {
    const composed = match[0].normalize('NFC');
    if (composed === match[0]) continue;
    after.append(visible, kept, match.index);
    kept = match.index + match[0].length;
    const [start, end] = locate(visible.map, before, width, match.index, kept);
    after.push(composed, start, end, false);
  }
  after.append(visible, kept, before.length);
  if (after.text === whole) return { text: whole, map: after.map };
  const [start, end] = locate(visible.map, before, width, 0, before.length);
  return { text: whole, map: [[0, start, end, 0]] };
}
