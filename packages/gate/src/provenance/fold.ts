/** A text in a form for comparing, with the character of the original that each of its UTF-16 units came from. */
export interface Folded {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const QUOTES: Readonly<Record<string, string>> = { '‘': "'", '’': "'", '‛': "'", '“': '"', '”': '"', '„': '"' };
const SPACE = /\s/u;

/**
 * For finding what the requester wrote: case, compatibility forms and runs of white space do not matter. Look-alike
 * letters and invisible characters do: a name with a Cyrillic letter is not the name that the requester wrote.
 */
export function foldForTrust(text: string): Folded {
  return fold(text, (char, last) => {
    if (char > ' ' && char < '\x7f') return char.toLowerCase();
    if (SPACE.test(char)) return last === ' ' || last === '' ? '' : ' ';
    return QUOTES[char] ?? char.normalize('NFKC').toLowerCase();
  });
}

/**
 * For finding what stands in an untrusted document, however it is dressed: letters and digits alone, without marks, case,
 * white space, punctuation and invisible characters, and with look-alikes as the Latin letters that they imitate.
 */
export function foldForTouch(text: string): Folded {
  return fold(text, (char) => {
    if (char < '\x80') return /[a-z0-9]/i.test(char) ? char.toLowerCase() : '';
    let out = '';
    for (const part of char.normalize('NFKD').toLowerCase()) {
      const plain = LOOK_ALIKES.get(part) ?? part;
      if (/[\p{L}\p{N}]/u.test(plain)) out += plain;
    }
    return out;
  });
}

/** As {@link foldForTouch}, with punctuation and spaces kept: for reading text as a person does. */
export function foldForReading(text: string): string {
  let out = '';
  for (const char of text.normalize('NFKD')) {
    if (/[\p{M}\p{Cf}\p{Cc}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0]/u.test(char) && !/[\n\t]/.test(char)) continue;
    const lower = char.toLowerCase();
    out += LOOK_ALIKES.get(lower) ?? FULL_STOPS.get(char) ?? lower;
  }
  return out;
}

/**
 * Whether a text is written plainly: composed form, nothing invisible, and no word that mixes scripts. Only a plain value
 * may count as the requester's in another case or spacing.
 */
export function isPlain(text: string): boolean {
  if (text.normalize('NFKC') !== text) return false;
  if (/[\p{Cf}\p{Co}\p{Cn}\u115f\u1160\u3164]|[^\P{Cc}\n\t]/u.test(text)) return false;
  return !mixesScripts(text);
}

/** Whether a word has Latin letters beside Cyrillic, Greek, Armenian or Cherokee ones. */
export function mixesScripts(text: string): boolean {
  return (text.match(/[\p{L}\p{N}]+/gu) ?? []).some(
    (word) =>
      /\p{Script=Latin}/u.test(word) &&
      /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(word),
  );
}

function fold(text: string, each: (char: string, last: string) => string): Folded {
  let out = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  // Kept apart: to look into a text that is being built would copy it each time.
  let last = '';
  for (const char of text) {
    const made = each(char, last);
    last = made.at(-1) ?? last;
    for (let unit = 0; unit < made.length; unit++) {
      starts.push(at);
      ends.push(at + char.length);
    }
    out += made;
    at += char.length;
  }
  return { text: out.endsWith(' ') ? out.slice(0, -1) : out, starts, ends };
}

/** Where characters `start` to `end` of a folded text stand in the original. */
export function originalSpan(folded: Folded, start: number, end: number): { start: number; end: number } {
  return { start: folded.starts[start] ?? 0, end: folded.ends[end - 1] ?? 0 };
}

const FULL_STOPS = new Map([
  ['。', '.'],
  ['｡', '.'],
  ['．', '.'],
  ['․', '.'],
  ['·', '.'],
  ['•', '.'],
  ['∕', '/'],
  ['⁄', '/'],
  ['：', ':'],
  ['﹫', '@'],
  ['＠', '@'],
]);

/** Letters (lower case, decomposed) that are drawn like a Latin one (from the common rows of UTS 39, confusables). */
const LOOK_ALIKES = new Map(
  Object.entries({
    a: 'аαɑ',
    b: 'ьƅ',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еєҽ',
    g: 'ɡց',
    h: 'һհ',
    i: 'іιıӏ',
    j: 'јϳ',
    k: 'кκ',
    l: 'ⅼ',
    m: 'м',
    n: 'ոпη',
    o: 'оοօσ',
    p: 'рρ',
    q: 'ԛզ',
    r: 'гꭇ',
    s: 'ѕꜱ',
    t: 'тτ',
    u: 'υսᴜ',
    v: 'ѵνᴠ',
    w: 'ԝѡωᴡ',
    x: 'хχ',
    y: 'уγү',
    z: 'ᴢ',
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);
