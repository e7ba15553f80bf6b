/**
 * Letters of other scripts that look like Latin ones, as Unicode's confusables list has them for what attackers use.
 * Both sides of a comparison are folded, so a phrase in Cyrillic still finds itself.
 */
const LOOK_ALIKES = [
  ['a', 'аɑα'],
  ['b', 'ьƅ'],
  ['c', 'сϲ'],
  ['d', 'ԁ'],
  ['e', 'еεҽ'],
  ['g', 'ɡց'],
  ['h', 'һ'],
  ['i', 'іıιɩӏ'],
  ['j', 'јϳ'],
  ['k', 'кκ'],
  ['l', 'ⅼ'],
  ['m', 'м'],
  ['n', 'ոɴ'],
  ['o', 'оοօ'],
  ['p', 'рρ'],
  ['q', 'ԛ'],
  ['r', 'гɾ'],
  ['s', 'ѕꜱ'],
  ['t', 'тτ'],
  ['u', 'սυʋ'],
  ['v', 'νѵ'],
  ['w', 'ԝѡ'],
  ['x', 'хχ'],
  ['y', 'уγү'],
  ['z', 'ᴢ'],
] as const;

const latinByLookAlike = new Map<string, string>();
for (const [latin, others] of LOOK_ALIKES) for (const other of others) latinByLookAlike.set(other, latin);
const lookAlike = new RegExp(`[${[...latinByLookAlike.keys()].join('')}]`, 'gu');

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII is what is meant
const ASCII = /^[\u0000-\u007f]*$/;
/** Escapes by which YAML, JSON and source code write a line break or a quote inside a string. */
const ESCAPES = /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([nrt\n "'\\/]))/gi;

/**
 * One form for all the ways to write the same words: compatibility forms, accents, look-alike letters, case, invisible
 * characters and string escapes are folded (Unicode NFKD/NFC, Default_Ignorable_Code_Point). Linear in the text.
 */
export function foldText(text: string): string {
  const plain = text.includes('\\') ? text.replace(ESCAPES, unescaped) : text;
  if (ASCII.test(plain)) return plain.toLowerCase();
  return plain
    .toWellFormed()
    .replace(/\p{Default_Ignorable_Code_Point}|\p{Bidi_Control}|[\u{E0000}-\u{E007F}]/gu, '')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(lookAlike, (letter) => latinByLookAlike.get(letter)!);
}

function unescaped(_all: string, unicode?: string, byte?: string, plain?: string): string {
  const code = unicode ?? byte;
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  return plain === '"' || plain === "'" || plain === '/' || plain === '\\' ? plain : ' ';
}

/** Text that was written in Unicode tag characters (U+E0020–U+E007E), which nobody sees; empty where there is none. */
export function tagText(text: string): string {
  if (!text.includes('\u{DB40}')) return '';
  let hidden = '';
  for (const [character] of text.matchAll(/[\u{E0020}-\u{E007E}]/gu))
    hidden += String.fromCharCode(character.codePointAt(0)! - 0xe0000);
  return hidden;
}
