/** Characters that a person does not see but a model reads, by kind. The order decides where kinds overlap. */
const HIDDEN = [
  ['tag_character', /[\u{E0000}-\u{E007F}]/gu],
  ['bidirectional_control', /\p{Bidi_Control}/gu],
  ['invisible_character', /[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/gu],
  // Tab, line feed and carriage return are text; the rest could drive the terminal of who reads the evidence.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this pattern is for
  ['control_character', /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/gu],
] as const;

export type HiddenKind = (typeof HIDDEN)[number][0];

export interface Cleaned {
  readonly text: string;
  /** How many characters of each kind were removed; kinds that did not occur are absent. */
  readonly removed: ReadonlyMap<HiddenKind, number>;
}

/**
 * Removes invisible, bidirectional, tag and control characters (Unicode properties Default_Ignorable_Code_Point and
 * Bidi_Control) and replaces lone surrogates by U+FFFD, so that what a model is shown is what a person can see. Linear
 * in the length of the text.
 */
export function cleanText(text: string): Cleaned {
  const removed = new Map<HiddenKind, number>();
  let cleaned = text.toWellFormed();
  for (const [kind, pattern] of HIDDEN) {
    let count = 0;
    cleaned = cleaned.replace(pattern, () => {
      count++;
      return '';
    });
    if (count > 0) removed.set(kind, count);
  }
  return { text: cleaned, removed };
}
