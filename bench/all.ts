import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchPage } from './lib/page.ts';
import type { Judged } from './lib/report.ts';

// Every bench, one after another, each in a process of its own: `report.json` with the facts of the machine, and `index.html`
// with pictures of the growth.
// Usage: npm run bench -- [--quick] [--long] [--only NAME,NAME] [--out FOLDER]. An hour and a half on two cores, half an hour
// with --quick; with --long the soak has its hour and 100,000 runs wait, else they are in their quick form.
// Exits 1 where a bench broke or missed a bar.

const TIMED = [
  'policy',
  'audit',
  'verify',
  'search',
  'replay',
  'model',
  'execute',
  'mcp',
  'runs',
  'waiting',
  'clients',
  'soak',
];
/** Quick unless they are asked for. */
const LONG = ['waiting', 'soak'];
const BENCHES = [...TIMED, 'detect', 'pii', 'agentdojo', 'adaptive'];
/** A bench that takes longer has come to a stop. */
const PATIENCE_MS = 90 * 60_000;

const args = process.argv.slice(2);
const optionOf = (option: string) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined);
const only = optionOf('--only')?.split(',');
const out = optionOf('--out') ?? 'build/bench';
const unknown = (only ?? []).filter((name) => !BENCHES.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}. There are: ${BENCHES.join(', ')}.\n`);
  process.exit(2);
}

const started = new Date().toISOString();
const reports: Judged[] = [];
const broken: string[] = [];
/** Those whose data is not here; they said so themselves. */
const skipped: string[] = [];
for (const name of BENCHES.filter((each) => only?.includes(each) ?? true)) {
  process.stderr.write(`${name} …\n`);
  const begun = performance.now();
  const report = await run(name).catch((error: Error) => {
    broken.push(`${name}: ${error.message}`);
    return null;
  });
  if (report === 'skipped') skipped.push(name);
  else if (report) reports.push(report);
  const seconds = Math.round((performance.now() - begun) / 1000);
  const words = report === null ? 'broke' : report === 'skipped' ? report : met(report);
  process.stderr.write(`${name}: ${words}, ${seconds} s\n`);
}

const report = { started, quick: args.includes('--quick'), reports, skipped, broken };
await mkdir(out, { recursive: true });
await writeFile(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
await writeFile(join(out, 'index.html'), benchPage(report));
process.stdout.write(`${join(out, 'report.json')}\n${join(out, 'index.html')}\n`);
if (broken.length > 0) process.stderr.write(`${broken.join('\n')}\n`);
if (broken.length > 0 || reports.some(({ bars }) => bars.some(({ ok }) => !ok))) process.exitCode = 1;

function met({ bars }: Judged): string {
  return `${bars.filter(({ ok }) => ok).length} of ${bars.length} bars met`;
}

/** The report that a bench prints; a bench that misses a bar exits with 1 and has one all the same. */
async function run(name: string): Promise<Judged | 'skipped'> {
  const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const short = args.includes('--quick') || (LONG.includes(name) && !args.includes('--long'));
  const quick = short && TIMED.includes(name) ? ['--quick'] : [];
  const child = spawn(process.execPath, [program, '--json', ...quick], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
  });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  const code = child.exitCode ?? (await new Promise((ended) => child.once('exit', ended)));
  const last = text.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{') && (code === 0 || code === 2)) return 'skipped';
  if (!last.startsWith('{')) throw new Error(`it ended with ${code} and no report`);
  return JSON.parse(last) as Judged;
}
