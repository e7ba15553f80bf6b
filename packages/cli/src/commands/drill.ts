import type { OutageReport } from '@portreeve/server';
import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import type { GlobalOptions } from '../session.ts';

interface DrillOptions extends GlobalOptions {
  readonly tasks: number;
  readonly seconds: number;
}

export function addDrill(
  program: Command,
  run: (action: (options: DrillOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  const drill = program.command('drill').description('try in a simulated environment what must hold when things fail');
  drill
    .command('vendor-outage')
    .description('cut the model off for a while under two processes, and see what becomes of the work')
    .option('--tasks <number>', 'tasks of each workflow during the outage', within(2, 500), 30)
    .option('--seconds <number>', 'how long the vendor is away, at least', within(1, 300), 8)
    .action(run(vendorOutage));
}

function within(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
    if (value < least || value > most) throw new InvalidArgumentError(`use a number from ${least} to ${most}`);
    return value;
  };
}

async function vendorOutage(options: DrillOptions): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stopping.abort(new Error('interrupted')));
  const { drillVendorOutage } = await import('@portreeve/server');
  const report = await drillVendorOutage({
    tasks: options.tasks,
    outage_ms: options.seconds * 1000,
    signal: stopping.signal,
    say: (sentence) => {
      if (!options.json) console.log(printable(sentence));
    },
  });
  if (options.json) console.log(JSON.stringify(report));
  else print(report);
  return report.ok ? EXIT.done : EXIT.failed;
}

function print({ workflows, attempts, checks, ok, outage_ms }: OutageReport): void {
  const head = ['workflow', 'risk', 'declares', 'completed', 'degraded', 'waited', 'to a person'];
  const rows = workflows.map(({ name, tier, declares, during, after }) => [
    ...[name, tier, declares],
    ...[after.completed, after.degraded, during.waiting, after.handed_off].map(String),
  ]);
  console.log(`\n${table([head, ...rows])}\n`);
  const rates = attempts.per_second_after.map((count, n) => `${count} (${attempts.allowed_per_second[n]})`);
  console.log(`attempts while it was away   ${attempts.during} in ${(outage_ms / 1000).toFixed(1)} s`);
  console.log(`first answer                 ${attempts.first_answer_after_ms ?? '–'} ms after its return`);
  console.log(`attempts a second since      ${rates.join('  ')}   (allowed)\n`);
  for (const each of checks)
    console.log(
      `${each.ok ? style('green', '✓') : style('red', '✗')} ${printable(each.name)}: ${printable(each.detail)}`,
    );
  console.log(ok ? '\nThe drill was passed.' : '\nThe drill was not passed.');
}
