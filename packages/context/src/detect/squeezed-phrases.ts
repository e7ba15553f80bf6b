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
  'yoursystemprompt',
  'youarenowdan',
  'doanythingnow',
  'newinstructions',
  'systemoverride',
  'donottelltheuser',
  'withouttellingtheuser',
  'enabledevelopermode',
  'strictlyadheretothefollowing',
] as const;

const codes = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
const automaton = new PhraseAutomaton(PHRASES.map(codes));
const LEET: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i', '|': 'i' };

export type Disguise = 'plain' | 'spaced' | 'rot13' | 'reversed';

/** How a telling phrase stands in the folded text: in the open, spaced or respelled, in ROT13 or backwards. */
export function disguisedPhrases(folded: string): Set<Disguise> {
  const found = new Set<Disguise>();
  const kept = new Uint32Array(folded.length);
  const letters = new Uint32Array(folded.length);
  let keptCount = 0;
  let letterCount = 0;
  for (let index = 0; index < folded.length; index++) {
    const code = folded.charCodeAt(index);
    if (code >= 97 && code <= 122) {
      kept[keptCount++] = code;
      letters[letterCount++] = code;
    } else if (code < 128) {
      const leet = LEET[folded[index]!];
      if (leet !== undefined) kept[keptCount++] = leet.charCodeAt(0);
    }
  }
  const has = (text: Uint32Array) => automaton.find(text).length > 0;
  const plain = letters.subarray(0, letterCount);
  if (has(kept.subarray(0, keptCount)) || has(plain)) found.add(PHRASES.some((phrase) => folded.replace(/[\s,]+/g, '').includes(phrase)) ? 'plain' : 'spaced');
  if (has(plain.map((code) => ((code - 97 + 13) % 26) + 97))) found.add('rot13');
  if (has(plain.toReversed())) found.add('reversed');
  return found;
}
