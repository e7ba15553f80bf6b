/** 2^32: literals are told as `high * 2^32 + low`. */
const BASE = 4_294_967_296n;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const LOWEST = 2n ** 63n;

/**
 * The rule with each whole number beyond 2^53 written as arithmetic of smaller ones. Cedar's JSON form gives numbers to
 * JavaScript as floats, which would silently round such a literal; its 64-bit arithmetic is exact.
 */
export function exactLongs(text: string): string {
  // Texts and comments are stepped over; a minus belongs to the number only where it is the lowest of all longs, which
  // has no positive form.
  return text.replace(
    /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|(-\s*)?\b([0-9]+)\b/g,
    (whole: string, minus: string | undefined, digits: string | undefined) => {
      if (digits === undefined) return whole;
      const value = BigInt(digits);
      if (value <= SAFE_MAX) return whole;
      if (value === LOWEST && minus !== undefined) return `(-${LOWEST / BASE} * ${BASE})`;
      return `${minus ?? ''}(${value / BASE} * ${BASE} + ${value % BASE})`;
    },
  );
}
