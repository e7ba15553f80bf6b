const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;
const SPACE = 3;
/** Marks that are words of their own to the detector: they part speakers, tags and lists. */
const MARK = 4;
/** Letters of scripts that put no space between words (Thai, Hangul, Kana, Han): each is a word by itself. */
const SINGLE = 5;
const QUOTE = 6;
const UNKNOWN = 255;

/** The kind of each UTF-16 unit, found out when it first occurs. */
const kinds = new Uint8Array(65536).fill(UNKNOWN);
for (const mark of '<>[]{}|#:!*=$') kinds[mark.charCodeAt(0)] = MARK;
for (const quote of "'’") kinds[quote.charCodeAt(0)] = QUOTE;
const SINGLES = /[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]/;

function kindOf(code: number): number {
  const known = kinds[code]!;
  if (known !== UNKNOWN) return known;
  const character = String.fromCharCode(code);
  let kind = OTHER;
  if (/\s/.test(character)) kind = SPACE;
  else if (SINGLES.test(character)) kind = SINGLE;
  else if (/\p{Nd}/u.test(character)) kind = DIGIT;
  else if (/[\p{L}\p{N}\p{M}]/u.test(character)) kind = LETTER;
  kinds[code] = kind;
  return kind;
}

const CHUNK_CHARS_MAX = 256;
const HOST =
  /^(?:[a-z][a-z0-9+.-]{1,12}:\/\/|www\.)|^[a-z0-9-]{2,63}(?:\.[a-z0-9-]{2,63}){0,4}\.(?:com|net|org|io|co|info|biz|xyz|site|ru|de|uk|fr|me|app|dev)(?:\/|$)/;

/** The value that a chunk stands for, where an attacker's goods could go to; `null` for ordinary words. */
function sinkOf(chunk: string, digits: number): string | null {
  const bare = chunk.replace(/^["'`(<[{]{1,4}/, '').replace(/["'`)>\]},.;:!?]{1,6}$/, '');
  const sign = bare.indexOf('@');
  if (sign > 0 && bare.indexOf('.', sign) > sign + 1) return '@email';
  if (HOST.test(bare)) return '@url';
  if (digits >= 9 && digits * 2 > bare.length) return /[a-z]/.test(bare) || digits > 15 ? '@account' : '@phone';
  return null;
}

/**
 * Splits folded text into words: letters and digits (digits all written as 0), marks that matter by themselves, and
 * `@email`, `@url`, `@account`, `@phone` in the place of such values. Linear in the text: values are looked for in
 * pieces of at most 256 characters.
 */
export function splitWords(folded: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < folded.length) {
    if (kindOf(folded.charCodeAt(at)) === SPACE) {
      at++;
      continue;
    }
    const from = at;
    let digits = 0;
    let dotted = false;
    for (; at < folded.length && at - from < CHUNK_CHARS_MAX; at++) {
      const code = folded.charCodeAt(at);
      const kind = kindOf(code);
      if (kind === SPACE) break;
      if (kind === DIGIT) digits++;
      else if (code === 46 || code === 64) dotted = true;
    }
    const sink = dotted || digits >= 9 ? sinkOf(folded.slice(from, at), digits) : null;
    if (sink === null) splitChunk(folded, from, at, words);
    else words.push(sink);
  }
  return words;
}

function splitChunk(text: string, from: number, to: number, words: string[]): void {
  let start = -1;
  let plain = true;
  const flush = (end: number) => {
    if (start < 0) return;
    const word = text.slice(start, end);
    words.push(plain ? word : word.replace(/['’]/g, '').replace(/\p{Nd}/gu, '0'));
    start = -1;
    plain = true;
  };
  for (let at = from; at < to; at++) {
    const kind = kindOf(text.charCodeAt(at));
    if (kind === LETTER || kind === DIGIT || (kind === QUOTE && start >= 0)) {
      if (start < 0) start = at;
      if (kind !== LETTER) plain = false;
      continue;
    }
    flush(at);
    if (kind === SINGLE || (kind === MARK && words.at(-1) !== text[at])) words.push(text[at]!);
  }
  flush(to);
}

/** FNV-1a over UTF-16 units: a stable 32-bit name of a word. */
export function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < word.length; index++) hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
