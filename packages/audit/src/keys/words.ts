import { createHmac, type KeyObject } from 'node:crypto';

/** What of a payload can be searched: a tsvector holds at most 1 MiB, and a token takes about 21 bytes of it. */
const TEXT_MAX = 100_000;
const WORDS_MAX = 30_000;
/** Words whose token is held in memory. */
const HELD_MAX = 100_000;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** JSON's escapes are no letters; the nonce, which comes last, is no text. */
const NO_TEXT = /\\(?:u[0-9a-f]{4}|.)|,"nonce":"[^"]*"\}$/g;

/**
 * Words as searches know them where payloads are sealed: each becomes a keyed token (15 letters of its HMAC-SHA-256), in
 * the order of the text. Equal words have equal tokens and nothing more can be told from them without the key.
 */
export interface WordTokens {
  /** The tokens of a payload, with spaces between. */
  ofPayload(payload: string): string;
  /** A search with the tokens in place of its words; quotes and `-` stay. */
  ofQuery(words: string): string;
}

export function wordTokens(key: Uint8Array | KeyObject): WordTokens {
  const held = new Map<string, string>();
  const token = (word: string): string => {
    const same = word.toLowerCase();
    const known = held.get(same);
    if (known !== undefined) return known;
    const mac = createHmac('sha256', key).update(`portreeve/word/1/${same}`, 'utf8').digest();
    let made = '';
    for (let i = 0; i < 15; i++) made += String.fromCharCode(97 + (mac[i]! & 15));
    held.set(same, made);
    if (held.size > HELD_MAX) held.delete(held.keys().next().value as string);
    return made;
  };
  return {
    ofPayload: (payload) =>
      (payload.slice(0, TEXT_MAX).replace(NO_TEXT, ' ').match(WORD) ?? []).slice(0, WORDS_MAX).map(token).join(' '),
    // What is written as one, such as `a-b`, is looked for as a phrase, as it stands in the text.
    ofQuery: (words) =>
      words.replace(/(-?)("[^"]*"|[^\s"]+)/g, (_, not: string, term: string) => {
        const parts = (term.match(WORD) ?? []).map(token);
        if (parts.length === 0) return ' ';
        return `${not}${parts.length === 1 ? parts[0] : `"${parts.join(' ')}"`}`;
      }),
  };
}
