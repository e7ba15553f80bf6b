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
}

const TARGETS = 'all, tool:NAME, workflow:NAME or principal:ID';

export function addFreeze(program: Command, run: Run<never>): void {
  program
    .command('freeze')
    .description(
      'stop something at once: new calls, calls not sent yet, and approvals; without a target: what is frozen',
    )
    .argument('[target]', TARGETS)
    .option('--reason <text>', 'why; kept on record')
    .action((run as Run<ChangeOptions>)(freeze));
  program
    .command('thaw')
    .description('lift a freeze, in stages')
    .argument('<target>', TARGETS)
    .option('--stage <stage>', 'what stays stopped: effects, high-tiers or (lifted) nothing', 'lifted')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<ChangeOptions>)(thaw));
}

async function freeze(options: ChangeOptions, target: string | undefined): Promise<number> {
  const { client } = await signIn(options, 'operator');
  if (target === undefined) return show(options, await client.call('GET', '/v1/environment'));
  if (!options.reason) throw new UsageError('A freeze needs a reason: --reason TEXT.');
  return show(options, await client.call('POST', '/v1/environment/freezes', { target, reason: options.reason }));
}

async function thaw(options: ChangeOptions, target: string | undefined): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const body = { target, stage: options.stage, reason: options.reason };
  return show(options, await client.call('POST', '/v1/environment/thaws', body));
}

interface Environment {
  readonly holds: readonly { subject: string; state: string; reason: string; at: string }[];
}

function show(options: GlobalOptions, environment: Environment): number {
  if (options.json) console.log(JSON.stringify(environment));
  else if (environment.holds.length === 0) console.log(`${style('green', '✓')} nothing is frozen`);
  else
    console.log(
      table(environment.holds.map((each) => [each.subject, each.state, each.at, each.reason].map(printable))),
    );
  return EXIT.done;
}
