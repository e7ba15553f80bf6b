import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

/** A channel as the server tells of it. */
export interface ChannelState {
  readonly name: string;
  readonly kind: string;
  readonly waiting: number;
  readonly sent_at: string | null;
  readonly problem: string | null;
  readonly failed: number;
}

type Run = (action: (...args: never[]) => Promise<number>) => (...args: unknown[]) => Promise<void>;

export function addNotifications(program: Command, run: Run): void {
  const group = program
    .command('notifications')
    .description('what tells people by chat and e-mail that somebody is needed');
  group.command('list').description('the configured channels, and how each is').action(run(list));
  group
    .command('test')
    .description('send a message to a channel, to see whether it arrives')
    .argument('<channel>')
    .action(run(tryChannel));
}

/** How a channel is, in a few words. */
export function channelWords({ waiting, sent_at, problem, failed }: ChannelState): string {
  const waits = waiting === 0 ? 'nothing waits' : `${waiting} wait`;
  const newest = sent_at === null ? 'nothing sent yet' : `last sent ${sent_at}`;
  return [
    waits,
    newest,
    ...(failed === 0 ? [] : [`${failed} given up within a day`]),
    ...(problem ? [problem] : []),
  ].join('; ');
}

async function list(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const { channels } = (await client.call('GET', '/v1/system')) as { channels: ChannelState[] };
  if (options.json) console.log(JSON.stringify({ channels }));
  else if (channels.length === 0)
    console.log('No channel is configured (notifications.channels in portreeve.config.ts).');
  else console.log(table(channels.map((each) => [each.name, each.kind, channelWords(each)].map(printable))));
  return channels.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.done;
}

async function tryChannel(options: GlobalOptions, channel: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const tried = await client.call('POST', `/v1/notifications/${encodeURIComponent(channel)}/test`);
  if (options.json) console.log(JSON.stringify(tried));
  else if (tried.problem === null) console.log(`${style('green', '✓')} ${printable(channel)} took the message`);
  else {
    console.log(`${style('red', '✗')} ${printable(channel)}: ${printable(tried.problem)}`);
    console.log('  next: See that its secret holds the right address or login, and that its system answers.');
  }
  return tried.problem === null ? EXIT.done : EXIT.failed;
}
