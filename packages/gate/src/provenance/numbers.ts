import type { Derivation } from '@portreeve/contract';
import { foldForTrust } from './fold.ts';

/** Numbers are kept as whole millionths: money is never a float. */
type Millionths = bigint;
const ONE = 1_000_000n;

/** A decimal number, or null for what has more than six places or is none. */
export function asNumber(text: string): Millionths | null {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) return null;
  const value = BigInt(match[2]!) * ONE + BigInt((match[3] ?? '').padEnd(6, '0'));
  return match[1] === '-' ? -value : value;
}

/** What trusted texts say of numbers, and which kinds of reckoning they ask for. */
export interface Numbers {
  readonly said: readonly Millionths[];
  readonly percents: readonly Millionths[];
  readonly asks: { readonly sum: boolean; readonly difference: boolean; readonly share: boolean };
}

const TOKEN =
  /(?<![\p{L}\p{N}_@/.,:-])[-+]?(?:\d{1,3}(?:[,’' ]\d{3})+|\d+)(?:[.,]\d{1,6})?(?![\p{L}\p{N}_@/:-])(\s?%)?/gu;
/** The words that ask for a reckoning. Closed and English: in another language a person is asked once more. */
const SUM = /\b(?:sum|add|added|adding|additional|plus|together|combined|increase[ds]?|extra)\b|\+/;
const DIFFERENCE = /\b(?:difference|minus|less|rest|remainder|remaining|decrease[ds]?|reduce[ds]?|left over)\b/;
const SHARE = /\b(?:share[ds]?|split|each|half|halves|equally|per person|divide[ds]?)\b/;

export function readNumbers(texts: readonly string[]): Numbers {
  const said: Millionths[] = [];
  const percents: Millionths[] = [];
  const asks = { sum: false, difference: false, share: false };
  for (const original of texts) {
    const text = foldForTrust(original).text;
    for (const match of text.matchAll(TOKEN)) {
      // A full stop or comma that ends the sentence is no part of the number.
      for (const reading of readingsOf(match[0].replace(/\s?%$/, '').replace(/^\+/, ''))) {
        (match[1] === undefined ? said : percents).push(reading);
      }
    }
    asks.sum ||= SUM.test(text);
    asks.difference ||= DIFFERENCE.test(text);
    asks.share ||= SHARE.test(text);
  }
  return { said, percents, asks };
}

/** `1,100` is read in both ways that people write it: whichever the value is, the requester wrote it. */
function readingsOf(token: string): Millionths[] {
  const english = asNumber(token.replace(/(?<=\d)[,’' ](?=\d{3})/g, ''));
  const european = /^\d+,\d{1,2}$/.test(token) ? asNumber(token.replace(',', '.')) : null;
  return [english, european].filter((value) => value !== null);
}

export interface Reckoned {
  readonly derivation: Derivation;
  /** How many different values the same rules would have allowed. */
  readonly choices: number;
}

/**
 * Whether a number follows from the requester's numbers and those of the records that the request names, by a reckoning
 * that the request asks for: one sum, one difference, a percentage (also added, with one more number of the request), an
 * equal share, or what is left after one. Null where it does not.
 */
export function reckon(value: Millionths, numbers: Numbers, named: readonly Millionths[]): Reckoned | null {
  const waysByValue = new Map<Millionths, Derivation>();
  const offer = (result: Millionths | null, derivation: Derivation) => {
    if (result !== null && result > 0n && !waysByValue.has(result)) waysByValue.set(result, derivation);
  };
  for (const number of named) offer(number, 'named-record');
  const all = [...new Set([...numbers.said, ...named])].slice(0, OPERANDS_MAX);
  for (const percent of numbers.percents) {
    for (const base of all) {
      const part = exact(base * percent, 100n * ONE);
      if (part === null) continue;
      offer(part, 'percentage');
      if (!numbers.asks.sum) continue;
      offer(base + part, 'percentage');
      for (const more of numbers.said) offer(part + more, 'percentage');
    }
  }
  for (const first of all) {
    for (const second of all) {
      if (first === second) continue;
      if (numbers.asks.sum) offer(first + second, 'sum');
      if (numbers.asks.difference) offer(first - second, 'difference');
      const half = numbers.asks.share ? exact(second, 2n) : null;
      if (half !== null && numbers.asks.difference) offer(first - half, 'share');
    }
    for (const parts of numbers.asks.share ? [2n, ...wholeParts(numbers.said)] : [])
      offer(exact(first, parts), 'share');
  }
  const derivation = waysByValue.get(value);
  return derivation ? { derivation, choices: waysByValue.size } : null;
}

/** More operands than these reckon to nearly any number. */
const OPERANDS_MAX = 12;

const wholeParts = (said: readonly Millionths[]) =>
  said
    .filter((number) => number % ONE === 0n && number >= 2n * ONE && number <= 20n * ONE)
    .map((number) => number / ONE);

const exact = (dividend: bigint, divisor: bigint): bigint | null =>
  dividend % divisor === 0n ? dividend / divisor : null;
