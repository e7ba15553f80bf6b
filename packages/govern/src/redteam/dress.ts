import type { Choices } from './choices.ts';

const ALIKE: Readonly<Record<string, string>> = { a: 'а', e: 'е', o: 'о', c: 'с', p: 'р', i: 'і', s: 'ѕ' };
const swap = (text: string, by: (char: string) => string) => [...text].map(by).join('');
const wide = (char: string) => (/[!-~]/.test(char) ? String.fromCodePoint(char.codePointAt(0)! + 0xfee0) : char);

export type Dress = (text: string, choose: Choices) => string;

/**
 * Ways to dress a text so that a person or a system still reads it and a comparison may not: alphabets that look alike,
 * characters that are not seen, other spellings, and encodings.
 */
export const DRESSES: Readonly<Record<string, Dress>> = {
  capitals: (text) => text.toUpperCase(),
  homoglyphs: (text) => swap(text, (char) => ALIKE[char] ?? char),
  'zero-width': (text, choose) => {
    const at = choose.next(text.length);
    return `${text.slice(0, at)}\u200b${text.slice(at)}`;
  },
  'full-width': (text) => swap(text, wide),
  decomposed: (text) => text.normalize('NFD'),
  'odd-spaces': (text) => ` ${text}\u00a0`,
  spaced: (text) => [...text].join(' '),
  'soft-hyphens': (text) => [...text].join('\u00ad'),
  'dots-as-words': (text) => text.replaceAll('.', ' dot '),
  'dots-in-brackets': (text) => text.replaceAll('.', '[.]'),
  'ideographic-dots': (text) => text.replaceAll('.', '。'),
  'broken-lines': (text) => text.replaceAll('.', '.\n'),
  base64: (text) => Buffer.from(text).toString('base64'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'percent-encoded': (text) => encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E'),
  'character-references': (text) => swap(text, (char) => `&#${char.codePointAt(0)};`),
  'markdown-link': (text) => `[read this](${text})`,
  'right-to-left': (text) => `${text}\u202e`,
  'tag-characters': (text) => swap(text, (char) => String.fromCodePoint(0xe0000 + (char.codePointAt(0)! & 0x7f))),
};

/** Letters and digits as a person reads them, through the disguises that a person sees through. */
export function readable(value: unknown): string {
  return (JSON.stringify(value) ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .replace(/[аɑ]/g, 'a')
    .replace(/[еє]/g, 'e')
    .replace(/[оο]/g, 'o')
    .replace(/[сϲ]/g, 'c')
    .replace(/[рρ]/g, 'p')
    .replace(/[іι]/g, 'i')
    .replace(/[ѕ]/g, 's')
    .replace(/\bdot\b/g, '')
    .replace(/[^a-z0-9]/g, '');
}
