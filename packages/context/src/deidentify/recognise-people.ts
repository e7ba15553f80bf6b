import { hasContext, type PersonalSpan, span, spansOf } from './kinds.ts';
import { GIVEN_NAMES } from './name-list.ts';

const WORD = "\\p{Lu}[\\p{L}'’-]{1,24}";
const PART = `(?:${WORD}|\\p{Lu}\\.|(?:van|von|de|der|den|del|della|di|da|dos|la|le|bin|al|el|zu|af)(?=\\s))`;
const FULL = `${WORD}(?:[ \\u00a0]${PART}){0,3}`;
const TITLED = new RegExp(
  `(?<![\\p{L}])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Lady|Rev|Fr|Herr|Herrn|Frau|Señor|Señora|Sr|Sra|Mme|Mlle|Monsieur|Madame|Signor|Signora|Pan|Pani|mr|mrs|ms|dr)\\.?[ \\u00a0](${FULL})`,
  'gu',
);
const SAID = new RegExp(
  `(?:[Mm]y name is|[Nn]ame is|[Ii] am called|[Pp]eople call me|[Cc]all me|[Tt]his is|I am|I['’]m|[Ii]ch bin|[Ii]ch hei(?:ß|ss)e|[Mm]ein Name ist|[Mm]e llamo|[Mm]i nombre es|[Jj]e m['’]appelle|[Mm]i chiamo|[Ss]igned(?: by)?,?|[Ss]incerely,?|[Rr]egards,?|[Cc]heers,?|Gr(?:ü|u)ße,?|Saludos,?|Cordialement,?|[Aa]ttn:?|[Pp]atient)\\s{1,4}(${WORD}(?:[ \\u00a0]${PART}){1,3})`,
  'gu',
);
const GREETED = new RegExp(
  `(?:^|[\\n.!?>"]\\s{0,3})(?:Dear|Hi|Hello|Hey|Hallo|Liebe|Lieber|Guten Tag|Hola|Estimad[oa]|Querid[oa]|Bonjour|Ch(?:er|ère)|Ciao|Gentile|Car[oa]|Prezad[oa]|Beste)[ \\u00a0](?:Mr\\.? |Mrs\\.? |Ms\\.? |Dr\\.? |Herr |Frau )?(${FULL})(?=[ ]?[,!:\\n-])`,
  'gu',
);
const FIELD = new RegExp(
  `(?:\\b(?:[Ff]ull |[Ff]irst |[Ll]ast |[Cc]ustomer |[Pp]atient |[Cc]lient |[Cc]ontact |[Aa]ccount )?[Nn]ame(?: on (?:card|account))?|[Nn]amn|[Nn]ombre|[Nn]om|[Nn]ome|[Cc]ardholder|[Bb]eneficiary|[Aa]ccount [Hh]older|[Ee]mployee|[Aa]ttendee|[Cc]ontact [Pp]erson)\\s{0,2}[:=]\\s{0,4}["']?(${FULL})`,
  'gu',
);
const LISTED = new RegExp(
  `(?<![\\p{L}\\p{N}._@/-])(${WORD})((?:[ \\u00a0]${PART}){0,2})(?![\\p{L}\\p{N}@_/]|\\.[a-z])`,
  'gu',
);
/** A middle initial is seldom anything but part of a name. */
const INITIALED = new RegExp(
  `(?<![\\p{L}\\p{N}])(${WORD}[ \\u00a0]\\p{Lu}\\.?[ \\u00a0]${WORD})(?![\\p{L}\\p{N}])`,
  'gu',
);
const NOT_NAMES =
  /^(?:Team|Sir|Madam|All|Everyone|Customer|Support|Friends?|Colleagues?|There|The|It|This|Please|World|Folks|Tenant|Street|Road|Avenue|Inc|Ltd|GmbH|University|Hotel)\b/;
const HONORIFIC_END =
  /(?:\s(?:Street|Road|Avenue|Lane|Inc|Ltd|LLC|GmbH|University|Hotel|Bank|Corp|Company|Park|Airport|Hospital|School|Island|City))\.?$/;

const plain = (word: string) =>
  word
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();

function names(text: string): PersonalSpan[] {
  const byContext = [TITLED, SAID, GREETED, FIELD].flatMap((pattern) =>
    spansOf(text, pattern, (value, start, end) => (NOT_NAMES.test(value) ? null : span('name', 'context', start, end))),
  );
  const byList = [...text.matchAll(LISTED)].flatMap(({ 0: value, 1: first, 2: rest, index }) => {
    if (!GIVEN_NAMES.has(plain(first!)) || HONORIFIC_END.test(value) || NOT_NAMES.test(value)) return [];
    // Months and words that are names too need a surname.
    if (
      rest === '' &&
      /^(?:April|May|June|Mark|Will|Grace|Rose|Max|Ray|Art|Robin|Wei|Kai|Paris|Jack|Morgan)$/.test(first!)
    )
      return [];
    return [span('name', 'likely', index, index + value.length)];
  });
  const byInitial = spansOf(text, INITIALED, (value, start, end) =>
    HONORIFIC_END.test(value) || NOT_NAMES.test(value) ? null : span('name', 'likely', start, end),
  );
  return [...byContext, ...byList, ...byInitial];
}

