import type { ConceptHit } from './find-concepts.ts';
import { hashWord } from './split-words.ts';

/** Weights, and so features, are this many: a power of two. */
export const BUCKETS = 1 << 17;
const BUCKET_BITS = 17;
/** How many words the model looks at together. */
export const WINDOW_WORDS = 40;
const PAIR_WORDS = 14;
const GRAM_WORD_CHARS = { min: 4, max: 24 };

/** The features of a text: those of word `i` stand at `starts[i]` up to `starts[i + 1]`. */
export interface Features {
  readonly words: number;
  readonly starts: Int32Array;
  readonly buckets: Int32Array;
}

const conceptHashes = new Map<string, number>();
function conceptHash(name: string): number {
  const known = conceptHashes.get(name);
  if (known !== undefined) return known;
  const hash = hashWord(`concept:${name}`);
  conceptHashes.set(name, hash);
  return hash;
}

/** When a bucket was last set, counted in words over all calls: a feature counts once in a window. */
const lastSet = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);
let clock = 0;

/**
 * Hashed features: words, pairs of words, characters n-grams (3 to 5) inside words, concepts, and pairs of concepts
 * near each other. A feature that occurred less than a window ago is left out, so that repetition is no evidence.
 */
export function extractFeatures(
  words: readonly string[],
  hashes: Uint32Array,
  concepts: readonly ConceptHit[],
): Features {
  const starts = new Int32Array(words.length + 1);
  let buckets = new Int32Array(words.length * 16 + 64);
  let count = 0;
  clock += WINDOW_WORDS;
  const add = (hash: number, at: number) => {
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    const bucket = (mixed ^ (mixed >>> 13)) >>> (32 - BUCKET_BITS);
    const seen = lastSet[bucket]!;
    lastSet[bucket] = at;
    if (at - seen < WINDOW_WORDS) return;
    if (count === buckets.length) {
      const larger = new Int32Array(buckets.length * 2);
      larger.set(buckets);
      buckets = larger;
    }
    buckets[count++] = bucket;
  };
  let concept = 0;
  for (let index = 0; index < words.length; index++) {
    starts[index] = count;
    const at = clock + index;
    const hash = hashes[index]!;
    add(hash, at);
    if (index > 0) add(Math.imul(hashes[index - 1]!, 31) ^ hash, at);
    if (index > 1) add(Math.imul(hashes[index - 2]!, 0x01000193) ^ hash ^ 0x5bd1e995, at);
    const word = words[index]!;
    if (word.length >= GRAM_WORD_CHARS.min && word.length <= GRAM_WORD_CHARS.max) addGrams(word, at, add);
    for (; concept < concepts.length && concepts[concept]!.to === index; concept++) {
      const { concept: name, from } = concepts[concept]!;
      add(conceptHash(name), at);
      for (let before = concept - 1; before >= 0 && before > concept - 8; before--) {
        const earlier = concepts[before]!;
        if (from - earlier.to > PAIR_WORDS) break;
        if (earlier.to < from) add(Math.imul(conceptHash(earlier.concept), 0x9e3779b1) ^ conceptHash(name), at);
      }
    }
  }
  starts[words.length] = count;
  clock += words.length;
  return { words: words.length, starts, buckets: buckets.subarray(0, count) };
}

function addGrams(word: string, at: number, add: (hash: number, at: number) => void): void {
  const marked = `^${word}$`;
  for (let from = 0; from + 3 <= marked.length; from++) {
    let hash = 0x811c9dc5;
    for (let length = 1; length <= 5 && from + length <= marked.length; length++) {
      hash = Math.imul(hash ^ marked.charCodeAt(from + length - 1), 0x01000193);
      if (length >= 3) add(hash ^ (length << 27), at);
    }
  }
}
