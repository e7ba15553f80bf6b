import type { JsonObject } from '@portreeve/contract';
import { MappedText } from '../text-map.ts';
import type { Collector, Part } from './collector.ts';
import { type CsvCell, type CsvScan, scanCsv } from './scan-csv.ts';

const COLUMNS_MAX = 1000;
/** How a cell begins that a spreadsheet would run (CSV injection). */
const FORMULA = /^[=@]|^[+-](?!\d)/;

/** Reads the rows below the first as records: the first row names the fields. Positions are line numbers of the table. */
export function readCsvRecords(text: string, part: Part, collector: Collector, max: number): void {
  const { rows } = look(text, part, collector);
  const [head = [], ...body] = rows;
  const names = head.slice(0, COLUMNS_MAX).map(({ value }) => value.trim());
  const filled = body
    .map((row, index) => ({ row, position: index + 2 }))
    .filter(({ row }) => row.length > 1 || row[0]!.value !== '');
  collector.available = filled.length;
  for (const { row, position } of filled.slice(0, max)) {
    const entries = names
      .map((name, index) => [name, row[index]?.value ?? ''] as const)
      .filter(([name]) => name !== '');
    collector.addRecord(part, position, Object.fromEntries(entries) as JsonObject);
  }
}

/** Reads the table as text: a row is one block, its cells divided by bars. */
export function readCsvDocument(text: string, part: Part, collector: Collector): void {
  for (const row of look(text, part, collector).rows) {
    const block = new MappedText();
    for (const [index, { value, start, end }] of row.entries()) {
      if (index > 0) block.push(' | ', start, start, false);
      block.push(value, start, end, text.slice(start, end) === value);
    }
    if (block.text.trim() !== '') collector.add('record', part, block);
  }
}

function look(text: string, part: Part, collector: Collector): CsvScan {
  const scan = scanCsv(text);
  if (scan.openQuote >= 0)
    collector.find(
      'malformed',
      'low',
      part,
      scan.openQuote,
      scan.openQuote + 1,
      'a quote is never closed; it was read as a character',
    );
  const formula = scan.rows.flat().filter((cell: CsvCell) => FORMULA.test(cell.value));
  for (const { value, start, end } of formula.slice(0, 20))
    collector.find('formula_cell', 'info', part, start, end, 'a cell that a spreadsheet would compute', value);
  return scan;
}
