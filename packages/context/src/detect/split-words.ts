/** Letters of scripts that put no space between words: each is a word by itself. */
const SINGLE = /[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]/;
const WORD = /[\p{L}\p{N}\p{M}]/u;
/** Marks that are words of their own to the detector: they part speakers, tags and lists. */
const MARKS = '<>[]{}|#:!*=$';
const CHUNK_CHARS_MAX = 256;

const HOST = /^(?:[a-z][a-z0-9+.-]{1,12}:\/\/|www\.)|^[a-z0-9-]{2,63}(?:\.[a-z0-9-]{2,63}){0,4}\.(?:com|net|org|io|co|info|biz|xyz|site|ru|de|uk|fr|me|app|dev)(?:\/|$)/;

/** The value that a chunk stands for, where an attacker's goods could go to; `null` for ordinary words. */
function sinkOf(chunk: string): string | null {
  const bare = chunk.replace(/^["'`(<[{]{1,4}/, '').replace(/["'`)>\]},.;:!?]{1,6}$/, '');
  const sign = bare.indexOf('@');
  if (sign > 0 && bare.indexOf('.', sign) > sign + 1) return '@email';
  if (HOST.test(bare)) return '@url';
  const digits = bare.replace(/\D/g, '').length;
  if (digits >= 9 && digits * 2 > bare.length) return /[a-z]/.test(bare) || digits > 15 ? '@account' : '@phone';
  return null;
}

/**
 * Splits folded text into words: letters and digits (digits all written as 0), marks that matter by themselves, and
 * `@email`, `@url`, `@account`, `@phone` in the place of such values. Linear in the text; nothing is looked at twice
 * over more than a bounded chunk.
 */
export function splitWords(folded: string): string[] {
  const words: string[] = [];
  for (const long of folded.split(/\s+/)) {
    for (let from = 0; from < long.length; from += CHUNK_CHARS_MAX) splitChunk(long.slice(from, from + CHUNK_CHARS_MAX), words);
  }
  return words;
}

function splitChunk(chunk: string, words: string[]): void {
  const sink = chunk.length > 5 ? sinkOf(chunk) : null;
  if (sink !== null) {
    words.push(sink);
    return;
  }
  let word = '';
  const flush = () => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (const character of chunk) {
    if (SINGLE.test(character)) {
      flush();
      words.push(character);
    } else if (character >= '0' && character <= '9') word += '0';
    else if ((character >= 'a' && character <= 'z') || WORD.test(character)) word += character;
    else if (character !== "'" && character !== '’') {
      flush();
      if (MARKS.includes(character) && words.at(-1) !== character) words.push(character);
    }
  }
  flush();
}

/** FNV-1a over UTF-16 units: a stable 32-bit name of a word. */
export function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < word.length; index++) hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
