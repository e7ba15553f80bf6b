import type { AcceptableUseAnchor } from '@portreeve/contract';

/** What `ACCEPTABLE_USE.md` says under the headings that are known, in their own words. */
export type WrittenSections = Readonly<Partial<Record<AcceptableUseAnchor, readonly string[]>>>;

/** Headings (`## …`) by the paragraph that they are about. */
const HEADINGS: readonly (readonly [heading: RegExp, anchor: AcceptableUseAnchor])[] = [
  [/^(not (approved|for)|prohibited)/i, 'prohibited'],
  [/^(approved|for$)/i, 'approved'],
  [/^(whose decision|what decides|decisions)/i, 'decisions'],
  [/^data/i, 'data'],
  [/^exceptions/i, 'exceptions'],
  [/^(report|escalation)/i, 'report'],
];

/**
 * Reads `ACCEPTABLE_USE.md`: paragraphs and points under each heading that is known. Text stays text; no Markdown in it is
 * read. What stands under another heading is not told.
 */
export function readSections(text: string): WrittenSections {
  const sections: Partial<Record<AcceptableUseAnchor, string[]>> = {};
  let into: string[] | null = null;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const heading = /^#{2,6}\s+(.{1,200})$/.exec(line)?.[1];
    if (heading !== undefined) {
      const anchor = HEADINGS.find(([known]) => known.test(heading.trim()))?.[1];
      into = anchor === undefined ? null : (sections[anchor] ?? []);
      if (anchor !== undefined && into !== null) sections[anchor] = into;
    } else if (line !== '' && into !== null) into.push(line.replace(/^[-*]\s+/, ''));
  }
  return sections;
}

const ISO_DATE = /\b(\d{4}-\d{2}-\d{2})\b/;
const NONE = /^(none|there (is|are) none)\b|\bnone is in force\b/i;

/** What is wrong with the exceptions as of a day (`2026-11-21`): each has an end, and none is over. */
export function exceptionFaults(lines: readonly string[], today: string): string[] {
  return lines.flatMap((line) => {
    if (NONE.test(line)) return [];
    const end = ISO_DATE.exec(line)?.[1];
    if (end === undefined) return [`“${line.slice(0, 80)}” has no end date`];
    return end < today ? [`“${line.slice(0, 80)}” has ended`] : [];
  });
}
