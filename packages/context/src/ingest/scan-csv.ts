export interface CsvCell {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface CsvScan {
  readonly rows: readonly (readonly CsvCell[])[];
  /** Place of a quote that is never closed, or -1. */
  readonly openQuote: number;
}

const CELL_CHARS_MAX = 1_000_000;
const CELLS_MAX = 1_000_000;

/**
 * Splits CSV (RFC 4180) in one pass; the separator is what the first line has most of: comma, semicolon, tab or bar. A
 * quote that is never closed is read as a character of its cell, so that it cannot swallow the rest of the file.
 */
export function scanCsv(text: string): CsvScan {
  const separator = separatorOf(text);
  const rows: CsvCell[][] = [];
  let row: CsvCell[] = [];
  let cells = 0;
  let openQuote = -1;
  // INVARIANT: each search for a closing quote that fails ends all of them; the pass stays linear.
  let quotes = true;
  let at = 0;
  while (at < text.length && cells < CELLS_MAX) {
    const start = at;
    let value: string | null = null;
    if (quotes && text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end < 0) {
        openQuote = at;
        quotes = false;
      } else {
        value = text.slice(at + 1, Math.min(end, at + 1 + CELL_CHARS_MAX)).replaceAll('""', '"');
        at = end + 1;
      }
    }
    const stop = endOfCell(text, at, separator);
    value = (value ?? '') + text.slice(at, stop).replace(/\r$/, '').slice(0, CELL_CHARS_MAX);
    row.push({ value, start, end: stop });
    cells++;
    at = stop + 1;
    if (stop >= text.length || text[stop] === '\n') {
      rows.push(row);
      row = [];
    }
  }
  if (row.length > 0) rows.push(row);
  return { rows, openQuote };
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return -1;
}

function endOfCell(text: string, from: number, separator: string): number {
  let at = from;
  while (at < text.length && text[at] !== separator && text[at] !== '\n') at++;
  return at;
}

function separatorOf(text: string): string {
  const line = text.slice(0, Math.min(text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'), 10_000));
  const count = (character: string) => line.split(character).length;
  return [',', ';', '\t', '|'].reduce((best, each) => (count(each) > count(best) ? each : best));
}
