import type { Command } from 'commander';
import { EXIT, UsageError } from '../../failure.ts';
import { printable, style } from '../../output.ts';
import { type GlobalOptions, signIn } from '../../session.ts';
import { type Row, type Run, showRows } from './shared.ts';

interface SessionOptions extends GlobalOptions {
  readonly account?: string;
}

export function addSessions(identity: Command, run: Run<never>): void {
  const group = identity.command('sessions').description('who is signed in, and ending that');
  group
    .command('list')
    .description('your open sessions')
    .option('--account <id>', 'those of another account (for an administrator)')
    .action((run as Run<SessionOptions>)(list));
  group
    .command('end')
    .description('end one session, or all of an account with all that agents hold for it')
    .argument('[id]', 'the session')
    .option('--account <id>', 'all sessions of this account (for an administrator)')
    .action((run as Run<SessionOptions>)(end));
}

async function list(options: SessionOptions): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const query = options.account ? `?account=${encodeURIComponent(options.account)}` : '';
  const { sessions } = await client.call('GET', `/v1/sessions${query}`);
  const line = (session: Row) => [session.id, `since ${session.created_at}`, `until ${session.expires_at}`];
  return showRows(options, 'sessions', sessions, line, 'There is no open session.');
}

async function end(options: SessionOptions, id: string | undefined): Promise<number> {
  if ((id === undefined) === (options.account === undefined))
    throw new UsageError('Name a session, or all sessions of an account with --account ID.');
  const { client } = await signIn(options, 'admin');
  const path =
    id === undefined
      ? `/v1/accounts/${encodeURIComponent(options.account as string)}/sessions`
      : `/v1/sessions/${encodeURIComponent(id)}`;
  const answer = await client.call('DELETE', path);
  if (options.json) console.log(JSON.stringify(answer));
  else if (id !== undefined) console.log(`${style('green', '✓')} ${printable(id)} has ended.`);
  else
    console.log(`${style('green', '✓')} ${answer.ended} sessions have ended, and the access tokens for that account.`);
  return EXIT.done;
}
