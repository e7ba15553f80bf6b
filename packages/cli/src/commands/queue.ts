import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style, table, wrap } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;

interface ListOptions extends GlobalOptions {
  readonly done?: boolean;
}

interface CloseOptions extends GlobalOptions {
  readonly note: string;
  readonly happened?: boolean;
}

export function addQueue(program: Command, run: Run<never>): void {
  const group = program.command('queue').description('work that a person must finish');
  group
    .command('list')
    .description('open hand-offs')
    .option('--done', 'finished ones instead')
    .action((run as Run<ListOptions>)(list));
  group
    .command('show')
    .description('one hand-off with its context')
    .argument('<id>')
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('close')
    .description('say that a hand-off is finished, and how')
    .argument('<id>')
    .requiredOption('--note <text>', 'what you found and did')
    .option('--happened', 'of an unknown outcome: you found that it happened')
    .option('--no-happened', 'of an unknown outcome: you found that it did not happen')
    .action((run as Run<CloseOptions>)(close));
}

async function list(options: ListOptions): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const { handoffs } = await client.call('GET', `/v1/queue?limit=200&state=${options.done ? 'done' : 'open'}`);
  if (options.json) console.log(JSON.stringify({ handoffs }));
  else if (handoffs.length === 0)
    console.log(options.done ? 'Nothing has been finished yet.' : 'Nothing waits for a person.');
  else
    console.log(
      table(
        handoffs.map((each: Row) =>
          [each.id, each.kind, each.workflow, each.created_at, each.why.slice(0, 100)].map(printable),
        ),
      ),
    );
  return EXIT.done;
}

async function show(options: GlobalOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const handoff = await client.call('GET', `/v1/queue/${encodeURIComponent(id)}`);
  if (options.json) {
    console.log(JSON.stringify(handoff));
    return EXIT.done;
  }
  const pair = (name: string, text: string) =>
    console.log(`  ${style('bold', name.padEnd(9))} ${wrap(printable(text), 12)}`);
  console.log(style('bold', `Hand-off ${handoff.id} (${handoff.kind}, ${handoff.state})`));
  pair('workflow', `${handoff.workflow}${handoff.run ? `, run ${handoff.run}` : ''}`);
  pair('why', handoff.why);
  pair('next', handoff.next);
  pair('since', handoff.created_at);
  console.log(`  ${style('bold', 'context')}`);
  for (const line of JSON.stringify(handoff.context, null, 2).split('\n')) console.log(`    ${printable(line)}`);
  return EXIT.done;
}

async function close(options: CloseOptions, id: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const handoff = await client.call('POST', `/v1/queue/${encodeURIComponent(id)}/close`, {
    note: options.note,
    ...(options.happened === undefined ? {} : { found: { came: options.happened ? 'happened' : 'did_not_happen' } }),
  });
  console.log(options.json ? JSON.stringify(handoff) : `${style('green', '✓')} ${handoff.id} is finished.`);
  return EXIT.done;
}
