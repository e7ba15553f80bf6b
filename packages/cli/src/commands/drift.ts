import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer of the API
type Answer = any;

export function addDrift(
  program: Command,
  run: (action: (options: GlobalOptions, workflow: string) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('drift')
    .description('whether what a workflow does has shifted: after each change, and over time')
    .argument('<workflow>')
    .action(run(drift));
}

async function drift(options: GlobalOptions, workflow: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const report = await client.call('GET', `/v1/workflows/${encodeURIComponent(workflow)}/drift`);
  if (options.json) console.log(JSON.stringify(report));
  else print(report);
  return report.alarms.length === 0 ? EXIT.done : EXIT.failed;
}

function print({ workflow, whole, from, stretches, alarms, false_alarms_per_mille }: Answer): void {
  for (const { metric, step, by, shift, nearest, reference_count } of alarms) {
    const where = step === null ? '' : ` of ${step}`;
    const moved = `${percent(shift.before_per_mille)} before, ${percent(shift.after_per_mille)} now`;
    console.log(`${style('red', '✗')} ${metric}${where}: ${printable(shift.value)}, ${moved}`);
    const since = by === 'change' ? 'before the change' : 'when it began';
    console.log(
      `    compared with ${reference_count} ${since}; found after ${shift.after_count}, at record ${shift.at.index}`,
    );
    console.log(`    nearest change: ${nearest ? describe(nearest) : 'none that the record knows'}`);
  }
  const compared = stretches.flatMap((each: Answer) => each.comparisons).length;
  const since = from === null ? '' : `, from record ${from} on${whole ? '' : ' (older ones were not looked at)'}`;
  const verdict = alarms.length === 0 ? `${style('green', '✓')} nothing has shifted` : `${alarms.length} shifts`;
  console.log(`${verdict}: ${printable(workflow)}, ${compared} comparisons${since}`);
  console.log(
    style('dim', `  At most ${false_alarms_per_mille} in 1000 stretches between changes give a false alarm.`),
  );
}

const percent = (per_mille: number): string => `${Math.floor(per_mille / 10)}.${per_mille % 10}%`;

function describe({ kind, about, from, to, time, index }: Answer): string {
  const of = about === null ? '' : ` of ${about}`;
  return `${kind}${of}, ${printable(from)} → ${printable(to)}, ${time} (record ${index})`;
}
