import { styleText } from 'node:util';
import { UNSEEN } from '@portreeve/contract';

const EACH_UNSEEN = new RegExp(UNSEEN, 'gv');

/** Text from outside, fit for a terminal: nothing of it that nobody would see reaches the terminal as such. */
export function printable(text: string): string {
  return text.replace(EACH_UNSEEN, (character) => {
    if (character === '\n' || character === '\t') return ' ';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

type Style = Parameters<typeof styleText>[0];

/** Styles where the terminal can show it; honours NO_COLOR. The text must be printable already. */
export function style(format: Style, text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

/** Breaks text at words into lines of at most `width` columns, indented. */
export function wrap(text: string, indent: number, width = Math.min(process.stdout.columns || 100, 110)): string {
  const room = Math.max(40, width - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** Columns of equal width, for lists. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
    )
    .join('\n');
}

/** Says that a list goes on, and how; `next` is what the page that follows begins behind. */
export function sayMore(next: string | null): void {
  if (next !== null) console.log(style('dim', `more: --after ${printable(next)}`));
}

/** A digest or an id, short enough for a line; the whole of it is in `--json`. */
export function short(digest: string): string {
  return digest.startsWith('sha256:') ? `${digest.slice(0, 19)}…` : digest;
}
