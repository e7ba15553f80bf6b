import { isFunctionWord } from './literal.ts';

/** Words that a request begins with, or is made of, and that call nobody. */
const NOT_NAMES = new Set(
  'accept add also answer append approve archive assign calculate compute complete count describe download explain open refund reimburse return why ask attach based book buy cancel change check compose copy could create delete do draft email ensure extract file fill find first fetch forward from give hello help hi include inform invite keep list look lookup mail make mention message move note notify once open order pay perform place please post print pull put read remind remove rename reply report reschedule reserve retrieve review save schedule search security set share show start subscribe summarise summarize switch tell then thanks transfer translate turn update upload use using visit wire would write'.split(
    ' ',
  ),
);
const PLACES = 'channel|channels|group|room|team|list|board';

/**
 * Whether the requester writes a value as somebody (or some place) to reach: as an address, in quotes, with a capital
 * letter, or as the name of a channel or group. Any other word of a request reaches nobody by its author's wish.
 */
export function isCalled(value: string, text: string, span: { readonly start: number; readonly end: number }): boolean {
  if (value !== value.trim() || !/^[\p{L}\p{N}@#+].*[\p{L}\p{N}/]$/u.test(value)) return false;
  if (!/\p{L}/u.test(value) && value.replace(/\D/g, '').length < 7) return false;
  const written = text.slice(span.start, span.end);
  if (/[@\p{N}]|\p{L}[./]\p{L}/u.test(written) && !/\s/.test(written)) return true;
  const [before, after] = [text.slice(0, span.start), text.slice(span.end)];
  if (/['"\u2018\u201c\u201e]$/.test(before) && /^['"\u2019\u201d]/.test(after)) return true;
  if (new RegExp(`\\b(?:${PLACES})s?\\s+(?:called\\s+|named\\s+)?#?$`, 'i').test(before)) return true;
  if (new RegExp(`^\\s+(?:${PLACES})\\b`, 'i').test(after)) return true;
  return written
    .split(/\s+/)
    .every((word) => /^\p{Lu}|\p{Ll}\p{Lu}|\p{N}/u.test(word) && !isCommonWord(word.toLowerCase()));
}

/** Words that a request begins with, and function words: they call nobody. */
export const isCommonWord = (word: string): boolean => NOT_NAMES.has(word) || isFunctionWord(word);
