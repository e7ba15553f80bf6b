import type { Json } from '@portreeve/contract';
import { wordsOf } from './read-request.ts';
import type { Ranked } from './signals.ts';

/** Levels from harmless to grave; words of one row mean the same. */
const LEVELS = [
  ['none', 'info', 'informational', 'benign', 'negligible'],
  ['low', 'minor', 'p4', 'sev4'],
  ['medium', 'moderate', 'normal', 'p3', 'sev3'],
  ['high', 'major', 'serious', 'p2', 'sev2'],
  ['critical', 'severe', 'urgent', 'p1', 'sev1'],
];
const FALLBACKS = new Set(['other', 'unknown', 'unclear', 'undetermined', 'none', 'general', 'inconclusive']);

/** How grave the evidence is, 0 to 4: by its strongest signals, and by how many different ones there are. */
export function gravity(ranked: readonly Ranked[]): number {
  const strong = new Set(ranked.filter(({ weight }) => weight >= 8).map(({ kind }) => kind)).size;
  const top = Math.max(0, ...ranked.map(({ weight }) => weight));
  if (strong >= 3) return 4;
  if (top >= 6) return 3;
  if (top >= 4) return 2;
  return top > 0 ? 1 : 0;
}

const levelOf = (value: Json) =>
  typeof value === 'string' ? LEVELS.findIndex((row) => row.includes(value.toLowerCase())) : -1;

/** One of a closed set of values, by what the evidence says. */
export function choose(name: string, literals: readonly Json[], ranked: readonly Ranked[]): Json {
  return chooseAll(name, literals, ranked)[0] ?? null;
}

/** The values of a closed set that the evidence speaks for, best first; never empty unless the set is. */
export function chooseAll(name: string, literals: readonly Json[], ranked: readonly Ranked[]): Json[] {
  const levels = literals.map(levelOf);
  if (literals.length > 1 && levels.every((level) => level !== -1)) {
    // Code that only counts words has no grounds for being sure.
    const wanted = /confidence|certainty/.test(name) ? 2 : gravity(ranked);
    const nearest = [...literals].sort((a, b) => Math.abs(levelOf(a) - wanted) - Math.abs(levelOf(b) - wanted));
    return nearest.slice(0, 1);
  }
  const scored = literals
    .map((value) => ({ value, score: score(value, ranked) }))
    .filter((entry) => entry.score > 0)
    .sort((a, b) => b.score - a.score);
  if (scored.length > 0) return scored.map((entry) => entry.value);
  const fallback = literals.find((value) => typeof value === 'string' && FALLBACKS.has(value.toLowerCase()));
  return literals.length === 0 ? [] : [fallback ?? (literals[0] as Json)];
}

function score(value: Json, ranked: readonly Ranked[]): number {
  if (typeof value !== 'string') return 0;
  const words = wordsOf(value)
    .split(' ')
    .map((word) => word.replace(/(ing|ed|s)$/, ''))
    .filter((word) => word.length > 2);
  let sum = 0;
  for (const { item, topics, weight } of ranked.slice(0, 50)) {
    const text = item.text.toLowerCase();
    for (const word of words) {
      if ([...topics].some((topic) => topic.startsWith(word))) sum += weight;
      if (text.includes(word)) sum += 1;
    }
  }
  return words.length === 0 ? 0 : sum / words.length;
}
