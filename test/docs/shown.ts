import { expect } from 'vitest';

/** What differs each time: ids, digests, keys, times, and how long something took. */
const MASKS: readonly [RegExp, string][] = [
  [/\b[a-z]{2,6}_[0-9a-hjkmnp-tv-z]{26}\b(-\d+)?/g, '«id»'],
  [/sha256:[0-9a-f]{12,64}/g, 'sha256:«digest»'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '«time»'],
  [/\b\d+(\.\d+)? (ms|MiB|GiB)\b/g, '«figure» $2'],
  [/\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,}={0,2}/g, '+«key»'],
  [/[A-Za-z0-9+/]{43}=(?!=)/g, '«bytes»'],
  [/(?<![\w/-])[A-Za-z0-9_-]{43}(?![\w/-])/g, '«bytes»'],
  [/\bsigned by [\w-]{12}(?![\w-])/g, 'signed by «key»'],
  [/\b\d+ components\b/g, '«number» components'],
  [/\b(127\.0\.0\.1|localhost):\d+/g, '«host»'],
  [/^\d+ {2}(?=«time»)/gm, '«index»  '],
  [/\b(record|index) \d+\b/g, '$1 «number»'],
  [/\b\d+ records, \d+ signed/g, '«number» records, «number» signed'],
  [/\b\d+ (records|checked|proved|sessions have|signed checkpoints)\b/g, '«number» $1'],
  [/^( +(record|times) +)[1-9]\d*$/gm, '$1«number»'],
  // Whole seconds, of which one may be over.
  [/"expires_in":\d+/g, '"expires_in":«seconds»'],
  [/\breq-[0-9a-z]+/g, 'req-«number»'],
  [/process \d+/g, 'process «number»'],
];

function masked(text: string): string {
  const lines = MASKS.reduce((each, [pattern, mask]) => each.replace(pattern, mask), text).split('\n');
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}

/**
 * Fails unless what came is what a page shows, but for what differs each time. `…` on a page stands for the rest of a
 * line or a part of it; a line of `…` alone for any number of lines.
 */
export function expectShown(came: string, shown: string): void {
  const pattern = masked(shown)
    .split('\n')
    .map((line) => (line.trim() === '…' ? '(\\n[^\\n]*)*?' : `\\n${line.split('…').map(escaped).join('[^\\n]*')}`))
    .join('');
  const text = masked(came);
  // Without `…` a plain comparison says better what differs.
  if (shown.includes('…')) expect(`\n${text}`).toMatch(new RegExp(`^${pattern}$`));
  else expect(text).toBe(masked(shown));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The same for JSON, whose spaces do not count. */
export function expectShownJson(came: unknown, shown: string): void {
  expectShown(JSON.stringify(came, null, 1), JSON.stringify(JSON.parse(shown), null, 1));
}
