import type { PersonalKind, PersonalSpan } from './kinds.ts';
import type { Leaf } from './map-leaves.ts';

export interface FoundInLeaf {
  readonly start: number;
  readonly end: number;
  readonly kind: PersonalKind;
}

/** Names and short values are replaced as whole words only; others wherever they stand. */
export const WHOLE_BELOW = 6;

/** Finds in one leaf; its key is context, as in `phone: 0494 92 82 32`. A number is found whole or not at all. */
export async function findInLeaf(
  { value, key }: Leaf,
  detect: (text: string) => Promise<readonly PersonalSpan[]>,
): Promise<FoundInLeaf[]> {
  const text = String(value);
  if (typeof value === 'number' && text.length < WHOLE_BELOW) return [];
  const label = key
    .slice(0, 64)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ');
  const context = label === '' ? '' : `${label}: `;
  const spans = await detect(context + text);
  const inside = spans
    .map(({ start, end, kind }) => ({ start: start - context.length, end: end - context.length, kind }))
    .filter(({ start }) => start >= 0);
  return typeof value === 'number' ? inside.filter(({ start, end }) => start === 0 && end === text.length) : inside;
}

const WORD = /[\p{L}\p{N}]/u;

/** Whether no letter and no digit touches the place. */
export function isWholeWord(text: string, { start, end }: { readonly start: number; readonly end: number }): boolean {
  return !WORD.test(text[start - 1] ?? ' ') && !WORD.test(text[end] ?? ' ');
}
