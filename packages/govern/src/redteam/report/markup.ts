const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * A text for HTML and XML 1.0, in an element or a quoted attribute. What an attack holds must neither become markup nor
 * change the order in which it is read: controls and characters that are not seen are written out as `U+202E`.
 */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\uFFFE\uFFFF]/gu, (char) =>
      '\n\t'.includes(char) ? char : `[U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/[&<>"']/g, (char) => NAMES[char]!);
}
