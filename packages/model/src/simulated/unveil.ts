/** Letters of other alphabets that a reader takes for Latin ones. */
const ALIKE: Readonly<Record<string, string>> = { а: 'a', е: 'e', о: 'o', с: 'c', р: 'p', і: 'i', ѕ: 's' };
const TAG_FIRST = 0xe0000;
/** Long enough to be a sentence, and bounded so that a hostile text costs little. */
const ENCODED = /\b[A-Za-z0-9+/]{24,8000}={0,2}|\b(?:[0-9a-fA-F]{2}){16,4000}\b/g;
const ENCODED_MAX = 8;

/**
 * A text with its disguises taken off, and behind it what stands in it encoded: the worst case reads what any model might
 * read. Tag characters, characters that are not seen, look-alikes, wide letters, references, percent signs, base64 and hex.
 */
export function unveil(text: string): string {
  const tagged = text.replace(/[\u{E0020}-\u{E007E}]/gu, (char) =>
    String.fromCodePoint(char.codePointAt(0)! - TAG_FIRST),
  );
  const open = tagged
    .replace(/&#(\d{1,7});/g, (whole, code: string) =>
      Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : whole,
    )
    .replace(/(?:%[0-9A-Fa-f]{2})+/g, percent)
    .normalize('NFKC')
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/[аеосріѕ]/g, (char) => ALIKE[char]!);
  const inside = [...open.matchAll(ENCODED)].slice(0, ENCODED_MAX).map(([found]) => decoded(found));
  return [open, ...inside.filter((each) => each !== null)].join('\n');
}

function percent(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}

function decoded(found: string): string | null {
  const isHex = /^(?:[0-9a-fA-F]{2})+$/.test(found);
  const text = Buffer.from(found, isHex ? 'hex' : 'base64').toString('utf8');
  return /[\ufffd\p{Cc}]/u.test(text.replace(/[\n\r\t]/g, '')) ? null : text;
}
