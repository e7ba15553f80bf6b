import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, sayMore, style, table } from '../output.ts';
import { readInput } from '../read-input.ts';
import { showHandoff } from '../render/handoff.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface ListOptions extends GlobalOptions {
  readonly done?: boolean;
  readonly mine?: boolean;
  readonly kind?: string;
  readonly group?: string;
  readonly after?: string;
}

interface FinishOptions extends GlobalOptions {
  readonly note: string;
  readonly result?: string;
  readonly decline?: boolean;
  readonly happened?: boolean;
}

export function addQueue(program: Command, run: Run<never>): void {
  const group = program.command('queue').description('work that a person must finish');
  group
    .command('list')
    .description('hand-offs that nobody has finished, oldest first')
    .option('--done', 'finished ones instead')
    .option('--mine', 'what you have taken or were given')
    .option('--kind <kind>', 'of one kind, such as low_confidence')
    .option('--group <group>', 'the work of one group')
    .option('--after <handoff>', 'continue behind this one')
    .action((run as Run<ListOptions>)(list));
  group
    .command('show')
    .description('one hand-off with its context, as far as you are cleared for it')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('take')
    .description('take a hand-off: nobody else works on it then')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)((options, id) => act(options, id, 'take', {}, 'is yours')));
  group
    .command('assign')
    .description('give a hand-off to somebody, whoever had it')
    .argument('<id>')
    .requiredOption('--to <principal>', 'the id of a person, such as prn_…')
    .action(
      (run as Run<GlobalOptions & { readonly to: string }>)((options, id) =>
        act(options, id, 'assign', { to: options.to }, `is the work of ${options.to}`),
      ),
    );
  group
    .command('escalate')
    .description('send a hand-off up before its time is over')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why')
    .action(
      (run as Run<GlobalOptions & { readonly reason: string }>)((options, id) =>
        act(options, id, 'escalate', { reason: options.reason }, 'went up'),
      ),
    );
  group
    .command('finish')
    .description('say that a hand-off is finished, and how; where a run waits, give it the result')
    .argument('<id>')
    .requiredOption('--note <text>', 'what you found and did')
    .option('--result <file>', 'JSON for the run that waits: a trusted value of yours (- is standard input)')
    .option('--decline', 'there is no result: the run that waits ends')
    .option('--happened', 'of an unknown outcome: you found that it happened')
    .option('--no-happened', 'of an unknown outcome: you found that it did not happen')
    .action((run as Run<FinishOptions>)(finish));
}

async function list(options: ListOptions): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const query = new URLSearchParams({ limit: '200', state: options.done ? 'done' : 'unfinished' });
  if (options.mine) query.set('mine', 'true');
  if (options.kind) query.set('kind', options.kind);
  if (options.group) query.set('group', options.group);
  if (options.after) query.set('after', options.after);
  const { handoffs, next } = await client.call('GET', `/v1/queue?${query}`);
  if (options.json) console.log(JSON.stringify({ handoffs, next }));
  else if (handoffs.length === 0)
    console.log(options.done ? 'Nothing has been finished yet.' : 'Nothing waits for a person.');
  else {
    console.log(table(handoffs.map((each: Row) => row(each).map(printable))));
    sayMore(next);
  }
  return EXIT.done;
}

function row({ id, kind, workflow, state, group, level, overdue, age_minutes, why }: Row): string[] {
  const whose = state === 'taken' ? 'taken' : (group ?? 'anybody');
  const age = `${age_minutes} min${overdue ? ', overdue' : ''}${level > 0 ? `, level ${level}` : ''}`;
  return [id, kind, workflow, whose, age, why.slice(0, 100)];
}

async function show(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const handoff = await client.call('GET', `/v1/queue/${encodeURIComponent(id)}`);
  if (options.json) console.log(JSON.stringify(handoff));
  else showHandoff(handoff);
  return EXIT.done;
}

async function act(
  options: GlobalOptions,
  id: string,
  verb: 'take' | 'assign' | 'escalate' | 'finish',
  body: object,
  said: string,
): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const path = `/v1/queue/${encodeURIComponent(id)}/${verb}`;
  const handoff = await client.call('POST', path, verb === 'take' ? undefined : body);
  console.log(options.json ? JSON.stringify(handoff) : `${style('green', '✓')} ${handoff.id} ${printable(said)}.`);
  return EXIT.done;
}

async function finish(options: FinishOptions, id: string): Promise<number> {
  const { note, happened } = options;
  const result =
    options.result === undefined ? {} : { result: jsonOf(options.result, await readInput(options.result)) };
  const body = {
    note,
    ...result,
    ...(options.decline ? { declined: true } : {}),
    ...(happened === undefined ? {} : { found: { came: happened ? 'happened' : 'did_not_happen' } }),
  };
  return act(options, id, 'finish', body, 'is finished');
}

function jsonOf(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new UsageError(`${file} is not JSON.`);
  }
}
