import type { Command } from 'commander';
import { allOf } from '../all-of.ts';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;
interface WithReason extends GlobalOptions {
  readonly reason: string;
}

/** `audit erase`, `erasures`, `hold` and `keys`: what ends the life of people's data, and what keeps it. */
export function addErasure(audit: Command, run: Run<never>): void {
  const withReason = (command: Command) => command.requiredOption('--reason <text>', 'why; kept on record');

  withReason(audit.command('erase').description('ask that the data of a person be erased; another person confirms it'))
    .requiredOption('--subject <id>', 'a principal (prn_…), or whom a workflow declares as its subject')
    .action((run as Run<WithReason & { subject: string }>)(request));
  const erasures = audit.command('erasures').description('what was asked to be erased');
  erasures
    .command('confirm')
    .description('erase what somebody else asked for; it cannot be brought back')
    .argument('<erasure>')
    .action((run as Run<GlobalOptions>)(confirm));
  withReason(erasures.command('refuse').description('refuse an erasure, or take your own wish back'))
    .argument('<erasure>')
    .action((run as Run<WithReason>)(refuse));
  erasures
    .command('list')
    .description('who asked for what, and what became of it')
    .action((run as Run<GlobalOptions>)(listErasures));

  const hold = audit.command('hold').description('legal holds: what must not be erased');
  withReason(hold.command('set').description('keep data from being erased'))
    .argument('<target>', 'subject:ID, workflow:NAME or purpose:NAME')
    .action((run as Run<WithReason>)(setHold));
  withReason(hold.command('lift').description('lift a hold'))
    .argument('<hold>')
    .action((run as Run<WithReason>)(liftHold));
  hold
    .command('list')
    .description('the holds in force')
    .option('--all', 'lifted ones too')
    .action((run as Run<GlobalOptions & { all?: boolean }>)(listHolds));

  audit
    .command('keys')
    .description('the keys that seal the record')
    .command('rotate')
    .description('make another root key and wrap every key with it')
    .action((run as Run<GlobalOptions>)(rotate));
}

async function request(options: WithReason & { subject: string }): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const erasure = await client.call('POST', '/v1/audit/erasures', { subject: options.subject, reason: options.reason });
  say(options, erasure, `${erasure.id} waits for another person: portreeve audit erasures confirm ${erasure.id}`);
  return EXIT.waiting;
}

async function confirm(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const erasure = await client.call('POST', `/v1/audit/erasures/${encodeURIComponent(id)}/confirm`);
  return say(
    options,
    erasure,
    `${erasure.keys} keys of ${erasure.subject} are erased, and what they sealed with them.`,
  );
}

async function refuse(options: WithReason, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const path = `/v1/audit/erasures/${encodeURIComponent(id)}/refuse`;
  const erasure = await client.call('POST', path, { reason: options.reason });
  return say(options, erasure, `${erasure.id} is refused; nothing was erased.`);
}

async function listErasures(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const erasures = await allOf(client, '/v1/audit/erasures?', 'erasures');
  const rows = erasures.map((each: Row) =>
    [each.id, each.state, each.subject, each.requested_at, each.reason].map(printable),
  );
  return list(options, { erasures }, rows, 'No erasure was asked for.');
}

async function setHold(options: WithReason, given: string): Promise<number> {
  const [kind, target] = given.split(/:(.*)/s);
  if (!kind || !target) throw new UsageError('A hold is on subject:ID, workflow:NAME or purpose:NAME.');
  const { client } = await signIn(options, 'operator');
  const hold = await client.call('POST', '/v1/audit/holds', { kind, target, reason: options.reason });
  return say(options, hold, `${hold.id} keeps ${hold.kind}:${hold.target}.`);
}

async function liftHold(options: WithReason, id: string): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const path = `/v1/audit/holds/${encodeURIComponent(id)}/lift`;
  const hold = await client.call('POST', path, { reason: options.reason });
  return say(options, hold, `${hold.id} is lifted.`);
}

async function listHolds(options: GlobalOptions & { all?: boolean }): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const holds = await allOf(client, `/v1/audit/holds?all=${options.all === true}&`, 'holds');
  const rows = holds.map((each: Row) =>
    [each.id, `${each.kind}:${each.target}`, each.lifted_at ? 'lifted' : 'in force', each.reason].map(printable),
  );
  return list(options, { holds }, rows, 'There is no hold.');
}

async function rotate(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'admin');
  const done = await client.call('POST', '/v1/audit/keys/rotate');
  return say(options, done, `${done.keys} keys are wrapped by the root key ${done.root}.`);
}

export function say(options: GlobalOptions, document: object, sentence: string): number {
  console.log(options.json ? JSON.stringify(document) : `${style('green', '\u2713')} ${printable(sentence)}`);
  return EXIT.done;
}

export function list(options: GlobalOptions, document: object, rows: string[][], none: string): number {
  if (options.json) console.log(JSON.stringify(document));
  else console.log(rows.length === 0 ? none : table(rows));
  return EXIT.done;
}
