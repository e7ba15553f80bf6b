import type { Command } from 'commander';
import { type GlobalOptions, signIn } from '../../session.ts';
import { type Run, showSecret, wholeNumber } from './shared.ts';

interface DelegateOptions extends GlobalOptions {
  readonly scope: string;
  readonly ttlS: string;
}

export function addDelegate(identity: Command, run: Run<never>): void {
  identity
    .command('delegate')
    .description('let one agent act for you: a token that it exchanges once at /oauth/token; it is shown once')
    .argument('<agent>', 'id of the agent')
    .requiredOption('--scope <scope>', 'what it may do at the most, such as "role:requester tool:look_up_owner"')
    .option('--ttl-s <seconds>', 'seconds in which it must be exchanged, 1 to 900', '300')
    .action((run as Run<DelegateOptions>)(delegate));
}

async function delegate(options: DelegateOptions, agent: string): Promise<number> {
  const { client } = await signIn(options, 'requester');
  const created = await client.call('POST', '/v1/delegations', {
    agent,
    scope: options.scope,
    ttl_s: wholeNumber(options.ttlS, '--ttl-s'),
  });
  return showSecret(options, created, `It lets ${agent} do: ${created.scope}. It is the token`);
}
