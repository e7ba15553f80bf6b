import type { Command } from 'commander';
import { allOf } from '../../all-of.ts';
import { EXIT } from '../../failure.ts';
import { printable, style } from '../../output.ts';
import { type GlobalOptions, signIn } from '../../session.ts';
import { type Row, type Run, showRows, words } from './shared.ts';

interface CreateOptions extends GlobalOptions {
  readonly roles: string;
  readonly groups?: string;
}

export function addServices(identity: Command, run: Run<never>): void {
  const group = identity.command('services').description('service accounts: programs that ask in their own name');
  group
    .command('list')
    .description('service accounts')
    .action((run as Run<GlobalOptions>)(list));
  group
    .command('create')
    .description('make a service account; API tokens and workload rules are its only credentials')
    .argument('<name>')
    .option('--roles <roles>', 'what it may do', 'requester')
    .option('--groups <groups>', 'groups that it is in')
    .action((run as Run<CreateOptions>)(create));
}

async function list(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const services = await allOf(client, '/v1/accounts?kind=service&', 'accounts');
  const line = (service: Row) => [service.id, service.name, service.roles.join(' '), service.groups.join(' ')];
  return showRows(options, 'services', services, line, 'There is no service account.');
}

async function create(options: CreateOptions, name: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const service = await client.call('POST', '/v1/accounts', {
    name,
    kind: 'service',
    roles: words(options.roles),
    groups: words(options.groups),
  });
  if (options.json) console.log(JSON.stringify(service));
  else console.log(`${style('green', '✓')} ${printable(service.name)} is ${printable(service.id)}.`);
  return EXIT.done;
}
