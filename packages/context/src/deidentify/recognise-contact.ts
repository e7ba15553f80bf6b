import { isIPv6 } from 'node:net';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import { hasContext, type PersonalSpan, span, spansOf } from './kinds.ts';

const EMAIL =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}][\p{L}\p{N}._%+'-]{0,63}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}][\p{L}\p{N}-]{1,23}(?![\p{L}\p{N}])/gu;
const URL_FORM =
  /(?<![A-Za-z0-9])(?:https?|ftp|wss?):\/\/[^\s<>"'`|\\^{}]{1,2048}|(?<![A-Za-z0-9.@/-])www\.[^\s<>"'`|\\^{}]{1,2048}/gi;
const TLDS =
  'com|org|net|info|biz|edu|gov|mil|int|io|co|dev|app|ai|xyz|online|site|shop|me|tv|eu|us|uk|de|fr|it|es|pt|nl|be|lu|ch|at|dk|se|no|fi|is|pl|cz|sk|hu|ro|bg|gr|hr|si|rs|ie|ru|ua|by|tr|il|in|cn|jp|kr|tw|hk|sg|my|th|vn|id|ph|au|nz|ca|mx|br|ar|cl|uy|za|ng|ke|eg|ma|ae|sa|ee|lv|lt|cy|mt|gl';
const DOMAIN = new RegExp(
  `(?<![A-Za-z0-9@./_-])(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\\.){1,5}(?:${TLDS})(?:/[^\\s<>"'\`]{0,500})?(?![A-Za-z0-9@_-]|\\.[A-Za-z0-9])`,
  'gi',
);
/** Endings that are file types as often as domains; a host alone with one of them is left alone. */
const FILE_LIKE = /\.(?:ai|me|io|is|it|in|id|my|no|at|so|de|co|py|rs|sh|md|cc)$/i;
const IPV4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d|\.\d)/g;
const IPV6 = /(?<![\w:.])[0-9a-fA-F:]{2,39}(?::(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])/g;
const MAC =
  /(?<![\w:-])(?:[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}|[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4})(?![\w:-])/g;

/** A URL without the marks of the sentence around it. */
function trimmed(value: string): string {
  const bare = value.replace(/[.,;:!?'"*]{1,8}$/, '');
  return bare.endsWith(')') && !bare.includes('(') ? bare.slice(0, -1) : bare;
}

const PHONE =
  /(?<![\p{L}\p{N}.,:/#_=+-])(?:\+|00)?\(?\d(?:[ .\-/()\u00a0\u2011]{0,3}\d){5,16}(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?![\p{L}\p{N}])/giu;
const PHONE_WORDS =
  /(?:phone|\bcall\b|\btel\b|mobile|\bmob\b|\bcell|\bfax\b|whatsapp|\bsms\b|\bring\b|\bdial\b|\breach\b|contact|hotline|telefon|\bhandy\b|tél|móvil|cellulare|(?:my|his|her|our|your|their|a) number|телефон|电话)/;
const PHONE_AFTER = /^[^\p{L}\p{N}\n]{0,3}(?:office|fax|mobile|home|work|cell|tel)\b/iu;
/** Where numbers without a country code may be from; the order does not matter. */
const COUNTRIES: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'ES',
  'IT',
  'NL',
  'PL',
  'SE',
  'NO',
  'DK',
  'FI',
  'CH',
  'AT',
  'BE',
  'IN',
  'BR',
  'AU',
  'ZA',
  'HU',
  'CZ',
  'PT',
];
const DATE_LIKE = /^(?:(?:19|20)\d{2}[-./ ]\d{1,2}[-./ ]\d{1,2}(?:[ T]\d{1,2})?|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4})$/;

/**
 * Asking all the countries takes a tenth of a millisecond. After so many numbers the rest of the form is taken for
 * telephone numbers: hiding too much is better than hiding too little or taking for ever.
 */
const PROBES_MAX = 1500;

const isValidIn = (value: string, country: CountryCode) =>
  parsePhoneNumberFromString(value, country)?.isValid() === true;

function phones(text: string): PersonalSpan[] {
  let probes = 0;
  return spansOf(text, PHONE, (value, start, end) => {
    const digits = value.replace(/\D/g, '');
    const spoken = hasContext(text, start, PHONE_WORDS, 40) || PHONE_AFTER.test(text.slice(end, end + 16));
    if (
      digits.length > 18 ||
      (DATE_LIKE.test(value) && (!spoken || /\/|\d{4}/.test(value))) ||
      /^(?:\d{4}[ -]){3}\d{4}$/.test(value)
    )
      return null;
    const international = value.startsWith('+') || value.startsWith('00');
    const grouped = /\d[ .\-/()\u00a0]{1,3}\d/.test(value);
    if (international) {
      const parsed = parsePhoneNumberFromString(value.replace(/^00/, '+'));
      if (value.startsWith('+') ? parsed?.isPossible() : parsed?.isValid())
        return span('phone', 'verified', start, end);
    }
    // Years, ranges and amounts are groups of digits too.
    if (/^\d{4}\s?[-/]\s?\d{4}$/.test(value) && !spoken) return null;
    if (grouped || spoken) {
      const valid = probes++ >= PROBES_MAX || COUNTRIES.some((country) => isValidIn(value, country));
      const telling = spoken || digits.length >= 9 || (value.match(/\D+/g)?.length ?? 0) >= 2;
      if (valid && telling) return span('phone', spoken ? 'context' : 'likely', start, end);
    }
    return spoken && digits.length >= 6 ? span('phone', 'context', start, end) : null;
  });
}

/** E-mail, web and network addresses, and telephone numbers. */
export function recogniseContact(text: string): PersonalSpan[] {
  const urls = spansOf(text, URL_FORM, (value, start) => span('url', 'verified', start, start + trimmed(value).length));
  return [
    ...spansOf(text, EMAIL, (_value, start, end) => span('email', 'verified', start, end)),
    ...urls,
    ...spansOf(text, DOMAIN, (value, start) =>
      FILE_LIKE.test(value) && !hasContext(text, start, /(?:site|domain|visit|host|server|url|web)\W{0,12}$/, 24)
        ? null
        : span('domain', 'likely', start, start + trimmed(value).length),
    ),
    ...spansOf(text, IPV4, (_value, start, end) =>
      hasContext(text, start, /(?:version|release|v|ver\.?|section|chapter)\s?$/, 10)
        ? null
        : span('ip_address', 'verified', start, end, 'ipv4'),
    ),
    ...spansOf(text, IPV6, (value, start, end) =>
      value.split(':').length > 2 && /[0-9a-f]/i.test(value) && isIPv6(value)
        ? span('ip_address', 'verified', start, end, 'ipv6')
        : null,
    ),
    ...[...text.matchAll(MAC)].map(({ 0: value, index }) =>
      span('mac_address', 'verified', index, index + value.length),
    ),
    ...phones(text),
  ];
}
