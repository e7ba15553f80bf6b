import { bankAccounts, cardNumbers, emailAddresses } from './personal.ts';
import {
  assignments,
  awsSecrets,
  BEGINS_AS_PREFIXED,
  headers,
  jsonWebTokens,
  NAMES_HEADER,
  prefixedSecrets,
  privateKeys,
  urlPasswords,
} from './secrets.ts';
import { type Detector, type Span, withoutOverlap } from './span.ts';

/** What a text is made of, seen in one pass. */
interface Traits {
  readonly length: number;
  /** Digits in all. */
  readonly digits: number;
  /** Characters of the longest run of those that keys and tokens are made of. */
  readonly run: number;
  readonly at: boolean;
  /** `:` or `=`. */
  readonly assigns: boolean;
  readonly dashes: boolean;
}

/**
 * Every detector, with what a text must have for it to find anything. INVARIANT: where `may` says no, the detector finds
 * nothing; `detect.test.ts` holds each to it.
 */
export const DETECTORS: readonly {
  readonly find: Detector;
  readonly may: (traits: Traits, text: string) => boolean;
}[] = [
  { find: privateKeys, may: ({ dashes }) => dashes },
  // The shortest is `xoxb-` with ten characters.
  { find: prefixedSecrets, may: ({ run }, text) => run >= 15 && BEGINS_AS_PREFIXED.test(text) },
  { find: jsonWebTokens, may: ({ run }, text) => run >= 20 && text.includes('eyJ') },
  { find: awsSecrets, may: ({ run }) => run >= 40 },
  { find: assignments, may: ({ assigns }) => assigns },
  { find: headers, may: ({ assigns, run }, text) => (assigns || run >= 8) && NAMES_HEADER.test(text) },
  { find: urlPasswords, may: ({ at }) => at },
  { find: emailAddresses, may: ({ at }) => at },
  { find: cardNumbers, may: ({ digits }) => digits >= 13 },
  // The two check digits are the only ones that must be there.
  { find: bankAccounts, may: ({ digits, length }) => digits >= 2 && length >= 15 },
];

/** The spans of a text in order and without overlap, each detector asked only where it can find something. */
export function detect(text: string): Span[] {
  // The shortest thing that is found: `pwd:x`, or a@b.co.
  if (text.length < 5) return [];
  const traits = traitsOf(text);
  // A plain word: every detector demands one of these. Most texts of a record end here.
  if (!traits.at && !traits.assigns && traits.digits < 2 && traits.run < 8) return [];
  const spans: Span[] = [];
  for (const { find, may } of DETECTORS) if (may(traits, text)) spans.push(...find(text));
  return spans.length === 0 ? spans : withoutOverlap(spans);
}

/** By character code: 1 for a digit, 2 for other characters of keys and tokens, 4 for `:` and `=`, 8 for `@`. */
const CLASSES = new Uint8Array(128);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/._~-') CLASSES[char.charCodeAt(0)] = 2;
for (const char of '0123456789') CLASSES[char.charCodeAt(0)] = 1;
// Padding of base 64 belongs to a run as well.
CLASSES['='.charCodeAt(0)] = 2 | 4;
CLASSES[':'.charCodeAt(0)] = 4;
CLASSES['@'.charCodeAt(0)] = 8;

function traitsOf(text: string): Traits {
  let digits = 0;
  let run = 0;
  let longest = 0;
  let seen = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const found = code < 128 ? CLASSES[code]! : 0;
    seen |= found;
    if (found === 1) digits++;
    if ((found & 3) === 0) run = 0;
    else if (++run > longest) longest = run;
  }
  const dashes = longest >= 10 && text.includes('-----BEGIN ');
  return { length: text.length, digits, run: longest, at: (seen & 8) !== 0, assigns: (seen & 4) !== 0, dashes };
}
