import type { Command } from 'commander';
import { EXIT } from '../../failure.ts';
import { printable, style } from '../../output.ts';
import { type GlobalOptions, signIn } from '../../session.ts';
import { type Row, type Run, showRows, showSecret, wholeNumber, words } from './shared.ts';

interface ListOptions extends GlobalOptions {
  readonly account?: string;
  readonly unused?: string | true;
}

interface CreateOptions extends GlobalOptions {
  readonly account?: string;
  readonly roles: string;
  readonly tools?: string;
  readonly days: string;
}

interface RotateOptions extends GlobalOptions {
  readonly overlapMinutes: string;
}

const DAY_MINUTES = 24 * 60;
const UNUSED_DAYS = '30';

export function addTokens(identity: Command, run: Run<never>): void {
  const group = identity.command('tokens').description('API tokens: shown once, kept as a hash, with their last use');
  group
    .command('list')
    .description('your tokens, with their last use; those that nobody uses are flagged')
    .option('--account <id>', 'those of another account (for an administrator)')
    .option('--unused [days]', 'those of any account that are good and were not used for so many days (30)')
    .action((run as Run<ListOptions>)(list));
  group
    .command('create')
    .description('make a token for yourself, or for a service or an agent; it is shown once')
    .argument('<label>', 'what it is for')
    .option('--account <id>', 'the service or agent that it is for')
    .option('--roles <roles>', 'what it may do; never more than its account', 'requester')
    .option('--tools <tools>', 'the only tools that it is good for')
    .option('--days <days>', 'how long it is good', '30')
    .action((run as Run<CreateOptions>)(create));
  group
    .command('rotate')
    .description('make a token in the place of one, which works beside it for a while; it is shown once')
    .argument('<id>')
    .option('--overlap-minutes <minutes>', 'how long the old one still works, 0 to 10080', '60')
    .action((run as Run<RotateOptions>)(rotate));
  group
    .command('revoke')
    .description('end a token at once')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)(revoke));
}

async function list(options: ListOptions): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const query = new URLSearchParams();
  if (options.account) query.set('account', options.account);
  if (options.unused !== undefined) {
    const days = options.unused === true ? UNUSED_DAYS : options.unused;
    query.set('unused_days', String(wholeNumber(days, '--unused')));
  }
  const path = options.unused !== undefined && !options.account ? '/v1/tokens/unused' : '/v1/tokens';
  const { tokens } = await client.call('GET', `${path}?${query}`);
  const shown = options.unused === undefined ? tokens : tokens.filter((token: Row) => token.unused);
  const line = (token: Row) => [
    token.id,
    token.label,
    token.roles.join(' '),
    stateOf(token),
    token.last_used_at ? `used ${token.last_used_at}` : 'never used',
    token.unused ? 'UNUSED' : '',
  ];
  return showRows(options, 'tokens', shown, line, 'There is no such token.');
}

function stateOf(token: Row): string {
  if (token.revoked_at) return `revoked ${token.revoked_at}`;
  return `${token.replaced_by ? 'replaced, good' : 'good'} until ${token.expires_at}`;
}

async function create(options: CreateOptions, label: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const tools = words(options.tools);
  const created = await client.call('POST', '/v1/tokens', {
    label,
    roles: words(options.roles),
    ttl_minutes: wholeNumber(options.days, '--days') * DAY_MINUTES,
    ...(options.account ? { account: options.account } : {}),
    ...(tools.length > 0 ? { tools } : {}),
  });
  return showSecret(options, created, 'It is the token');
}

async function rotate(options: RotateOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const overlap_minutes = wholeNumber(options.overlapMinutes, '--overlap-minutes');
  const created = await client.call('POST', `/v1/tokens/${encodeURIComponent(id)}/rotate`, { overlap_minutes });
  return showSecret(options, created, `It takes the place of ${printable(id)}: it is the token`);
}

async function revoke(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const answer = await client.call('DELETE', `/v1/tokens/${encodeURIComponent(id)}`);
  if (options.json) console.log(JSON.stringify({ id, ...answer }));
  else console.log(`${style('green', '✓')} ${printable(id)} is revoked.`);
  return EXIT.done;
}
