/**
 * How a text lies over the original that it was made from: pieces `[at, start, end, verbatim]`, in order. The piece
 * begins at `at` in the text and ends where the next one begins; `start` and `end` are its place in the original.
 * Verbatim (1): the piece stands there letter by letter, so a part of it can be located exactly. Otherwise (0) the piece
 * as a whole stands for the whole place.
 */
export type MapPiece = readonly [at: number, start: number, end: number, verbatim: 0 | 1];
export type TextMap = readonly MapPiece[];

/** How long a slice of text is in the original, in its unit. */
export type Width = (slice: string) => number;

/** The place in the original of `text[from, to)`: exact in verbatim pieces, the whole piece elsewhere. */
export function locate(map: TextMap, text: string, width: Width, from: number, to: number): [number, number] {
  let start = -1;
  let end = -1;
  for (let index = pieceAt(map, from); index < map.length; index++) {
    const [at, first, last, verbatim] = map[index]!;
    if (at >= to && start >= 0) break;
    const next = map[index + 1]?.[0] ?? text.length;
    const low = Math.max(from, at);
    const high = Math.min(to, next);
    if (start < 0) start = verbatim === 1 ? first + width(text.slice(at, low)) : first;
    end = verbatim === 1 ? first + width(text.slice(at, Math.max(low, high))) : last;
  }
  return [Math.max(start, 0), Math.max(end, start, 0)];
}

function pieceAt(map: TextMap, at: number): number {
  let low = 0;
  let high = map.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (map[middle]![0] <= at) low = middle;
    else high = middle - 1;
  }
  return Math.max(low, 0);
}

/** Builds a text with its map, piece by piece. Neighbours that are verbatim and touch become one piece. */
export class MappedText {
  #parts: string[] = [];
  readonly map: MapPiece[] = [];
  length = 0;

  push(text: string, start: number, end: number, verbatim: boolean): void {
    if (text === '') return;
    const last = this.map.at(-1);
    if (verbatim && last?.[3] === 1 && last[2] === start) this.map[this.map.length - 1] = [last[0], last[1], end, 1];
    else this.map.push([this.length, start, end, verbatim ? 1 : 0]);
    this.#parts.push(text);
    this.length += text.length;
  }

  /** Adds `other.text[from, to)` with its map. The original counts in UTF-16 units. */
  append(other: MappedText, from: number, to: number): void {
    const { text, map } = other;
    for (let at = from, index = pieceAt(map, from); at < to; index++) {
      const [first, start, last, verbatim] = map[index]!;
      const end = Math.min(to, map[index + 1]?.[0] ?? text.length);
      if (verbatim === 1) this.push(text.slice(at, end), start + at - first, start + end - first, true);
      else this.push(text.slice(at, end), start, last, false);
      at = end;
    }
  }

  get text(): string {
    if (this.#parts.length > 1) this.#parts = [this.#parts.join('')];
    return this.#parts[0] ?? '';
  }
}

/** The map of a text over the original of the text that it was made from. All count in UTF-16 units. */
export function composeMaps(map: TextMap, length: number, under: MappedText): MapPiece[] {
  const composed = new MappedText();
  for (const [index, [at, start, end, verbatim]] of map.entries()) {
    if (verbatim === 1) {
      composed.append(under, start, end);
      continue;
    }
    const [first, last] = locate(under.map, under.text, (slice) => slice.length, start, end);
    composed.push(' '.repeat((map[index + 1]?.[0] ?? length) - at), first, last, false);
  }
  return composed.map;
}

/** A map of at most `max` pieces: the smallest neighbours are joined into pieces that stand for all of their place. */
export function boundMap(map: TextMap, max: number): TextMap {
  if (map.length <= max) return map;
  const group = Math.ceil(map.length / max);
  const bounded: MapPiece[] = [];
  for (let index = 0; index < map.length; index += group) {
    const pieces = map.slice(index, index + group);
    bounded.push([
      pieces[0]![0],
      Math.min(...pieces.map((piece) => piece[1])),
      Math.max(...pieces.map((piece) => piece[2])),
      0,
    ]);
  }
  return bounded;
}
