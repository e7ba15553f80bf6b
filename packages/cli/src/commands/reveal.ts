import type { Command } from 'commander';
import { allOf } from '../all-of.ts';
import { EXIT } from '../failure.ts';
import { printable } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { list, say } from './erasure.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;
interface WithReason extends GlobalOptions {
  readonly reason: string;
}

/** `audit reveal` and `reveals`: what stands behind a mark of the record, with a reason and by two people. */
export function addReveal(audit: Command, run: Run<never>): void {
  audit
    .command('reveal')
    .description('the personal value behind a mark of the record; a secret is never shown')
    .argument('<mark>', 'as it stands there, such as personal:email:16:0badcafe0badcafe')
    .requiredOption('--reason <text>', 'why; kept on record')
    .option('--run <id>', 'look in the data of this run, and not where the mark stands')
    .action((run as Run<WithReason & { run?: string }>)(request));
  const reveals = audit.command('reveals').description('who wished to see what stands behind a mark');
  reveals
    .command('allow')
    .description('let somebody else see the value, for a quarter of an hour and once')
    .argument('<reveal>')
    .action((run as Run<GlobalOptions>)(allow));
  reveals
    .command('refuse')
    .description('refuse that it is shown')
    .argument('<reveal>')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<WithReason>)(refuse));
  reveals
    .command('show')
    .description('see, once, what another person has allowed')
    .argument('<reveal>')
    .action((run as Run<GlobalOptions>)(show));
  reveals
    .command('list')
    .description('who wished to see what, and what became of it')
    .action((run as Run<GlobalOptions>)(listReveals));
}

const pathOf = (id: string, act: string) => `/v1/audit/reveals/${encodeURIComponent(id)}/${act}`;

async function request(options: WithReason & { run?: string }, mark: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const body = { mark, reason: options.reason, ...(options.run === undefined ? {} : { run: options.run }) };
  const reveal = await client.call('POST', '/v1/audit/reveals', body);
  if (reveal.value !== null) return say(options, reveal, reveal.value);
  const next = `another person allows it (portreeve audit reveals allow ${reveal.id}), then: portreeve audit reveals show ${reveal.id}`;
  say(options, reveal, `${reveal.id} waits until ${reveal.until}: ${next}`);
  return EXIT.waiting;
}

async function show(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const reveal = await client.call('POST', pathOf(id, 'show'));
  return say(options, reveal, reveal.value);
}

async function allow(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const reveal = await client.call('POST', pathOf(id, 'allow'));
  return say(options, reveal, `Who asked may see it until ${reveal.until}: portreeve audit reveals show ${reveal.id}`);
}

async function refuse(options: WithReason, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const reveal = await client.call('POST', pathOf(id, 'refuse'), { reason: options.reason });
  return say(options, reveal, `${reveal.id} is refused; nothing is shown.`);
}

async function listReveals(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const reveals = await allOf(client, '/v1/audit/reveals?', 'reveals');
  const rows = reveals.map((each: Row) =>
    [each.id, each.state, each.mark, each.requested_by, each.requested_at, each.reason].map(printable),
  );
  return list(options, { reveals }, rows, 'Nobody asked what stands behind a mark.');
}
