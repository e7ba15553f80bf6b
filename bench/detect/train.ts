import { BUCKETS, extractFeatures, type Features, readWords, WINDOW_WORDS } from '@portreeve/context/training';
import { random } from '../lib/grammar.ts';

export interface Example {
  readonly text: string;
  readonly label: 0 | 1;
  /** How much it counts beside an ordinary example. */
  readonly weight?: number;
}

interface Prepared {
  readonly features: Features;
  readonly label: 0 | 1;
  readonly weight: number;
}

export interface Trained {
  readonly weights: Int8Array;
  readonly scale: number;
  readonly bias: number;
  /** Highest window logits of the examples that were kept out, by label. */
  readonly kept: readonly (readonly [label: 0 | 1, logit: number])[];
}

const EPOCHS = 6;
const RATE = 0.12;
const DECAY = 3e-4;
/** Share of honest examples that were kept out that may pass 500 per mille by the model alone. */
const FALSE_ALARMS = 0.001;

function prepare(example: Example): Prepared {
  const { words, hashes, concepts } = readWords(example.text);
  const features = extractFeatures(words, hashes, concepts);
  return {
    features: { ...features, buckets: features.buckets.slice() },
    label: example.label,
    weight: example.weight ?? 1,
  };
}

/**
 * Logistic regression by AdaGrad over the window that looks worst, in each text anew in each round (multiple-instance
 * learning): an attack is one window of its document, and an honest document has none. Deterministic by its seed.
 */
export function train(examples: readonly Example[], seed: number, log: (line: string) => void): Trained {
  const next = random(seed);
  const all = examples.filter(({ text }) => text.trim() !== '').map(prepare);
  shuffle(all, next);
  const kept = all.slice(0, all.length / 10);
  const used = all.slice(all.length / 10);
  const weights = new Float32Array(BUCKETS);
  const squares = new Float32Array(BUCKETS).fill(1e-4);
  let bias = -1;
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    shuffle(used, next);
    let loss = 0;
    for (const { features, label, weight } of used) {
      const { from, sum } = bestOf(weights, features);
      loss += weight * learn(features, from, sum, label, weight);
      // An honest text is honest everywhere; look at one more place.
      if (label === 0 && features.words > WINDOW_WORDS) {
        const at = Math.floor(next() * (features.words - WINDOW_WORDS));
        learn(features, at, sumOf(weights, features, at), 0, weight / 2);
      }
    }
    log(`epoch ${epoch}: loss ${(loss / used.length).toFixed(4)}`);
  }
  const bound = [...weights].map(Math.abs).sort((a, b) => b - a)[40]!;
  const scale = bound / 127;
  const bytes = Int8Array.from(weights, (value) => Math.max(-127, Math.min(127, Math.round(value / scale))));
  const quantised = Float32Array.from(bytes, (value) => value * scale);
  // The threshold is set on whole texts; shuffled attacks are no measure of false alarms.
  const raw = kept
    .filter(({ weight }) => weight === 1)
    .map(({ label, features }) => [label, bestOf(quantised, features).sum] as const);
  const honest = raw
    .filter(([label]) => label === 0)
    .map(([, logit]) => logit)
    .sort((a, b) => b - a);
  const shipped = -honest[Math.floor(honest.length * FALSE_ALARMS)]!;
  log(`learned bias ${bias.toFixed(2)}, shipped ${shipped.toFixed(2)}`);
  return { weights: bytes, scale, bias: shipped, kept: raw.map(([label, logit]) => [label, logit + shipped] as const) };

  function learn(
    { starts, buckets, words }: Features,
    from: number,
    sum: number,
    label: 0 | 1,
    weight: number,
  ): number {
    const chance = 1 / (1 + Math.exp(-(sum + bias)));
    const error = (chance - label) * weight;
    bias -= 0.002 * error;
    if (Math.abs(error) > 0.002) {
      const end = starts[Math.min(words, from + WINDOW_WORDS)]!;
      for (let index = starts[from]!; index < end; index++) {
        const bucket = buckets[index]!;
        const gradient = error + DECAY * weights[bucket]!;
        squares[bucket]! += gradient * gradient;
        weights[bucket]! -= (RATE * gradient) / Math.sqrt(squares[bucket]! + 1);
      }
    }
    return label === 1 ? -Math.log(Math.max(1e-9, chance)) : -Math.log(Math.max(1e-9, 1 - chance));
  }
}

function bestOf(weights: Float32Array, features: Features): { from: number; sum: number } {
  const { words, starts, buckets } = features;
  const own = new Float64Array(words);
  let sum = 0;
  let best = words === 0 ? 0 : Number.NEGATIVE_INFINITY;
  let from = 0;
  for (let word = 0; word < words; word++) {
    for (let index = starts[word]!; index < starts[word + 1]!; index++) own[word]! += weights[buckets[index]!]!;
    sum += own[word]!;
    if (word >= WINDOW_WORDS) sum -= own[word - WINDOW_WORDS]!;
    if ((word >= WINDOW_WORDS - 1 || word === words - 1) && sum > best) {
      best = sum;
      from = Math.max(0, word - WINDOW_WORDS + 1);
    }
  }
  return { from, sum: best };
}

function sumOf(weights: Float32Array, { words, starts, buckets }: Features, from: number): number {
  let sum = 0;
  for (let index = starts[from]!; index < starts[Math.min(words, from + WINDOW_WORDS)]!; index++)
    sum += weights[buckets[index]!]!;
  return sum;
}

function shuffle<T>(items: T[], next: () => number): void {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(next() * (index + 1));
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
}
