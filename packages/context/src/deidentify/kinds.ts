/** What personal or secret a value is. The order is part of the tie-break where two finds are equal. */
export const PERSONAL_KINDS = [
  'secret',
  'card',
  'iban',
  'national_id',
  'crypto_wallet',
  'email',
  'url',
  'ip_address',
  'mac_address',
  'domain',
  'phone',
  'routing_number',
  'account_number',
  'birth_date',
  'address',
  'name',
] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

/**
 * How sure a find is: `verified` by checksum or unmistakable form, `context` by the words around it, `likely` by its look
 * alone.
 */
export const CERTAINTY = ['verified', 'context', 'likely'] as const;
export type Certainty = (typeof CERTAINTY)[number];

export interface PersonalSpan {
  readonly kind: PersonalKind;
  /** Which sort of that kind, such as `us-ssn` or `aws`; the kind's own name where there is only one. */
  readonly detail: string;
  readonly certainty: Certainty;
  /** UTF-16 offsets into the text: `text.slice(start, end)` is the value. */
  readonly start: number;
  readonly end: number;
}

export function span(
  kind: PersonalKind,
  certainty: Certainty,
  start: number,
  end: number,
  detail: string = kind,
): PersonalSpan {
  return { kind, detail, certainty, start, end };
}

/** The first group of each match, as a span; the whole match where the pattern has no group. */
export function spansOf(
  text: string,
  pattern: RegExp,
  make: (value: string, start: number, end: number) => PersonalSpan | null,
): PersonalSpan[] {
  const spans: PersonalSpan[] = [];
  for (const match of text.matchAll(pattern)) {
    const value = match[1] ?? match[0];
    // The value is looked for from the end of the match: words of context stand before it.
    const start = match.index + match[0].lastIndexOf(value);
    const found = make(value, start, start + value.length);
    if (found !== null) spans.push(found);
  }
  return spans;
}

/** Whether one of the words stands in the characters before a value, in lower case. */
export function hasContext(text: string, start: number, words: RegExp, reach = 48): boolean {
  return words.test(text.slice(Math.max(0, start - reach), start).toLowerCase());
}
