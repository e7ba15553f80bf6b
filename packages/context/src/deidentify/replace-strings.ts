import { PhraseAutomaton } from '../detect/phrase-automaton.ts';

const codesOf = (text: string) => Uint32Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));

export interface Occurrence {
  /** Which of the strings. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** Finds many fixed strings in one pass: leftmost first, of those the longest, without overlaps. */
export class StringFinder {
  readonly #automaton: PhraseAutomaton;

  constructor(strings: readonly string[]) {
    this.#automaton = new PhraseAutomaton(strings.map((text) => [...codesOf(text)]));
  }

  find(text: string, accepts: (occurrence: Occurrence) => boolean = () => true): Occurrence[] {
    const all = this.#automaton
      .find(codesOf(text))
      .map(({ phrase, symbol, length }) => ({ index: phrase, start: symbol - length + 1, end: symbol + 1 }))
      .filter(accepts)
      .sort((a, b) => a.start - b.start || b.end - a.end);
    const kept: Occurrence[] = [];
    for (const occurrence of all) if (occurrence.start >= (kept.at(-1)?.end ?? 0)) kept.push(occurrence);
    return kept;
  }

  /** Where the end of the text begins that may go on to become one of the strings; the text's length if none. */
  openFrom(text: string): number {
    return text.length - this.#automaton.tail(codesOf(text));
  }
}

/** The text with each occurrence replaced. They must not overlap and be in order. */
export function replaceAt<T extends { readonly start: number; readonly end: number }>(
  text: string,
  places: readonly T[],
  replacement: (place: T) => string,
): string {
  let out = '';
  let at = 0;
  for (const place of places) {
    out += text.slice(at, place.start) + replacement(place);
    at = place.end;
  }
  return out + text.slice(at);
}
