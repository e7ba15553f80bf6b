/**
 * The head of a request that comes from one of many addresses, as behind a proxy that the house trusts: the limit on
 * requests of one address is not what a bench of runs measures.
 */
export function fromMany(): Record<string, string> {
  next = (next + 1) % 250;
  return { 'x-forwarded-for': `203.0.113.${next + 1}` };
}
let next = 0;
