/**
 * A text that may come from outside, cut to a length, with control and format characters (bidirectional ones too) made
 * visible as `?`: it is shown in terminals and written to records.
 */
export function printable(text: string, charsMax: number): string {
  const cut = text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
  return cut.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
