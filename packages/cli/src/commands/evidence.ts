import { writeFile } from 'node:fs/promises';
import { controlCounts, type EvidenceReport, FRAMEWORKS } from '@portreeve/contract';
import { type Command, Option } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, wrap } from '../output.ts';
import { oscalOf } from '../render/evidence/oscal.ts';
import { evidencePage } from '../render/evidence/page.ts';
import { printPdf } from '../render/evidence/pdf.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { sinceOf } from './replay.ts';

const FORMATS = ['html', 'pdf', 'json', 'oscal'] as const;

export interface SpanOptions extends GlobalOptions {
  readonly from?: string;
  readonly to?: string;
}

interface EvidenceOptions extends SpanOptions {
  readonly framework: string;
  readonly out?: string;
  readonly format?: (typeof FORMATS)[number];
}

type Run = (action: (options: EvidenceOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>;

export function addEvidence(program: Command, run: Run): void {
  program
    .command('evidence')
    .description('what the record shows of each control of a framework, with proofs, and what it does not show')
    .addOption(new Option('--framework <name>', 'which one').choices([...FRAMEWORKS]).makeOptionMandatory())
    .addOption(new Option('--format <format>', 'of the file').choices([...FORMATS]))
    .option('--out <file>', 'a new file; its ending gives the format where none is said')
    .option('--from <when>', 'records since then: 90d, 12h or a time (default: 90d)')
    .option('--to <when>', 'records before then (default: now)')
    .action(run(evidence));
}

/** The query of a span, as the API takes it. */
export function spanQuery(options: SpanOptions): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of ['from', 'to'] as const) {
    const value = options[name];
    if (value !== undefined) params.set(name, sinceOf(value, new Date()));
  }
  return params;
}

/** Exit 0: the report was made, whatever it says. 1: it could not be. */
async function evidence(options: EvidenceOptions): Promise<number> {
  const format = options.format ?? formatOf(options.out);
  if (format !== null && format !== 'json' && options.out === undefined)
    throw new UsageError(`--format ${format} wants a file: --out FILE.`);
  const { client } = await signIn(options, 'auditor');
  const report = await client.call<EvidenceReport>('GET', `/v1/evidence/${options.framework}?${spanQuery(options)}`);
  if (options.out !== undefined && format !== null)
    await writeFile(options.out, await fileOf(report, format), { flag: 'wx', mode: 0o600 });
  if (options.json || (format === 'json' && options.out === undefined)) console.log(JSON.stringify(report));
  else print(report, options.out);
  return EXIT.done;
}

function formatOf(out: string | undefined): (typeof FORMATS)[number] | null {
  if (out === undefined) return null;
  const ending = FORMATS.find((format) => out.toLowerCase().endsWith(`.${format}`));
  if (!ending) throw new UsageError(`The ending of ${out} names no format: say --format ${FORMATS.join('|')}.`);
  return ending;
}

async function fileOf(report: EvidenceReport, format: (typeof FORMATS)[number]): Promise<string | Buffer> {
  if (format === 'pdf') return printPdf(evidencePage(report));
  if (format === 'html') return evidencePage(report);
  return `${JSON.stringify(format === 'oscal' ? oscalOf(report) : report, null, 2)}\n`;
}

const MARKS = { shown: ['green', '✓'], partly: ['yellow', '◐'], contrary: ['red', '✗'], gap: ['dim', '○'] } as const;

function print(report: EvidenceReport, out: string | undefined): void {
  const { title, span, controls, remarks, proofs, logs } = report;
  console.log(`${style('bold', printable(title))}, ${span.from} to ${span.to}`);
  for (const { id, title: name, state, answers, beyond } of controls) {
    const [color, mark] = MARKS[state];
    console.log(`${style(color, mark)} ${printable(id)} ${printable(name)}`);
    const told = answers.map((answer) => ({ mark: MARKS[answer.state], text: answer.text }));
    if (beyond !== null) told.push({ mark: MARKS.gap, text: `Gap: ${beyond}` });
    for (const each of told) console.log(`    ${style(each.mark[0], each.mark[1])} ${wrap(printable(each.text), 6)}`);
  }
  for (const remark of remarks) console.log(style('dim', printable(remark)));
  const { shown, partly, contrary, gap } = controlCounts(controls);
  console.log(`${shown} shown, ${partly} partly, ${contrary} contrary, ${gap} gaps; ${proofs.length} records proved`);
  for (const { origin, size } of logs) console.log(style('dim', `  ${printable(origin)}: ${size} records`));
  if (out !== undefined) console.log(`${style('green', '✓')} the report is in ${printable(out)}`);
}
