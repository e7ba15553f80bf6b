/**
 * Letters of other scripts that look like one ASCII letter or digit, as pairs, by script. The part of the Unicode security
 * data that is needed here: confusables.txt 13.0.0 (UTS #39), single letters of these scripts whose prototype is one ASCII
 * letter or digit. © Unicode, Inc.; Unicode License v3 (SPDX Unicode-3.0), https://www.unicode.org/license.txt.
 */
const PAIRS_BY_SCRIPT = {
  Coptic: 'Ϩ2 Ⳍ3 Ⳓ6 Ⳋ9 ⲥc ⲤC ⲎH ⲔK Ⲓl ⳐL ⲘM ⲚN ⲟo ⲞO ⲣp ⲢP ⲅr ⲦT ⲬX ⲨY',
  Cyrillic:
    'Ꙅ2 З3 Ӡ3 б6 аa АA Ьb ВB сc СC ԁd еe ҽe ЕE ԌG һh НH іi ꙇi ӏi јj ЈJ КK Іl Ӏl МM оo ОO рp РP ԛq гr ѕs ЅS ТT ѵv ѴV ѡw ԝw ԜW хx ХX уy үy УY ҮY',
  Cherokee:
    'Ꮞ4 Ꮾ6 ᎪA Ꮟb ᏴB ꮯc ᏟC Ꮷd ᎠD ᎬE ᏀG ᏳG Ꮒh ᎻH ꭵi Ꭵi ᎫJ ᏦK ᏞL ᎷM ᏢP ꮁr ᎡR ᏒR ꮪs ᏕS ᏚS ᎢT ꮩv ᏙV ꮃw ᎳW ᏔW ᎩY ᎽY ꮓz ᏃZ',
  Greek: 'αa ΑA ΒB ΕE ϜF ΗH ιi ϳj ͿJ ΚK Ιl ΜM ϺM ΝN οo σo ΟO ρp ΡP ᴦr ΤT υu νv ΧX γy ΥY ΖZ',
  Lisu: 'ꓮA ꓐB ꓚC ꓒd ꓓD ꓰE ꓝF ꓖG ꓧH ꓙJ ꓗK ꓲl ꓡL ꓟM ꓠN ꓳO ꓑP ꓣR ꓢS ꓔT ꓴU ꓦV ꓪW ꓫX ꓬY ꓜZ',
  Armenian: 'քf ցg հh ոn ռn օo ՕO գq զq ՏS սu ՍU աw',
  Georgian: 'ჿo ყy',
} as const;

const ASCII_BY_LETTER: ReadonlyMap<string, string> = new Map(
  Object.values(PAIRS_BY_SCRIPT)
    .flatMap((pairs) => pairs.split(' '))
    .map((pair) => {
      const [letter = '', ascii = ''] = pair;
      return [letter, ascii];
    }),
);

const LETTERS = [...ASCII_BY_LETTER.keys()].join('');
const LOOKALIKE = new RegExp(`[${LETTERS}]`, 'gu');
/** A word of Latin letters and letters that only look like them. */
const MIXED_WORD = new RegExp(
  `(?=[\\p{Script=Latin}${LETTERS}]*\\p{Script=Latin})[\\p{Script=Latin}${LETTERS}]{2,64}`,
  'gu',
);

/** The text with every look-alike letter written as the ASCII letter that it looks like. For comparing, never for showing. */
export function foldConfusables(text: string): string {
  return text.replace(LOOKALIKE, (letter) => ASCII_BY_LETTER.get(letter) ?? letter);
}

/**
 * Words that mix Latin letters with letters of other scripts that look Latin: what a person reads is not what a program
 * compares. At most `max`, with their places in the text. Honest text in another script is not among them.
 */
export function lookalikeWords(text: string, max: number): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII text, the common case, has none
  if (/^[\u0000-\u007f]*$/.test(text)) return found;
  for (const match of text.matchAll(MIXED_WORD)) {
    if (found.length === max) break;
    LOOKALIKE.lastIndex = 0;
    if (LOOKALIKE.test(match[0])) found.push({ start: match.index, end: match.index + match[0].length });
  }
  LOOKALIKE.lastIndex = 0;
  return found;
}
