import { demandsText, type VerdictKind } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { readInput } from '../read-input.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { signVerdict } from '../sign.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, given: never) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface DelegateOptions extends GlobalOptions {
  readonly to: string;
  readonly groups: string;
  readonly until: string;
  readonly reason: string;
}

interface AmendOptions extends GlobalOptions {
  readonly args: string;
  readonly reason: string;
}

interface BatchOptions extends GlobalOptions {
  readonly deny?: boolean;
  readonly reason?: string;
}

/** What is done with approvals besides one verdict. */
export function addApprovalActs(group: Command, run: Run<never>): void {
  group
    .command('withdraw')
    .description('take back what you asked for, before it is used')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)(withdraw));
  group
    .command('amend')
    .description('propose other arguments instead of approving; others are then asked about them')
    .argument('<id>')
    .requiredOption('--args <file>', 'a JSON file with all arguments as they are to be, or - for standard input')
    .requiredOption('--reason <text>', 'why, for those who decide on it')
    .action((run as Run<AmendOptions>)(amend));
  group
    .command('batch')
    .description('sign one verdict for several approvals of exactly the same low-tier action')
    .argument('<ids...>')
    .option('--deny', 'deny them; else they are approved')
    .option('--reason <text>', 'kept with each verdict')
    .action((run as Run<BatchOptions>)(batch));
  group
    .command('delegate')
    .description('let another approver decide in your place, until a day')
    .requiredOption('--to <account>', 'the id of the other approver')
    .requiredOption('--groups <names>', 'groups of your own, with commas between them')
    .requiredOption('--until <time>', 'at most 31 days from now')
    .requiredOption('--reason <text>', 'kept with it')
    .action((run as Run<DelegateOptions>)(delegate));
  group
    .command('delegations')
    .description('in whose place you decide, and who in yours')
    .action((run as Run<GlobalOptions>)(delegations));
  group
    .command('end-delegation')
    .description('end one that you gave, or were given')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)(endDelegation));
}

async function withdraw(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'requester');
  const approval = await client.call('POST', `/v1/approvals/${encodeURIComponent(id)}/withdraw`);
  if (options.json) console.log(JSON.stringify({ approval }));
  else console.log(`${style('green', '✓')} the approval ${printable(id)} is ${printable(approval.state)}`);
  return EXIT.done;
}

async function amend(options: AmendOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'approver');
  const path = `/v1/approvals/${encodeURIComponent(id)}`;
  const { digest } = await client.call('GET', path);
  const args = jsonOf(await readInput(options.args), options.args);
  const asked = await client.call('POST', `${path}/amendments`, {
    args,
    reason: options.reason,
    proposal_digest: digest,
  });
  if (options.json) console.log(JSON.stringify({ approval: asked }));
  else
    console.log(
      `${style('green', '✓')} ${printable(id)} is amended; ${printable(asked.id)} waits for ${printable(demandsText(asked.demands))}, and you are none of them`,
    );
  return EXIT.done;
}

function jsonOf(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new UsageError(`${file} is no JSON.`);
  }
}

async function batch(options: BatchOptions, ids: readonly string[]): Promise<number> {
  if (ids.length < 2) throw new UsageError('Name two approvals at the least; for one there are approve and deny.');
  const who = await signIn(options, 'approver');
  const kind: VerdictKind = options.deny ? 'deny' : 'approve';
  const verdicts = [];
  for (const id of ids) {
    const view = await who.client.call('GET', `/v1/approvals/${encodeURIComponent(id)}`);
    verdicts.push(await signVerdict(who, view, kind, options.reason ?? ''));
  }
  const { results } = await who.client.call('POST', '/v1/approvals/batch', { verdicts });
  if (options.json) console.log(JSON.stringify({ results }));
  else console.log(table(results.map((each: Row) => [each.approval, each.state ?? each.code].map(printable))));
  return results.every((each: Row) => each.code === null) ? EXIT.done : EXIT.failed;
}

async function delegate(options: DelegateOptions): Promise<number> {
  const until = new Date(options.until);
  if (Number.isNaN(until.getTime()))
    throw new UsageError(`--until ${options.until} is no time: use 2026-12-01T18:00:00Z.`);
  const { client } = await signIn(options, 'approver');
  const made = await client.call('POST', '/v1/approval-delegations', {
    delegate: options.to,
    groups: options.groups.split(',').map((name) => name.trim()),
    until: until.toISOString(),
    reason: options.reason,
  });
  if (options.json) console.log(JSON.stringify(made));
  else
    console.log(
      `${style('green', '✓')} ${printable(made.delegate)} decides in your place until ${made.until} (${made.id})`,
    );
  return EXIT.done;
}

async function delegations(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'approver');
  const found = await client.call('GET', '/v1/approval-delegations');
  if (options.json) console.log(JSON.stringify(found));
  else if (found.delegations.length === 0) console.log('Nobody decides in your place, and you in nobody\u2019s.');
  else
    console.log(
      table(
        found.delegations.map((each: Row) =>
          [
            each.id,
            `${each.delegate} for ${each.delegator}`,
            each.groups.join(', '),
            each.ended_at ? `ended ${each.ended_at}` : `until ${each.until}`,
          ].map(printable),
        ),
      ),
    );
  return EXIT.done;
}

async function endDelegation(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'approver');
  await client.call('DELETE', `/v1/approval-delegations/${encodeURIComponent(id)}`);
  if (options.json) console.log(JSON.stringify({ ended: id }));
  else console.log(`${style('green', '✓')} the delegation ${printable(id)} has ended`);
  return EXIT.done;
}
