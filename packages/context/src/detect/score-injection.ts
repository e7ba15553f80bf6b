import { decodedViews } from './decoded-views.ts';
import { extractFeatures } from './features.ts';
import { findConcepts } from './find-concepts.ts';
import { foldText, tagText } from './fold-text.ts';
import { bestWindow, shippedModel } from './model.ts';
import { matchRules, type RuleName } from './rules.ts';
import { hashWord, splitWords } from './split-words.ts';
import { disguisedPhrases } from './squeezed-phrases.ts';

export type SignalName =
  | RuleName
  | 'trained_model'
  | 'disguised_phrase'
  | 'encoded_text'
  | 'invisible_text'
  | 'not_all_scanned'
  | 'outside_classifier'
  | 'outside_classifier_failed';

/** One reason for a score, and what it counts by itself (per mille). */
export interface InjectionSignal {
  readonly name: SignalName;
  readonly per_mille: number;
}

export interface InjectionScore {
  /** Integer, 0 to 1000: policy languages know no floats. From {@link INJECTION_LIKELY} on it is worth a person's look. */
  readonly score: number;
  /** Strongest first, sorted, without repeats. */
  readonly signals: readonly InjectionSignal[];
}

/** From this score on a text is worth a person's look. `bench:detect` reports false alarms and recall at it. */
export const INJECTION_LIKELY = 500;
const SCAN_CHARS_MAX = 2_000_000;
/** What is beyond the limit is not known to be harmless. */
const NOT_SCANNED = INJECTION_LIKELY;

/**
 * How much a text looks as if it spoke to the model instead of the reader: a graded signal for policy and people
 * (requirement D4). No guarantee rests on it: whoever writes a text can word it so that this sees nothing. Linear in the
 * text; of a text longer than 2,000,000 characters the rest is not read, and the signal `not_all_scanned` says so.
 */
export function scoreInjection(text: string): InjectionScore {
  const scanned = text.length > SCAN_CHARS_MAX ? text.slice(0, SCAN_CHARS_MAX) : text;
  const best = new Map<SignalName, number>();
  const note = (name: SignalName, perMille: number) => {
    if (perMille > (best.get(name) ?? 0)) best.set(name, perMille);
  };
  scoreReading(scanned, note);
  const hidden = tagText(scanned);
  if (hidden.length >= 8) {
    const score = scoreOf(hidden);
    note('invisible_text', Math.max(600, score));
  }
  for (const { text: decoded } of decodedViews(scanned)) {
    const score = scoreOf(decoded);
    // Honest payloads are encoded too; a hidden instruction is worse than an open one.
    if (score >= INJECTION_LIKELY) note('encoded_text', Math.max(700, score));
  }
  if (scanned.length < text.length) note('not_all_scanned', NOT_SCANNED);
  return combine(best);
}

/** For training: the window's features are the model's input, everything else is as in {@link scoreInjection}. */
export function readWords(text: string) {
  const folded = foldText(text);
  const words = splitWords(folded);
  const hashes = Uint32Array.from(words, hashWord);
  return { folded, words, hashes, concepts: findConcepts(hashes) };
}

function perMilleOf(logit: number): number {
  return Math.round(1000 / (1 + Math.exp(-logit)));
}

function scoreReading(text: string, note: (name: SignalName, perMille: number) => void): void {
  const { folded, words, hashes, concepts } = readWords(text);
  for (const { name, weight } of matchRules(concepts)) note(name, weight);
  const model = shippedModel();
  note('trained_model', perMilleOf(bestWindow(model, extractFeatures(words, hashes, concepts)).logit));
  const disguises = disguisedPhrases(folded);
  // In plain letters it is a disguise only where the words do not show it: s p a c e d, or with marks between.
  if (disguises.delete('plain') && isSpaced(words)) note('disguised_phrase', 700);
  if (disguises.size > 0) note('disguised_phrase', 700);
}

/** Whether somewhere eight words in a row are single letters. */
function isSpaced(words: readonly string[]): boolean {
  let row = 0;
  for (const word of words) {
    row = word.length === 1 ? row + 1 : 0;
    if (row === 8) return true;
  }
  return false;
}

function scoreOf(text: string): number {
  const best = new Map<SignalName, number>();
  scoreReading(text, (name, perMille) => best.set(name, Math.max(perMille, best.get(name) ?? 0)));
  return combine(best).score;
}

/** Independent evidence adds up (noisy or): 1 - the product of what speaks against each signal. */
function combine(best: ReadonlyMap<SignalName, number>): InjectionScore {
  let against = 1;
  for (const perMille of best.values()) against *= 1 - perMille / 1000;
  const signals = [...best]
    .filter(([, perMille]) => perMille >= 50)
    .map(([name, per_mille]) => ({ name, per_mille }))
    .sort((a, b) => b.per_mille - a.per_mille || (a.name < b.name ? -1 : 1));
  return { score: Math.round((1 - against) * 1000), signals };
}
