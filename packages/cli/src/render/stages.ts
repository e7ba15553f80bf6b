import { printable, style } from '../output.ts';
import { sentencesOf } from './stage-sentences.js';

const COLOURS = {
  identify: 'blue',
  admit: 'blue',
  retrieve: 'cyan',
  assemble: 'cyan',
  reason: 'magenta',
  validate: 'magenta',
  propose: 'yellow',
  decide: 'yellow',
  approve: 'green',
  grant: 'green',
  execute: 'green',
  record: 'blue',
} as const;

/** The lines of one record for a terminal, or none. Types that tell nothing new in a terminal have none. */
export function stageLines(type: string, data: unknown, entry: unknown): string[] {
  return sentencesOf(type, data, entry).map(
    ([stage, text]) => `  ${style(COLOURS[stage], stage.padEnd(9))} ${printable(text)}`,
  );
}
