import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { signIn } from '../session.ts';
import { type SpanOptions, spanQuery } from './evidence.ts';

interface RegisterOptions extends SpanOptions {
  readonly csv?: boolean;
}
type Cell = string | number | boolean | null;
type Row = Readonly<Record<string, Cell>>;
interface Page {
  readonly title: string;
  readonly columns: readonly { readonly name: string; readonly means: string }[];
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** The registers, and what each lists. */
const REGISTERS = {
  'ai-systems': 'the AI systems in use: workflows, releases, models, tiers, owners',
  identities: 'identities that are no people, with dates of review and states',
  'data-flows': 'what was read and sent, by class and endpoint, beside what is declared',
  exceptions: 'what is otherwise than the rule, with its end',
  incidents: 'what went wrong or was held back, newest first',
} as const;

const ROWS_MAX = 10_000;
const PAGE = 200;

export function addRegister(
  program: Command,
  run: (action: (options: RegisterOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  const group = program.command('register').description('the registers that auditors ask for');
  for (const [name, description] of Object.entries(REGISTERS))
    group
      .command(name)
      .description(description)
      .option('--csv', 'as CSV (RFC 4180)')
      .option('--from <when>', 'what is counted, since then: 90d, 12h or a time (default: 90d)')
      .option('--to <when>', 'before then (default: now)')
      .action(run((options) => show(name, options)));
}

async function show(name: string, options: RegisterOptions): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const register = await whole(client, name, spanQuery(options));
  const { title, columns, rows, next } = register;
  if (options.json) console.log(JSON.stringify({ register: name, ...register }));
  else if (options.csv)
    process.stdout.write(
      csv(
        columns.map((column) => column.name),
        rows,
      ),
    );
  else {
    console.log(`${style('bold', title)}: ${rows.length} rows`);
    for (const row of rows) {
      console.log(`\n${style('bold', printable(String(row.key)))}`);
      const filled = columns.filter((column) => column.name !== 'key' && (row[column.name] ?? '') !== '');
      if (filled.length > 0)
        console.log(table(filled.map((column) => [`  ${column.name}`, printable(String(row[column.name]))])));
    }
    if (next !== null) console.log(style('dim', `There are more than ${ROWS_MAX}: ask GET /v1/registers/${name}.`));
  }
  return EXIT.done;
}

async function whole(
  client: Awaited<ReturnType<typeof signIn>>['client'],
  name: string,
  params: URLSearchParams,
): Promise<Page> {
  params.set('limit', String(PAGE));
  const rows: Row[] = [];
  for (;;) {
    const page = await client.call<Page>('GET', `/v1/registers/${name}?${params}`);
    rows.push(...page.rows);
    if (page.next === null || rows.length >= ROWS_MAX) return { ...page, rows };
    params.set('after', page.next);
  }
}

/** RFC 4180. A cell that a spreadsheet would run as a formula begins with an apostrophe, which it shows as text. */
export function csv(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name] ?? ''))];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(value: Cell): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
