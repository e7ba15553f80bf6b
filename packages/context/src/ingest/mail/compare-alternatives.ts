/**
 * The lines of one alternative whose words the other one mostly has not: what a person who sees the other one never reads.
 * Addresses and short lines (greetings, buttons) do not count.
 */
export function linesMissingFrom(text: string, other: string): string[] {
  const known = new Set(wordsOf(other));
  const missing: string[] = [];
  for (const line of text.split('\n')) {
    const words = wordsOf(line);
    if (words.length < 4) continue;
    const absent = words.filter((word) => !known.has(word)).length;
    if (absent * 2 > words.length) missing.push(line.trim());
  }
  return missing;
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll(/(?:https?|mailto):[^\s<>"')\]]+/g, ' ')
      .match(/[\p{L}\p{N}]{3,}/gu) ?? []
  );
}
