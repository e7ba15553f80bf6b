import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

type Run<O> = (
  action: (options: O, target: string | undefined) => Promise<number>,
) => (...args: unknown[]) => Promise<void>;

interface ChangeOptions extends GlobalOptions {
  readonly reason?: string;
  readonly stage?: string;
  readonly from?: string;
  readonly until?: string;
  readonly maintenance?: boolean;
}

const TARGETS = 'all, tool:NAME, workflow:NAME or principal:ID';

export function addFreeze(program: Command, run: Run<never>): void {
  program
    .command('freeze')
    .description(
      'stop something at once: new calls, calls not sent yet, and approvals; without a target: what is frozen',
    )
    .argument('[target]', TARGETS)
    .option('--until <time>', 'a maintenance window instead: no change there until this time (ISO 8601)')
    .option('--from <time>', 'when the maintenance window opens (default: now)')
    .option('--reason <text>', 'why; kept on record')
    .action((run as Run<ChangeOptions>)(freeze));
  program
    .command('thaw')
    .description('lift a freeze, in stages; or end a maintenance window early')
    .argument('<target>', TARGETS)
    .option('--stage <stage>', 'what stays stopped: effects, high-tiers or (lifted) nothing', 'lifted')
    .option('--maintenance', 'end the maintenance window of the target')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<ChangeOptions>)(thaw));
}

async function freeze(options: ChangeOptions, target: string | undefined): Promise<number> {
  const { client } = await signIn(options, 'operator');
  if (target === undefined) return show(options, await client.call('GET', '/v1/environment'));
  if (!options.reason) throw new UsageError('A freeze needs a reason: --reason TEXT.');
  if (options.from && !options.until) throw new UsageError('A maintenance window needs an end: --until TIME.');
  if (options.until) {
    const window = { until: timeOf(options.until), ...(options.from ? { from: timeOf(options.from) } : {}) };
    const body = { target, ...window, reason: options.reason };
    return show(options, await client.call('POST', '/v1/environment/maintenance', body));
  }
  return show(options, await client.call('POST', '/v1/environment/freezes', { target, reason: options.reason }));
}

async function thaw(options: ChangeOptions, target: string | undefined): Promise<number> {
  const { client } = await signIn(options, 'operator');
  if (options.maintenance) {
    const body = { target, reason: options.reason };
    return show(options, await client.call('POST', '/v1/environment/maintenance/end', body));
  }
  const body = { target, stage: options.stage, reason: options.reason };
  return show(options, await client.call('POST', '/v1/environment/thaws', body));
}

/** A time as the API takes it. */
function timeOf(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`${JSON.stringify(text)} is no time: write 2026-11-21T18:00:00Z.`);
  return time.toISOString();
}

interface Environment {
  readonly holds: readonly {
    subject: string;
    state: string;
    reason: string;
    at: string;
    from: string | null;
    until: string | null;
  }[];
}

function show(options: GlobalOptions, environment: Environment): number {
  if (options.json) console.log(JSON.stringify(environment));
  else if (environment.holds.length === 0)
    console.log(`${style('green', '✓')} nothing is frozen, in maintenance or out of service`);
  else
    console.log(
      table(
        environment.holds.map((each) =>
          [each.subject, each.state, each.until ? `${each.from} to ${each.until}` : each.at, each.reason].map(
            printable,
          ),
        ),
      ),
    );
  return EXIT.done;
}
