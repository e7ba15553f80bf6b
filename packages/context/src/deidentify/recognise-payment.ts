import { aba, base58check, bech32, ibanValid, luhn } from './checksums.ts';
import { hasContext, type PersonalSpan, span, spansOf } from './kinds.ts';

/** ISO 7812 prefixes and lengths of the schemes in use. */
const SCHEMES: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^5[0-9]\d{14}$/,
  /^2[2-7]\d{14}$/,
  /^3[47]\d{13}$/,
  /^(?:2131|1800)\d{11}$/,
  /^3(?:0[0-5]|[689]\d)\d{11}$/,
  /^3[015-9]\d{14}$/,
  /^6\d{15,18}$/,
  /^(?:5[06-9]|6\d)\d{10,13}$/,
];
const ACCOUNT_WORDS =
  /(?:account|acct|a\/c|konto|kontonummer|compte|cuenta|conto|rekening|iban|wire|transfer)\s{0,3}(?:number|no|nr|num|#|n\u00b0)?\.?\s{0,3}[:#=]?\s{0,3}(?:is\s{0,3})?$/;
const CARD_WORDS = /(?:card|\bcc\b|credit|debit|visa|mastercard|amex|maestro|karte|carte|tarjeta)/;
const ROUTING_WORDS = /(?:routing|aba|rtn|transit)/;

/** Lengths of the IBAN registry by country (ISO 13616). */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 ' +
    'GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 ' +
    'MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 ' +
    'TL23 TN24 TR26 UA29 VA22 VG24 XK20 ZZ20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

function cards(text: string): PersonalSpan[] {
  return spansOf(text, /(?<![\d.,])\d(?:[ -]?\d){11,18}(?![\d]|[.,]\d)/g, (value, start, end) => {
    const digits = value.replace(/\D/g, '');
    if (!SCHEMES.some((scheme) => scheme.test(digits)) || !luhn(digits)) return null;
    if (digits.length < 14 && !digits.startsWith('4') && !hasContext(text, start, CARD_WORDS)) return null;
    return span('card', 'verified', start, end);
  });
}

function ibans(text: string): PersonalSpan[] {
  const spans: PersonalSpan[] = [];
  for (const { index } of text.matchAll(/(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g)) {
    const length = IBAN_LENGTHS[text.slice(index, index + 2).toUpperCase()];
    if (length === undefined) continue;
    let compact = '';
    let at = index;
    let gap = 0;
    for (; compact.length < length && at < text.length; at++) {
      const character = text[at]!;
      if (/[A-Za-z0-9]/.test(character)) {
        compact += character;
        gap = 0;
      } else if ((character === ' ' || character === '-' || character === '\u00a0') && gap === 0) gap = 1;
      else break;
    }
    if (compact.length === length && !/[A-Za-z0-9]/.test(text[at] ?? ' ') && ibanValid(compact))
      spans.push(span('iban', 'verified', index, at));
  }
  return spans;
}

function routing(text: string): PersonalSpan[] {
  return [
    ...spansOf(text, /(?<!\d)\d{9}(?!\d)/g, (value, start, end) =>
      aba(value) && hasContext(text, start, ROUTING_WORDS)
        ? span('routing_number', 'verified', start, end, 'aba')
        : null,
    ),
    ...spansOf(text, /(?<!\d)\d{2}-\d{2}-\d{2}(?!\d)/g, (_value, start, end) =>
      hasContext(text, start, /sort ?code/) ? span('routing_number', 'context', start, end, 'sort-code') : null,
    ),
    ...spansOf(text, /(?<![A-Za-z0-9])[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![A-Za-z0-9])/g, (_value, start, end) =>
      hasContext(text, start, /\b(?:bic|swift)\b/, 24) ? span('routing_number', 'context', start, end, 'bic') : null,
    ),
  ];
}

function accounts(text: string): PersonalSpan[] {
  return spansOf(text, /(?<![A-Za-z0-9])(?:[A-Z]{2})?\d(?:[ -]?\d){4,24}(?![A-Za-z0-9])/g, (_value, start, end) =>
    hasContext(text, start, ACCOUNT_WORDS, 40) ? span('account_number', 'context', start, end) : null,
  );
}

function wallets(text: string): PersonalSpan[] {
  const make = (valid: (value: string) => boolean, detail: string) => (value: string, start: number, end: number) =>
    valid(value) ? span('crypto_wallet', 'verified', start, end, detail) : null;
  return [
    ...spansOf(text, /(?<![A-Za-z0-9])[13][1-9A-HJ-NP-Za-km-z]{25,34}(?![A-Za-z0-9])/g, make(base58check, 'bitcoin')),
    ...spansOf(
      text,
      /(?<![A-Za-z0-9])(?:bc1|tb1|BC1)[02-9ac-hj-np-zAC-HJ-NP-Z]{11,80}(?![A-Za-z0-9])/g,
      make(bech32, 'bitcoin'),
    ),
    ...spansOf(
      text,
      /(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?![A-Za-z0-9])/g,
      make(() => true, 'ethereum'),
    ),
  ];
}

/** Cards, IBANs, bank codes, account numbers by context, and wallets. */
export function recognisePayment(text: string): PersonalSpan[] {
  return [...cards(text), ...ibans(text), ...routing(text), ...accounts(text), ...wallets(text)];
}
