import { PhraseAutomaton } from './phrase-automaton.ts';

/**
 * Phrases so telling that they count with every space and mark taken out: what is left of `i.g.n.o.r.e  all  p r e v…`,
 * of 1gn0r3 and of ROT13. Long ones only, so that they do not arise by chance.
 */
const PHRASES = [
  'ignoreallprevious',
  'ignorepreviousinstructions',
  'ignoreprevious',
  'ignoretheprevious',
  'ignoreyourinstructions',
  'ignoreyourprevious',
  'ignoreallinstructions',
  'ignoretheaboveinstructions',
  'ignoreallprior',
  'ignorepriorinstructions',
  'ignoretherestofthis',
  'disregardallprevious',
  'disregardprevious',
  'disregardtheabove',
  'disregardyourinstructions',
  'disregardallprior',
  'forgetallprevious',
  'forgeteverythingabove',
  'forgetyourinstructions',
  'forgetallinstructions',
  'overrideyourinstructions',
  'overrideallprevious',
  'bypassyourinstructions',
  'revealyoursystemprompt',
  'printyoursystemprompt',
  'youarenowdan',
  'doanythingnow',
  'systemoverride',
  'donottelltheuser',
  'withouttellingtheuser',
  'enabledevelopermode',
  'strictlyadheretothefollowing',
] as const;

const codes = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
const rot13 = (text: string) =>
  text.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97));

export type Disguise = 'plain' | 'respelled' | 'rot13' | 'reversed';

/** The text is read once: disguises of the phrases stand beside the phrases. */
const DISGUISES: readonly (readonly [Disguise, (phrase: string) => string])[] = [
  ['plain', (phrase) => phrase],
  ['rot13', rot13],
  ['reversed', (phrase) => [...phrase].reverse().join('')],
];
const entries = DISGUISES.flatMap(([disguise, write]) =>
  PHRASES.map((phrase) => ({ disguise, codes: codes(write(phrase)) })),
);
const automaton = new PhraseAutomaton(entries.map((entry) => entry.codes));
/** 1 and ! stand for i as well as for l: both are read as i. */
const respelled = new PhraseAutomaton(PHRASES.map((phrase) => codes(phrase.replaceAll('l', 'i'))));

/** Digits and marks that stand for letters, by character code; 0 for all others. */
const LEET = new Uint8Array(128);
for (const [mark, letter] of ['0o', '1i', '3e', '4a', '5s', '7t', '@a', '$s', '!i', '|i'])
  LEET[mark!.charCodeAt(0)] = letter!.charCodeAt(0);

/** How a telling phrase stands in the folded text: with its own letters, respelled, in ROT13 or backwards. */
export function disguisedPhrases(folded: string): Set<Disguise> {
  const letters = new Uint32Array(folded.length);
  let count = 0;
  let leet = false;
  for (let index = 0; index < folded.length; index++) {
    const code = folded.charCodeAt(index);
    if (code >= 97 && code <= 122) letters[count++] = code;
    else if (code < 128 && LEET[code] !== 0) leet = true;
  }
  const found = new Set(automaton.find(letters.subarray(0, count)).map(({ phrase }) => entries[phrase]!.disguise));
  if (leet && found.size === 0) {
    const kept = new Uint32Array(folded.length);
    let keptCount = 0;
    for (let index = 0; index < folded.length; index++) {
      const code = folded.charCodeAt(index);
      if (code >= 97 && code <= 122) kept[keptCount++] = code === 108 ? 105 : code;
      else if (code < 128 && LEET[code] !== 0) kept[keptCount++] = LEET[code]!;
    }
    if (respelled.find(kept.subarray(0, keptCount)).length > 0) found.add('respelled');
  }
  return found;
}
