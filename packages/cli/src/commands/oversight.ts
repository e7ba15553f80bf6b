import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface ReportOptions extends GlobalOptions {
  readonly days: string;
}

export function addOversight(program: Command, run: Run<never>): void {
  const group = program.command('oversight').description('how people decide, and what looks like stamping');
  group
    .command('report')
    .description(
      'time to verdict, time in view and approval rates by team, reviewer and kind; a reviewer sees their own',
    )
    .option('--days <number>', 'how far back, at most 92', '30')
    .action((run as Run<ReportOptions>)(report));
}

async function report(options: ReportOptions): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const answer = await client.call('GET', `/v1/oversight?days=${encodeURIComponent(options.days)}`);
  if (options.json) {
    console.log(JSON.stringify(answer));
    return EXIT.done;
  }
  console.log(`${answer.decisions} decisions from ${answer.since} to ${answer.until}`);
  for (const by of ['teams', 'reviewers', 'kinds']) {
    if (answer[by].length === 0) continue;
    console.log(`\n${style('bold', by)}`);
    console.log(table([HEAD, ...answer[by].map(rowOf)]));
    for (const { name, alarms } of answer[by])
      for (const { alarm, rule, counted, of } of alarms)
        console.log(
          `  ${style('yellow', '!')} ${printable(name)}: ${alarm} (${counted} of ${of}; the rule: ${printable(rule)})`,
        );
  }
  for (const each of answer.planted ?? [])
    console.log(
      `planted for ${printable(each.team)}: ${each.planted}, caught ${each.caught}, missed ${each.missed}, unanswered ${each.unanswered}` +
        `; half of them in ${seconds(each.to_verdict_p50_ms)}, half of the real ones in ${seconds(each.real_to_verdict_p50_ms)}`,
    );
  for (const each of answer.planted_by ?? [])
    console.log(
      `in the name of ${printable(each.requester)}: ${each.planted} of ${each.asked} (${each.planted_percent}%)` +
        (each.planted_percent > TELLING_PERCENT ? `: ${style('yellow', 'so many give the tests away')}` : ''),
    );
  return EXIT.done;
}

/** Where more of an account's requests are planted, who follows its runs knows the next test by its name. */
const TELLING_PERCENT = 20;

const HEAD = ['', 'decided', 'approved', 'denied', 'amended', 'to verdict (p50)', 'in view (p50)'];

const rowOf = (each: Row): string[] =>
  [
    each.name,
    String(each.verdicts),
    each.approved_percent === null ? '-' : `${each.approved} (${each.approved_percent}%)`,
    String(each.denied),
    String(each.amended),
    seconds(each.to_verdict_p50_ms),
    seconds(each.in_view_p50_ms),
  ].map(printable);

const seconds = (ms: number | null): string => (ms === null ? '-' : `${Math.round(ms / 1000)} s`);
