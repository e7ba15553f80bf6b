import type { Json, Change as JsonChange } from '@portreeve/contract';

export const AREAS = [
  'workflow',
  'tools',
  'sources',
  'models',
  'policies',
  'prompts',
  'code',
  'tests',
  'acceptable use',
  'components',
] as const;
export type Area = (typeof AREAS)[number];

/** One thing that is otherwise in the later release. */
export interface ReleaseChange {
  readonly area: Area;
  /** In words, one line. */
  readonly text: string;
  /** More may be done, seen or sent than before, with less asked; where that cannot be told, it counts as more. */
  readonly loosens: boolean;
  /** Lines to read: of a text those that were taken out (`-`) and put in (`+`). */
  readonly lines: readonly string[];
  /** Who is told it, where not everybody is. */
  readonly told_to?: 'overseers' | 'others';
}

/** A value as it is shown in a line: whole where it is short. */
function shown(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 79).toWellFormed()}…`;
}

/** What happened at a place, in words. */
export function said(change: JsonChange): string {
  if (change.kind === 'added') return `${change.path} is new: ${shown(change.after)}`;
  if (change.kind === 'removed') return `${change.path} is gone: ${shown(change.before)}`;
  return `${change.path} from ${shown(change.before)} to ${shown(change.after)}`;
}

/** Higher is looser. A value that stands in no order counts as the loosest. */
export function looserInOrder(order: readonly Json[], before: Json, after: Json): boolean {
  const rank = (value: Json) => (order.includes(value) ? order.indexOf(value) : order.length);
  return rank(after) > rank(before);
}
