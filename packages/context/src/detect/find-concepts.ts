import { CONCEPTS, type Concept } from './concepts.ts';
import { foldText } from './fold-text.ts';
import { PhraseAutomaton } from './phrase-automaton.ts';
import { hashWord, splitWords } from './split-words.ts';

export interface ConceptHit {
  readonly concept: Concept;
  /** Index of its first and of its last word. */
  readonly from: number;
  readonly to: number;
}

const names = Object.keys(CONCEPTS) as Concept[];
const phrases: { readonly concept: Concept; readonly words: readonly number[] }[] = [];
const seen = new Map<string, Set<Concept>>();
for (const concept of names) {
  for (const phrase of CONCEPTS[concept].split(';')) {
    const words = phrase.trim().startsWith('@') ? [phrase.trim()] : splitWords(foldText(phrase));
    const key = words.join(' ');
    const of = seen.get(key) ?? new Set();
    seen.set(key, of.add(concept));
  }
}
const conceptsByPhrase: (readonly Concept[])[] = [];
for (const [key, concepts] of seen) {
  phrases.push({ concept: [...concepts][0]!, words: key.split(' ').map(hashWord) });
  conceptsByPhrase.push([...concepts]);
}
const automaton = new PhraseAutomaton(phrases.map(({ words }) => words));

/** All concepts in a text given as hashes of its words, in the order of their ends. */
export function findConcepts(hashes: Uint32Array): ConceptHit[] {
  const hits: ConceptHit[] = [];
  for (const { phrase, symbol, length } of automaton.find(hashes)) {
    for (const concept of conceptsByPhrase[phrase]!) hits.push({ concept, from: symbol - length + 1, to: symbol });
  }
  return hits;
}
