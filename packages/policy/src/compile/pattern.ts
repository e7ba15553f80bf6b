import type { PatternElem } from '@cedar-policy/cedar-wasm/nodejs';
import { Unsupported } from './fault.ts';

/**
 * A matcher for `like`: literals and wildcards, a wildcard stands for any text. Linear in text times pattern: each
 * literal between wildcards is taken where it first occurs, which loses no match.
 */
export function likePattern(pattern: readonly PatternElem[]): (text: string) => boolean {
  const literals = [''];
  for (const part of pattern) {
    if (part === 'Wildcard') literals.push('');
    else if (typeof part.Literal === 'string') literals[literals.length - 1] += part.Literal;
    else throw new Unsupported('a pattern of this form');
  }
  const [prefix, suffix] = [literals[0]!, literals.at(-1)!];
  if (literals.length === 1) return (text) => text === prefix;
  const middle = literals.slice(1, -1).filter((literal) => literal !== '');
  return (text) => {
    if (text.length < prefix.length + suffix.length || !text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    let from = prefix.length;
    const end = text.length - suffix.length;
    for (const literal of middle) {
      const at = text.indexOf(literal, from);
      if (at < 0) return false;
      from = at + literal.length;
      if (from > end) return false;
    }
    return true;
  };
}
