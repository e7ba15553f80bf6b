/** A stretch of a text that must not be kept. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: 'secret' | 'personal';
  /** Lower-case words joined by `-`. */
  readonly type: string;
  /** What the value is the same as, however it was written: the digits of a card number, an address in lower case. */
  readonly same: string;
}

/** Finds spans in time linear in the length of the text. */
export type Detector = (text: string) => Span[];

/** The spans in order and without overlap: what starts first wins, then what is longer. */
export function withoutOverlap(spans: readonly Span[]): Span[] {
  const kept: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (!last || span.start >= last.end) kept.push(span);
    // The rest of a value that begins inside another must not stay readable.
    else if (span.end > last.end) kept[kept.length - 1] = { ...last, end: span.end, same: `${last.same}${span.same}` };
  }
  return kept;
}

/** Bits for each character, by frequency: words have about 3, random base 64 of 20 characters or more about 4. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
