import { cpus, totalmem } from 'node:os';

/** One row of a bench: what was measured, in words and numbers. */
export type Row = Readonly<Record<string, string | number | null>>;

/** A promise about a number: `value` must be at most `bar`, or with `least` at least that. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly bar: number;
  readonly least?: boolean;
}

export interface Report {
  readonly bench: string;
  readonly results: readonly Row[];
  readonly bars: readonly Bar[];
}

/** A report as `--json` prints it. */
export interface Judged extends Omit<Report, 'bars'> {
  readonly machine: ReturnType<typeof machine>;
  readonly bars: readonly (Bar & { readonly ok: boolean })[];
}

function machine() {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/**
 * Prints a report on standard output: one JSON object with `--json`, else tables. Sets the exit code to 1 where a bar is
 * missed.
 */
export function printReport({ bench, results, bars }: Report, args: readonly string[] = process.argv.slice(2)): void {
  const judged = bars.map((bar) => ({ ...bar, ok: bar.least ? bar.value >= bar.bar : bar.value <= bar.bar }));
  if (args.includes('--json')) {
    const report: Judged = { bench, machine: machine(), results, bars: judged };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    const { cpu, cores, node } = machine();
    process.stdout.write(
      `${bench} on ${cores} x ${cpu}, Node ${node}\n\n${table(results)}\n\n${table(judged.map(barRow))}\n`,
    );
  }
  if (judged.some(({ ok }) => !ok)) process.exitCode = 1;
}

const barRow = ({ name, value, bar, least, ok }: Bar & { ok: boolean }): Row => ({
  bar: name,
  value,
  promised: `${least ? 'at least' : 'at most'} ${bar}`,
  ok: ok ? 'yes' : 'NO',
});

function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
