import type { Framework } from '@portreeve/contract';
import type { FactName } from '../facts/index.ts';

/** One control of a framework, and the facts that answer it. */
export interface ControlRow {
  readonly id: string;
  readonly title: string;
  readonly edition: string;
  /** Where the id and the title were taken from, or checked. */
  readonly source: string;
  readonly facts: readonly FactName[];
  /** What of the control Portreeve keeps no record of; a row without facts is this alone, and a gap. */
  readonly beyond: string | null;
}

export interface FrameworkMap {
  readonly framework: Framework;
  readonly title: string;
  readonly controls: readonly ControlRow[];
}

type Line = readonly [id: string, title: string, facts: readonly FactName[], beyond?: string];

/** Rows that share an edition and a source. */
export function rows(
  from: { readonly edition: string; readonly source: string },
  lines: readonly Line[],
): ControlRow[] {
  return lines.map(([id, title, facts, beyond]) => ({ id, title, ...from, facts, beyond: beyond ?? null }));
}