const MONTH =
  '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar|februar|märz|mai|juni|juli|okt|dez|enero|febrero|marzo|abril|mayo|junio|julio|agosto|janvier|février|mars|avril|juin|juillet|août)[a-zé]{0,9}';
const DATE = new RegExp(
  `(?<![\\d/.-])(?:\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{1,2}[-/. ]\\d{1,2}[-/. ]\\d{2,4}|\\d{1,2}(?:st|nd|rd|th|\\.)?\\s(?:of\\s)?${MONTH}\\.?,?\\s\\d{4}|${MONTH}\\.?\\s\\d{1,2}(?:st|nd|rd|th)?,?\\s\\d{4})(?![\\d/-])`,
  'giu',
);
const BIRTH =
  /(?:born|birth|birthday|birthdate|dob|d\.o\.b|geboren|geb\.|geburts|naissance|né|née|nacimiento|nacid|nascita|nat[oa]|nascimento|urodz|födelse|geboorte|рожд)/;

function birthDates(text: string): PersonalSpan[] {
  return spansOf(text, DATE, (_value, start, end) =>
    hasContext(text, start, BIRTH, 40) ? span('birth_date', 'context', start, end) : null,
  );
}

const STREET_END =
  '(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Square|Sq|Terrace|Place|Pl|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Gardens|Grove|Hill|Mews|Row|Walk|Circle|Trail|Alley)';
const UNIT = '(?:,?\\s{1,2}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|No)\\.?\\s?#?[\\p{L}\\p{N}-]{1,8})?';
const PLACE = `(?:,?\\s{1,3}(?:[A-Z]{1,3}-)?\\d{4,6}(?:-\\d{3,4})?)?(?:,?\\s{1,3}${WORD}(?:[ ]${WORD}){0,2})?(?:,\\s{1,3}[A-Z]{2})?(?:,?\\s{1,3}(?:\\d{5}(?:-\\d{4})?|[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}))?`;
const NUMBER = '\\d{1,6}[a-zA-Z]?(?:[-/]\\d{1,4})?';
const ADDRESSES = [
  new RegExp(`(?<![\\p{L}\\p{N}])${NUMBER}\\s(?:${WORD}\\s){1,4}${STREET_END}(?![\\p{L}])\\.?${UNIT}${PLACE}`, 'gu'),
  new RegExp(
    `(?<![\\p{L}\\p{N}])(?:\\p{Lu}[\\p{L}.-]{0,30}[ ]){0,3}\\p{Lu}?[\\p{L}-]{1,30}(?:straße|strasse|str\\.|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|plein|gatan|vägen|vej|gade|veien|gata|katu|tie|utca|útja|steenweg)\\s${NUMBER}(?![\\p{L}\\p{N}])${UNIT}${PLACE}`,
    'gu',
  ),
  new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${NUMBER},?\\s)?(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Cc]hemin|[Aa]llée|[Qq]uai|[Cc]alle|[Aa]venida|[Pp]laza|[Pp]aseo|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Rr]ua|[Tt]ravessa|[Uu]l\\.|[Uu]lica|[Uu]litsa)\\s(?:(?:de|du|des|de la|del|della|delle|dei|da|do|dos|di|la|le|van)\\s)?(?:${WORD}\\s?){1,4}(?:,?\\s?${NUMBER})?(?![\\p{L}\\p{N}])${UNIT}${PLACE}`,
    'gu',
  ),
  /(?<![\p{L}\p{N}])(?:P\.? ?O\.? ?Box|Postfach|Postbox|Apartado|PSC|Unit) \d{1,7}(?:,? Box \d{1,6})?(?:[,\s]{1,3}(?:APO|FPO|DPO) A[AEP] \d{5})?/giu,
];
const ADDRESS_SAID =
  /(?:(?:billing |shipping |home |postal |delivery |mailing |my |our |his |her |secondary )?address(?: is| of [^\n.:]{1,60} is|:| to(?: the same)?:?| with)|liv(?:e|es|ing) (?:at|on)|resid(?:es|ing) at|located (?:at|on)|(?:ship|deliver|send) (?:it )?to|wohnhaft in|office is at)\s{1,4}((?:\p{L}[^\n.;!?@]{0,40})?\d[^\n.;!?@]{3,80})/giu;

function addresses(text: string): PersonalSpan[] {
  const formed = ADDRESSES.flatMap((pattern) =>
    spansOf(text, pattern, (value, start) => {
      const kept = value.trimEnd();
      return /\d/.test(kept) ? span('address', 'likely', start, start + kept.length) : null;
    }),
  );
  const said = spansOf(text, ADDRESS_SAID, (value, start) => {
    const kept = value.replace(/\s+(?:for|and|but|from|please|which|that|so)\s.*$/su, '').trimEnd();
    return /\d/.test(kept) && /\p{L}/u.test(kept) ? span('address', 'context', start, start + kept.length) : null;
  });
  return [...formed, ...said];
}

/** Names, dates of birth and postal addresses, by the words around them, by their form, and names also by a list. */
export function recognisePeople(text: string): PersonalSpan[] {
  return [...names(text), ...birthDates(text), ...addresses(text)];
}
