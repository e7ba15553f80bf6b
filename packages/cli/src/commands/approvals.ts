import type { VerdictKind } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, sayMore, style, table } from '../output.ts';
import { renderApproval } from '../render/approval.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { signVerdict } from '../sign.ts';
import { addApprovalActs } from './approval-acts.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface ListOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly after?: string;
}

interface VerdictOptions extends GlobalOptions {
  readonly reason?: string;
  readonly digest?: string;
}

type NoticesOptions = GlobalOptions & { readonly after?: string };

export function addApprovals(program: Command, run: Run<never>): void {
  const group = program.command('approvals').description('what waits for a person, and verdicts on it');
  group
    .command('list')
    .description('approvals that are pending')
    .option('--all', 'closed ones too')
    .option('--after <approval>', 'continue behind this one')
    .action((run as Run<ListOptions>)(list));
  group
    .command('show')
    .description('one approval: exactly what would be done, from which evidence, and why a person is asked')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('notices')
    .description('what your groups were told of: actions that went ahead, newest first')
    .option('--after <decision>', 'continue behind the notice of this decision')
    .action((run as Run<NoticesOptions>)(notices));
  group
    .command('confirm')
    .description('sign that exactly this may be done in your own name; that is no approval')
    .argument('<id>')
    .option('--reason <text>', 'kept with it')
    .option('--digest <sha256:…>', 'only if the proposal still has this digest')
    .action((run as Run<VerdictOptions>)((options, id) => decide(options, id, 'confirm')));
  addApprovalActs(group, run as never);
  for (const verdict of ['approve', 'deny'] as const) {
    group
      .command(verdict)
      .description(`sign the verdict “${verdict}” over exactly this proposal`)
      .argument('<id>')
      .option('--reason <text>', 'kept with the verdict')
      .option('--digest <sha256:…>', 'only if the proposal still has this digest')
      .action((run as Run<VerdictOptions>)((options, id) => decide(options, id, verdict)));
  }
}

/** Voices that it asks for; one may count for two demands. */
const voicesOf = ({ demands }: Row): number => demands.reduce((sum: number, { quorum }: Row) => sum + quorum, 0);

async function list(options: ListOptions): Promise<number> {
  const { client } = await signIn(options, 'approver');
  const query = new URLSearchParams({ limit: '200' });
  if (!options.all) query.set('state', 'pending');
  if (options.after !== undefined) query.set('after', options.after);
  const { approvals, note, next } = await client.call('GET', `/v1/approvals?${query}`);
  if (options.json) {
    console.log(JSON.stringify({ approvals, note, next }));
  } else if (approvals.length === 0) {
    console.log('Nothing waits for a verdict.');
  } else {
    const rows = approvals.map((each: Row) =>
      [
        each.id,
        each.state,
        each.tool ?? '',
        each.requester ?? '',
        `${each.verdicts.length}/${voicesOf(each)}`,
        `until ${each.expires_at}`,
      ].map(printable),
    );
    console.log(table(rows));
    sayMore(next);
  }
  if (note && !options.json) console.log(style('dim', printable(note)));
  return EXIT.done;
}

async function notices(options: NoticesOptions): Promise<number> {
  const { client } = await signIn(options, 'approver');
  const query = new URLSearchParams({ limit: '200', ...(options.after === undefined ? {} : { after: options.after }) });
  const answer = await client.call('GET', `/v1/notices?${query}`);
  if (options.json) console.log(JSON.stringify(answer));
  else if (answer.notices.length === 0) console.log('Your groups were told of nothing.');
  else {
    console.log(
      table(
        answer.notices.map((each: Row) => [each.posted_at, each.workflow, each.run ?? '', each.text].map(printable)),
      ),
    );
    sayMore(answer.next);
  }
  return EXIT.done;
}

async function show(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'approver');
  const view = await client.call('GET', `/v1/approvals/${encodeURIComponent(id)}`);
  console.log(options.json ? JSON.stringify(view) : renderApproval(view));
  return EXIT.done;
}

async function decide(options: VerdictOptions, id: string, verdict: VerdictKind): Promise<number> {
  const who = await signIn(options, verdict === 'confirm' ? 'requester' : 'approver');
  const view = await who.client.call('GET', `/v1/approvals/${encodeURIComponent(id)}`);
  if (options.digest && options.digest !== view.digest) {
    throw new UsageError(
      `The proposal has the digest ${view.digest}, not the one that you named. Look at it again: portreeve approvals show ${id}`,
    );
  }
  if (!options.json) console.log(`${renderApproval(view)}\n`);
  const signed = await signVerdict(who, view, verdict, options.reason ?? '');
  const approval = await who.client.call(
    'POST',
    `/v1/approvals/${id}/${verdict === 'confirm' ? 'confirmations' : 'verdicts'}`,
    signed,
  );
  if (options.json) console.log(JSON.stringify({ approval }));
  else
    console.log(
      `${style('green', '✓')} ${who.name} signed “${verdict}” over ${view.digest}; the approval is ${approval.state}.`,
    );
  return EXIT.done;
}
