import {
  belgian,
  bsn,
  codiceFiscale,
  cpf,
  dni,
  ean13,
  finnish,
  luhn,
  mod11x2,
  mod11x10,
  nhs,
  nir,
  norwegian,
  pesel,
  verhoeff,
} from './checksums.ts';
import { hasContext, type PersonalSpan, span } from './kinds.ts';

interface NationalId {
  readonly detail: string;
  readonly pattern: RegExp;
  readonly valid: (value: string) => boolean;
  /** Words that must stand before it: where form and check alone would fit too many ordinary numbers. */
  readonly context?: RegExp;
}

const monthDay = (month: string, day: string): boolean =>
  Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
const oneRepeated = (value: string): boolean => {
  const first = value.replace(/\D/g, '').slice(0, 10);
  return new Set(first).size <= 9;
};
const born = (year: number, month: number, day: number) => (value: string) => {
  const digits = value.replace(/\D/g, '');
  return year >= 0 && monthDay(digits.slice(month, month + 2), digits.slice(day, day + 2));
};
const SSN = /ssn|social security|social-security|tax ?id/;

/** Identity numbers by country. Forms are the printed ones; checks are the official ones, where a number has one. */
const IDS: readonly NationalId[] = [
  {
    detail: 'us-ssn',
    pattern: /(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])/g,
    valid: () => true,
  },
  {
    detail: 'us-ssn',
    pattern: /(?<!\d)(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}(?!\d)/g,
    valid: () => true,
    context: SSN,
  },
  {
    detail: 'us-itin',
    pattern: /(?<![\d-])9\d{2}[- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]\d{4}(?![\d-])/g,
    valid: () => true,
  },
  {
    detail: 'uk-nino',
    pattern:
      /(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])/gi,
    valid: () => true,
  },
  { detail: 'uk-nhs', pattern: /(?<!\d)\d{3}[ -]\d{3}[ -]\d{4}(?!\d)/g, valid: nhs, context: /nhs|health|patient/ },
  { detail: 'uk-nhs', pattern: /(?<!\d)\d{10}(?!\d)/g, valid: nhs, context: /nhs/ },
  {
    detail: 'de-steuer-id',
    pattern: /(?<!\d)[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?!\d)/g,
    valid: (value) => oneRepeated(value) && mod11x10(value),
    context: /steuer|tax|idnr|identifikation|tin\b/,
  },
  {
    detail: 'fr-nir',
    pattern: /(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\d)/gi,
    valid: nir,
  },
  { detail: 'es-dni', pattern: /(?<![A-Za-z0-9])\d{8}[ -]?[A-HJ-NP-TV-Z](?![A-Za-z0-9])/gi, valid: dni },
  { detail: 'es-nie', pattern: /(?<![A-Za-z0-9])[XYZ][ -]?\d{7}[ -]?[A-HJ-NP-TV-Z](?![A-Za-z0-9])/gi, valid: dni },
  {
    detail: 'it-codice-fiscale',
    pattern:
      /(?<![A-Za-z0-9])[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z](?![A-Za-z0-9])/gi,
    valid: codiceFiscale,
  },
  { detail: 'nl-bsn', pattern: /(?<!\d)\d{9}(?!\d)/g, valid: bsn, context: /bsn|burgerservice|sofi/ },
  { detail: 'nl-bsn', pattern: /(?<!\d)\d{4}[. ]\d{2}[. ]\d{3}(?!\d)/g, valid: bsn },
  {
    detail: 'pl-pesel',
    pattern: /(?<!\d)\d{11}(?!\d)/g,
    valid: (value) => pesel(value) && monthDay(String(Number(value.slice(2, 4)) % 20), value.slice(4, 6)),
  },
  {
    detail: 'se-personnummer',
    pattern: /(?<![\d-])(?:19|20)?\d{6}[-+]\d{4}(?![\d-])/g,
    valid: (value) => luhn(value.replace(/\D/g, '').slice(-10)) && born(0, 2, 4)(value.replace(/\D/g, '').slice(-10)),
  },
  {
    detail: 'se-personnummer',
    pattern: /(?<!\d)(?:19|20)\d{10}(?!\d)/g,
    valid: (value) => luhn(value.slice(-10)) && born(0, 4, 6)(value),
  },
  {
    detail: 'no-fodselsnummer',
    pattern: /(?<!\d)\d{6} ?\d{5}(?!\d)/g,
    valid: (value) => norwegian(value) && born(4, 2, 0)(value),
  },
  {
    detail: 'dk-cpr',
    pattern: /(?<![\d-])\d{6}-\d{4}(?![\d-])/g,
    valid: born(4, 2, 0),
    context: /cpr|dansk|personnummer|danish/,
  },
  {
    detail: 'fi-hetu',
    pattern: /(?<![A-Za-z0-9])[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-Y](?![A-Za-z0-9])/gi,
    valid: finnish,
  },
  { detail: 'be-rijksregister', pattern: /(?<!\d)\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?!\d)/g, valid: belgian },
  { detail: 'ch-ahv', pattern: /(?<!\d)756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}(?!\d)/g, valid: ean13 },
  { detail: 'in-aadhaar', pattern: /(?<!\d)[2-9]\d{3}[ -]\d{4}[ -]\d{4}(?![ -]?\d)/g, valid: verhoeff },
  { detail: 'in-aadhaar', pattern: /(?<!\d)[2-9]\d{11}(?!\d)/g, valid: verhoeff, context: /aadh?aar|uidai|uid\b/ },
  {
    detail: 'in-pan',
    pattern: /(?<![A-Za-z0-9])[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?![A-Za-z0-9])/g,
    valid: () => true,
  },
  { detail: 'br-cpf', pattern: /(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)/g, valid: cpf },
  { detail: 'br-cpf', pattern: /(?<!\d)\d{11}(?!\d)/g, valid: cpf, context: /cpf/ },
  { detail: 'ca-sin', pattern: /(?<![\d-])[1-79]\d{2}([- ])\d{3}\1\d{3}(?![\d-])/g, valid: luhn },
  {
    detail: 'cn-resident-id',
    pattern: /(?<!\d)[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])/g,
    valid: mod11x2,
  },
  {
    detail: 'za-id',
    pattern: /(?<!\d)\d{6} ?\d{4} ?[01]\d ?\d(?!\d)/g,
    valid: (value) => luhn(value) && born(0, 2, 4)(value),
  },
  {
    detail: 'passport',
    pattern: /(?<![A-Za-z0-9])[A-Z]{0,2}\d{6,9}(?![A-Za-z0-9])/g,
    valid: () => true,
    context:
      /(?:passport|reisepass|passeport|pasaporte)\s{0,2}(?:number|no|nr|#|nummer)?\.?\s{0,2}[:#]?\s{0,2}(?:is\s)?$/,
  },
  {
    detail: 'driver-license',
    pattern: /(?<![A-Za-z0-9])[A-Z]{0,2}\d[\d-]{5,14}(?![A-Za-z0-9])/g,
    valid: () => true,
    context: /(?:driver'?s?|driving) ?licen[sc]e\s{0,2}(?:number|no|nr|#)?\.?\s{0,2}[:#]?\s{0,2}(?:is\s)?$/,
  },
];

/** Identity numbers of persons. What has neither a check nor an unmistakable form is found by its context alone. */
export function recogniseNationalIds(text: string): PersonalSpan[] {
  return IDS.flatMap(({ detail, pattern, valid, context }) =>
    [...text.matchAll(pattern)].flatMap(({ 0: value, index }) =>
      valid(value) && (context === undefined || hasContext(text, index, context))
        ? [span('national_id', context === undefined ? 'verified' : 'context', index, index + value.length, detail)]
        : [],
    ),
  );
}
