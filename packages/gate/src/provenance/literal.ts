import type { Span } from '@portreeve/contract';
import { foldForTouch, foldForTrust, isPlain, originalSpan } from './fold.ts';
import { indexOf, type Leaf, placeOf, type Source, touchFold, trustFold } from './material.ts';

/** Words so common that standing in a request proves nothing. */
const FUNCTION_WORDS = new Set(
  'a all am an and any are as at be but by can do for from get go has have he her him his how i if in is it its let make me my new no not now of off on one or our out please put run say see send set she so the their them then there they this to too two up us use was we what when where who will with yes you your'.split(
    ' ',
  ),
);

const WORD = /[\p{L}\p{N}_]/u;
/** Characters that make one thing of what stands on both sides: `alice-article`, `a@b`, `x/y`. */
const JOINS = /[@\-–—/\\+=&%~#$*|^]/u;
/** The same where words stand on both sides: `3.5`, `12:00`, `o'clock`. */
const JOINS_BETWEEN = /[.,:;'’!?]/u;

/**
 * Where a text is written in another as a thing of its own, not as a part of a longer word, address, number or path.
 * Both are folded. Gives the first place, or -1.
 */
export function findWhole(value: string, text: string, from = 0): number {
  if (value === '') return -1;
  for (let at = text.indexOf(value, from); at >= 0; at = text.indexOf(value, at + 1)) {
    if (opens(value, text, at) && closes(value, text, at + value.length)) return at;
  }
  return -1;
}

function opens(value: string, text: string, at: number): boolean {
  const before = text[at - 1];
  if (before === undefined || !WORD.test(value[0]!)) return true;
  if (WORD.test(before)) return false;
  // A dash of its own, as in a list, joins nothing.
  if (JOINS.test(before)) return text[at - 2] === undefined || /\s/.test(text[at - 2]!) ? /[-–—*]/.test(before) : false;
  return !(JOINS_BETWEEN.test(before) && WORD.test(text[at - 2] ?? ' '));
}

function closes(value: string, text: string, end: number): boolean {
  const after = text[end];
  if (after === undefined || !WORD.test(value.at(-1)!)) return true;
  if (WORD.test(after)) return false;
  if (JOINS.test(after)) return /\s/.test(text[end + 1] ?? ' ') && /[-–—]/.test(after);
  if (!JOINS_BETWEEN.test(after) || !WORD.test(text[end + 1] ?? ' ')) return true;
  // `Anna's`: the name stands alone.
  return /['’]/.test(after) && text[end + 1] === 's' && !WORD.test(text[end + 2] ?? ' ');
}

export const isFunctionWord = (word: string): boolean => FUNCTION_WORDS.has(word);

/** Whether a text says enough that it does not stand somewhere by chance. */
function isDistinctive(value: string): boolean {
  const letters = value.replace(/[^\p{L}\p{N}]/gu, '');
  if (letters.length < 3) return false;
  if (/^\p{N}+$/u.test(letters) && letters.length < 4) return false;
  return !FUNCTION_WORDS.has(value.trim().toLowerCase());
}

/** An id of a few characters counts only where the request says that it is one: `id 13`, `#7`, `number 4`. */
export function isCalledId(value: string, text: string, at: number): boolean {
  return (
    /^[\p{L}\p{N}-]{1,16}$/u.test(value) &&
    /(?:\bids?|\bnumbers?|\bnos?\.|#)(?: is| are)?[\s:=#'"]{0,3}$/u.test(text.slice(0, at))
  );
}

/** How often the requester writes a value as a thing of its own. */
export function countMentions(value: string, sources: readonly Source[]): number {
  const folded = foldForTrust(value).text;
  let count = 0;
  for (const source of sources) {
    for (const leaf of indexOf(source).leaves) {
      const { text } = trustFold(leaf);
      for (let at = findWhole(folded, text); at >= 0; at = findWhole(folded, text, at + folded.length)) count++;
    }
  }
  return count;
}

/** Characters that may still be searched for one proposal. A hostile call must not keep the gate busy. */
export interface Budget {
  chars: number;
}

export function spend(budget: Budget, chars: number): boolean {
  budget.chars -= chars + 1;
  return budget.chars > 0;
}

export interface Found {
  readonly leaf: Leaf;
  readonly span: Span;
  /** Only in another case, spacing or compatibility form. */
  readonly reworded: boolean;
}

/** The value as a thing of its own in one of the requester's texts. */
export function findInRequest(
  value: string,
  sources: readonly Source[],
  accepts: (found: Found) => boolean = () => true,
): Found | null {
  const folded = foldForTrust(value).text;
  if (folded === '') return null;
  const letters = isPlain(value);
  // Where case carries meaning (codes, accounts, addresses, passwords) it counts.
  const exact = !letters || (/[\p{N}/._-]/u.test(value) && !/\s/.test(value) && !value.includes('@'));
  for (const source of sources) {
    for (const leaf of indexOf(source).leaves) {
      const text = trustFold(leaf);
      for (let at = findWhole(folded, text.text); at >= 0; at = findWhole(folded, text.text, at + 1)) {
        const place = originalSpan(text, at, at + folded.length);
        const written = leaf.text.slice(place.start, place.end);
        if (written !== value && exact) continue;
        if (!isDistinctive(value) && leaf.text !== value && !isCalledId(value, text.text, at)) continue;
        const found = { leaf, span: spanOf(leaf, place), reworded: written !== value };
        if (accepts(found)) return found;
      }
    }
  }
  return null;
}

/** The value as the whole of a leaf, or, where it is long enough, as a thing of its own in one. */
export function findInRecords(
  value: string | number | boolean,
  sources: readonly Source[],
  budget: Budget,
): Found | null {
  const text = String(value);
  const folded = foldForTrust(text).text;
  const within = typeof value === 'string' && folded.length >= 8 && isPlain(value);
  for (const source of sources) {
    for (const leaf of indexOf(source).leaves) {
      // Not looked for is not found: untrusted, which is safe.
      if (!spend(budget, leaf.text.length)) return null;
      if (leaf.value === value || (typeof leaf.value === 'string' && leaf.text === text && text !== '')) {
        return { leaf, span: spanOf(leaf, { start: 0, end: leaf.text.length }), reworded: false };
      }
      if (!within || typeof leaf.value !== 'string') continue;
      const inside = trustFold(leaf);
      const at = findWhole(folded, inside.text);
      if (at < 0) continue;
      const place = originalSpan(inside, at, at + folded.length);
      if (leaf.text.slice(place.start, place.end) === text) {
        return { leaf, span: spanOf(leaf, place), reworded: false };
      }
    }
  }
  return null;
}

/** Shorter than this, letters and digits stand in any document by chance. */
const TOUCH_CHARS_MIN = 4;
const PIECE_CHARS = 12;
const TOUCH_SPANS_MAX = 4;
const PIECES_MAX = 32;

/**
 * Where the value, or long pieces of it, stand in a document in any dress. Empty: nothing of it was found. It tells people
 * where a value is from; nothing becomes trusted because nothing was found.
 */
export function findTouched(value: string, sources: readonly Source[], budget: Budget): Span[] {
  const folded = foldForTouch(value).text;
  const spans: Span[] = [];
  for (const source of sources) {
    for (const leaf of indexOf(source).leaves) {
      if (spans.length >= TOUCH_SPANS_MAX || !spend(budget, leaf.text.length)) return spans;
      const span = touchedBy(value, folded, leaf);
      if (span) spans.push(span);
    }
    if (
      spans.length === 0 &&
      folded.length >= 8 &&
      spend(budget, charsOf(source)) &&
      indexOf(source).whole().includes(folded)
    ) {
      spans.push({ origin: source.origin, at: '', start: 0, end: 0 });
    }
  }
  return spans;
}

const charsOf = (source: Source) => indexOf(source).leaves.reduce((sum, leaf) => sum + leaf.text.length, 0);

function touchedBy(value: string, folded: string, leaf: Leaf): Span | null {
  if (folded.length < TOUCH_CHARS_MIN) {
    return leaf.text === value ? spanOf(leaf, { start: 0, end: leaf.text.length }) : null;
  }
  const text = touchFold(leaf);
  const at = text.text.indexOf(folded);
  if (at >= 0) return spanOf(leaf, originalSpan(text, at, at + folded.length));
  const stride = Math.max(PIECE_CHARS / 2, Math.ceil(folded.length / PIECES_MAX));
  for (let start = 0; start + PIECE_CHARS <= folded.length; start += stride) {
    const piece = text.text.indexOf(folded.slice(start, start + PIECE_CHARS));
    if (piece >= 0) return spanOf(leaf, originalSpan(text, piece, piece + PIECE_CHARS));
  }
  return null;
}

function spanOf(leaf: Leaf, place: { start: number; end: number }): Span {
  return { ...placeOf(leaf), ...place };
}
