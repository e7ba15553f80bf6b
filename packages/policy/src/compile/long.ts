import { EvaluationFault } from './fault.ts';

/**
 * A 64-bit signed integer. INVARIANT: a `number` where it is safe (|n| < 2^53), else a `bigint`, so that equal longs are
 * equal under `===`, and nearly all arithmetic stays on numbers.
 */
export type Long = number | bigint;

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** The long of an exact integer; a fault beyond 64 bits, as in Cedar. */
export function toLong(exact: bigint): Long {
  if (exact > MAX || exact < MIN) throw new EvaluationFault('integer overflow');
  const short = Number(exact);
  return Number.isSafeInteger(short) ? short : exact;
}

// A product or sum of safe integers whose rounded value is safe is exact: rounding never crosses 2^53.
export function add(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toLong(BigInt(a) + BigInt(b));
}

export function subtract(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toLong(BigInt(a) - BigInt(b));
}

export function multiply(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // `+ 0` makes 0 of -0.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return toLong(BigInt(a) * BigInt(b));
}

export function negate(a: Long): Long {
  return typeof a === 'number' ? 0 - a : toLong(-a);
}
