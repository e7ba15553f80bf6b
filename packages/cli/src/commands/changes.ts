import type { Command } from 'commander';
import type { Client } from '../client.ts';
import { EXIT, UsageError } from '../failure.ts';
import { printable, sayMore, style, table } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer of the API
type Answer = any;
type Run<O> = (action: (options: O, word: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface ListOptions extends GlobalOptions {
  readonly kind?: string;
  readonly workflow?: string;
  readonly all?: boolean;
  readonly after?: string;
}
interface ReasonOptions extends GlobalOptions {
  readonly reason: string;
}

/** Changes of what workflows rest on: releases, definitions, configuration and model versions (requirement H2). */
export function addChanges(program: Command, run: Run<never>): void {
  const group = program
    .command('changes')
    .description('what is new or otherwise in what workflows rest on, and who has agreed to it');
  group
    .command('list')
    .description('changes that nobody has decided on, newest first')
    .option('--all', 'those that are decided, too')
    .option('--after <change>', 'with --all: continue behind this one')
    .option('--kind <kind>', 'release, definition, configuration, model')
    .option('--workflow <name>', 'those that touch it')
    .action((run as Run<ListOptions>)(list));
  group
    .command('show')
    .description('one change: what is otherwise, what was run again since, and who decided')
    .argument('<change>')
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('approve')
    .description('ask the owners of what it touches to agree, where tests and red team were run again')
    .argument('<change>')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<ReasonOptions>)(approve));
  group
    .command('reject')
    .description('say no to a change; while it is in force it counts as not reviewed')
    .argument('<change>')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<ReasonOptions>)(reject));
}

async function list(options: ListOptions): Promise<number> {
  const { client } = await signIn(options, 'operator');
  if (options.after !== undefined && !options.all)
    throw new UsageError('--after goes with --all: what waits is listed whole.');
  const { changes, next } = options.all
    ? await pageOf(client, options, { after: options.after })
    : { changes: await undecided(client, options), next: null };
  if (options.json) console.log(JSON.stringify({ changes, next }));
  else if (changes.length === 0) console.log(options.all ? 'There is no such change.' : 'No change waits for anybody.');
  else {
    console.log(table(changes.map((each) => lineOf(each).map(printable))));
    sayMore(next);
  }
  return EXIT.done;
}

async function pageOf(
  client: Client,
  { kind, workflow }: ListOptions,
  more: { readonly after: string | undefined; readonly state?: string },
): Promise<{ readonly changes: Answer[]; readonly next: string | null }> {
  const query = new URLSearchParams({ limit: '200' });
  for (const [name, value] of Object.entries({ kind, workflow, ...more }))
    if (value !== undefined) query.set(name, value);
  return client.call('GET', `/v1/changes?${query}`);
}

/** Whole, however much was decided since: what waits for somebody is behind no page that nobody opens. */
async function undecided(client: Client, options: ListOptions): Promise<Answer[]> {
  const found: Answer[] = [];
  for (const state of ['open', 'rejected']) {
    let after: string | undefined;
    do {
      const page = await pageOf(client, options, { state, after });
      found.push(...page.changes);
      after = page.next ?? undefined;
    } while (after !== undefined);
  }
  return found.sort((a, b) => (a.opened_at < b.opened_at ? 1 : -1));
}

const lineOf = ({ change, state, kind, subject, risk, pieces, looser, workflows, opened_at }: Answer): string[] => [
  ...[change, state, kind, subject, `${risk} risk`, `${pieces} changed, ${looser} looser`],
  ...[workflows.join(', '), opened_at],
];

async function show(options: GlobalOptions, change: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  return told(options, await client.call('GET', `/v1/changes/${encodeURIComponent(change)}`));
}

async function approve(options: ReasonOptions, change: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const { reason } = options;
  const asked: Answer = await client.call('POST', `/v1/changes/${encodeURIComponent(change)}/approvals`, { reason });
  if (options.json) console.log(JSON.stringify(asked));
  else {
    const waits = asked.status === 'waiting';
    const mark = asked.status === 'succeeded' ? style('green', '✓') : waits ? '…' : style('red', '✗');
    console.log(`${mark} ${asked.tool} ${asked.change}: ${printable(asked.status)}`);
    if (waits) console.log(`  its owners decide: portreeve approvals show ${asked.approval}`);
    else if (asked.reason) console.log(`  ${printable(asked.reason)}`);
  }
  if (asked.status === 'waiting' || asked.status === 'running') return EXIT.waiting;
  return asked.status === 'succeeded' ? EXIT.done : EXIT.failed;
}

async function reject(options: ReasonOptions, change: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const { reason } = options;
  return told(options, await client.call('POST', `/v1/changes/${encodeURIComponent(change)}/rejections`, { reason }));
}

function told(options: GlobalOptions, shown: Answer): number {
  if (options.json) console.log(JSON.stringify(shown));
  else printChange(shown);
  return EXIT.done;
}

function printChange(shown: Answer): void {
  const { change, kind, subject, state, risk, reason, opened_by, opened_at, owners, workflows } = shown;
  console.log(`${style('bold', printable(subject))} (${kind}, ${risk} risk): ${state}`);
  console.log(`  ${change}, opened ${opened_at} by ${printable(opened_by)}: ${printable(reason)}`);
  console.log(`  touches ${workflows.length === 0 ? 'no workflow' : printable(workflows.join(', '))}`);
  console.log(`  ${printable(owners.join(', '))} speak for it`);
  for (const { area, text, loosens, lines } of shown.pieces) {
    console.log(`  ${loosens ? style('red', '! looser') : '        '} ${area}: ${printable(text)}`);
    for (const line of lines) console.log(`             ${printable(line)}`);
  }
  for (const each of shown.evidence) printEvidence(each);
  for (const { event, from, to, at, by, reason: why } of shown.moves)
    console.log(`  ${at} ${event}: ${from} → ${to} by ${printable(by)} (${printable(why)})`);
}

function printEvidence({ workflow, release, reports, lacks }: Answer): void {
  if (release === null)
    console.log(`  ${printable(workflow)}: nothing of it runs, so that there is nothing to run again`);
  else if (lacks.length === 0)
    console.log(`  ${style('green', '✓')} ${printable(workflow)}: run again since: ${reports.join(', ')}`);
  for (const { path, message } of lacks)
    console.log(`  ${style('red', '✗')} ${printable(workflow)}, ${path}: ${printable(message)}`);
}
