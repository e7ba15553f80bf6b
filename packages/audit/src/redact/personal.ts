import type { Detector, Span } from './span.ts';

const LOCAL = /[\p{L}\p{N}._%+-]/u;
const DOMAIN = /[\p{L}\p{N}.-]/u;

/** E-mail addresses: from each `@` outwards, as far as RFC 5321 lets its sides be long. */
export const emailAddresses: Detector = (text) => {
  const spans: Span[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < 64 && LOCAL.test(text[start - 1]!)) start--;
    let end = at + 1;
    while (end < text.length && end - at <= 253 && DOMAIN.test(text[end]!)) end++;
    while (end > at + 1 && /[.-]/.test(text[end - 1]!)) end--;
    while (start < at && /[.%+-]/.test(text[start]!)) start++;
    // What stands there in an address such as https://user:password@host is a password.
    if (/:\/\/[^\s/?#@:]{0,128}:$/.test(text.slice(Math.max(0, start - 160), start))) continue;
    const labels = text.slice(at + 1, end).split('.');
    const top = labels.at(-1)!;
    if (start === at || labels.length < 2 || labels.some((label) => label === '' || label.startsWith('-'))) continue;
    if (!/^(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})$/iu.test(top)) continue;
    spans.push({ start, end, kind: 'personal', type: 'email', same: text.slice(start, end).toLowerCase() });
  }
  return spans;
};

/** Payment card numbers: 13 to 19 digits, single spaces or dashes between groups, a known issuer, Luhn's check. */
export const cardNumbers: Detector = (text) => {
  const spans: Span[] = [];
  for (let start = 0; start < text.length; start++) {
    if (!isDigit(text, start) || isWord(text, start - 1)) continue;
    let digits = '';
    let at = start;
    let found = 0;
    while (digits.length < 19 && isDigit(text, at)) {
      digits += text[at++];
      if (digits.length >= 13 && !isWord(text, at) && isCard(digits)) found = at;
      if ((text[at] === ' ' || text[at] === '-') && isDigit(text, at + 1)) at++;
    }
    if (found > 0) {
      const same = text.slice(start, found).replace(/[ -]/g, '');
      spans.push({ start, end: found, kind: 'personal', type: 'card', same });
      start = found;
    }
  }
  return spans;
};

/** Whether these digits are a payment card number. 13 digits are too often a time in milliseconds to count otherwise. */
export function isCard(digits: string): boolean {
  const issued =
    /^4/.test(digits) ||
    (digits.length === 16 && /^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|6(?:011|5|4[4-9])|35)/.test(digits)) ||
    (digits.length === 15 && /^3[47]/.test(digits)) ||
    (digits.length === 14 && /^3[068]/.test(digits)) ||
    (digits.length > 16 && /^6/.test(digits));
  return issued && luhn(digits);
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The length of an IBAN by country (ISO 13616 registry). */
const IBAN_LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** International bank account numbers: the country's length and the check digits (ISO 7064, mod 97). */
export const bankAccounts: Detector = (text) => {
  const spans: Span[] = [];
  for (const match of text.matchAll(/(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}/g)) {
    const length = IBAN_LENGTHS.get(match[0].slice(0, 2).toUpperCase());
    if (length === undefined) continue;
    let account = '';
    let at = match.index;
    while (account.length < length && /^[A-Za-z0-9]$/.test(text[at] ?? '')) {
      account += text[at++]!.toUpperCase();
      if (account.length < length && /[ -]/.test(text[at] ?? '')) at++;
    }
    if (account.length === length && !isWord(text, at) && mod97(account) === 1)
      spans.push({ start: match.index, end: at, kind: 'personal', type: 'iban', same: account });
  }
  return spans;
};

function mod97(account: string): number {
  let rest = 0;
  for (const char of account.slice(4) + account.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function isWord(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /[A-Za-z0-9]/.test(text[at]!);
}
