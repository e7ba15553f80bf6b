/** A value inside a JSON text, by its place. */
export interface JsonScan {
  readonly depth: number;
  /** Places of the elements of an array at the top; empty otherwise. */
  readonly elements: readonly (readonly [start: number, end: number])[];
  /** Places of member names that their object has already: which value counts depends on the reader. */
  readonly duplicates: readonly (readonly [start: number, end: number])[];
}

const LISTED_MAX = 1000;

/**
 * Looks over a JSON text once, without recursion: how deep it is nested, where its elements stand and which names occur
 * twice. It does not check the grammar; who parses the text does.
 */
export function scanJson(text: string): JsonScan {
  const names: (Set<string> | null)[] = [];
  const elements: (readonly [number, number])[] = [];
  const duplicates: (readonly [number, number])[] = [];
  let deepest = 0;
  let expectName = false;
  let elementStart = -1;
  const endElement = (at: number): void => {
    if (elementStart >= 0) elements.push([elementStart, at]);
    elementStart = -1;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === ' ' || character === '\n' || character === '\t' || character === '\r') continue;
    const atTop = names.length === 1 && names[0] === null;
    if (atTop && character === ']') endElement(at);
    else if (atTop && character === ',') endElement(at);
    else if (atTop && elementStart < 0) elementStart = at;
    if (character === '"') {
      const end = stringEnd(text, at);
      const known = names.at(-1);
      if (expectName && known) {
        const name = text.slice(at, end);
        if (known.has(name) && duplicates.length < LISTED_MAX) duplicates.push([at, end]);
        known.add(name);
        expectName = false;
      }
      at = end - 1;
    } else if (character === '{' || character === '[') {
      names.push(character === '{' ? new Set() : null);
      expectName = character === '{';
      deepest = Math.max(deepest, names.length);
    } else if (character === '}' || character === ']') {
      names.pop();
      expectName = false;
    } else if (character === ',') expectName = names.at(-1) instanceof Set;
  }
  return { depth: deepest, elements, duplicates };
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
