import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, sayMore, style, table } from '../output.ts';
import { replayPage } from '../render/replay/page.ts';
import { type RunReplay, readReplay } from '../render/replay/read-replay.ts';
import { stageLines } from '../render/stages.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { exportLogs } from './audit-export.ts';
import { type ProofOptions, proof } from './audit-proof.ts';
import { type VerifyOptions, verify } from './audit-verify.ts';
import { addErasure } from './erasure.ts';
import { addReveal } from './reveal.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;
type Run<O> = (action: (options: O, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;

const FILTERS = [
  'run',
  'workflow',
  'type',
  'actor',
  'tool',
  'agent',
  'outcome',
  'code',
  'model',
  'prompt',
  'prompt-version',
  'proposal',
  'approval',
  'policy-version',
  'release',
  'since',
  'until',
  'words',
] as const;

type FilterOptions = GlobalOptions & { readonly [filter: string]: string | boolean | undefined };

export function addAudit(program: Command, run: Run<never>): void {
  const group = program.command('audit').description('the record: search it, prove it, take it away');
  const filtered = (command: Command) => FILTERS.reduce((all, name) => all.option(`--${name} <value>`), command);
  filtered(group.command('search').description('search the record, newest first'))
    .option('--limit <n>', 'at most so many', '50')
    .option('--log <name>', 'this log alone')
    .option('--after <place>', 'continue behind this record')
    .option('--oldest', 'oldest first')
    .option(
      '--sort <order>',
      'time, actor, agent, type, outcome, workflow, tool, model, policy_version or release; with - before it descending',
    )
    .action((run as Run<FilterOptions>)(search));
  group
    .command('show')
    .description('one record, whole, by its place: an index, or the name of a log and an index (finance:7)')
    .argument('<place>')
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('verify')
    .description('verify the running logs, or (with a folder) an export, offline')
    .argument('[folder]')
    .option('--vkey <file>', 'with a folder: the public key that you trust, kept elsewhere')
    .option(
      '--policy <file...>',
      'with a folder: the keys and witnesses that you trust (C2SP tlog-policy), for each log',
    )
    .option('--approvals', 'name each verdict: who signed what by which key, checked offline against an export')
    .option('--anchors <file...>', 'without: checkpoints of these logs that were kept elsewhere')
    .option('--log <name>', 'without: this log alone')
    .option('--resume <file>', 'without: go on from what was right the last time, and keep it there for the next')
    .action((run as Run<VerifyOptions>)(verify));
  filtered(group.command('export').description('write the record to a folder that can be checked offline'))
    .option('--log <name>', 'this log alone; without it, all of them')
    .requiredOption('--out <folder>', 'a new or empty folder')
    .action(
      (run as Run<FilterOptions & { out?: string; log?: string }>)((options) => exportLogs(options, query(options))),
    );
  group
    .command('replay')
    .description('one run step by step, from the record alone, each record proved')
    .argument('<run>')
    .option('--html <file>', 'write a page that checks itself in a browser, to be sent to an auditor')
    .action((run as Run<GlobalOptions & { html?: string }>)(replay));
  group
    .command('streams')
    .description('how far each stream of the record is')
    .action((run as Run<GlobalOptions>)(streams));
  group
    .command('receipt')
    .description('a proof that one record is in the log, to be given away (c2sp.org/tlog-proof@v1)')
    .argument('<place>')
    .option('--out <file>', 'write it there')
    .action((run as Run<GlobalOptions & { out?: string }>)(receipt));
  group
    .command('proof')
    .description('the way from one record to the signed root of its log, checked here before it is shown')
    .argument('<place>')
    .option('--vkey <file>', 'the public keys that you trust, kept elsewhere (default: the one that the server names)')
    .action((run as Run<ProofOptions>)(proof));
  addErasure(group, run);
  addReveal(group, run);
}

function query(options: FilterOptions): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of FILTERS) {
    const value = options[name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    if (typeof value === 'string') params.set(name.replaceAll('-', '_'), value);
  }
  return params;
}

async function search(options: FilterOptions): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const params = query(options);
  params.set('limit', String(options.limit));
  if (typeof options.log === 'string') params.set('log', options.log);
  if (options.after) params.set('after', String(options.after));
  if (options.oldest) params.set('order', 'oldest');
  if (typeof options.sort === 'string') params.set('sort', options.sort);
  const page = await client.call('GET', `/v1/audit/records?${params}`);
  if (options.json) {
    console.log(JSON.stringify(page));
    return EXIT.done;
  }
  if (page.records.length === 0) console.log('No record fits.');
  console.log(
    table(
      page.records.map(({ place, entry, payload, erased }: Row) =>
        [
          place,
          entry.time,
          entry.type,
          entry.outcome,
          payload?.actor_name ?? entry.actor.id,
          entry.refs.run ?? entry.refs.handoff ?? '',
          erased ? `erased ${erased.time}, see ${erased.record}` : '',
        ].map(printable),
      ),
    ),
  );
  sayMore(page.next);
  return EXIT.done;
}

async function show(options: GlobalOptions, place: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const record = await client.call('GET', `/v1/audit/records/${encodeURIComponent(place)}`);
  const text = JSON.stringify(record, null, options.json ? 0 : 2);
  console.log(options.json ? text : text.split('\n').map(printable).join('\n'));
  return EXIT.done;
}

async function receipt(options: GlobalOptions & { out?: string }, place: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const found = await client.call('GET', `/v1/audit/proof/${encodeURIComponent(place)}`);
  if (options.out) await writeFile(options.out, found.proof);
  if (options.json) console.log(JSON.stringify(found));
  else if (options.out) console.log(`${style('green', '✓')} the receipt of record ${place} is in ${options.out}`);
  else process.stdout.write(found.proof);
  return EXIT.done;
}

async function replay(options: GlobalOptions & { html?: string }, id: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const found = await client.call<RunReplay>('GET', `/v1/audit/replay/${encodeURIComponent(id)}`);
  const steps = await readReplay(found);
  const wrong = steps.filter(({ problem }) => problem !== null);
  if (options.html !== undefined) await writeFile(options.html, replayPage(found), { flag: 'wx', mode: 0o600 });
  if (options.json) console.log(JSON.stringify({ ...found, steps, ok: wrong.length === 0 }));
  else {
    for (const { index, entry, data, problem } of steps) {
      const mark = problem === null ? style('green', '✓') : style('red', '✗');
      console.log(`${mark} ${style('dim', `${index} ${printable(entry.time)}`)} ${printable(entry.type)}`);
      if (problem !== null) console.log(style('red', `  ${printable(problem)}`));
      for (const line of stageLines(entry.type, data, entry)) console.log(line);
    }
    if (wrong.length === 0)
      console.log(
        `${style('green', '✓')} ${steps.length} records, each proved under the checkpoint of ${found.origin}.`,
      );
    else
      console.error(`${style('red', '✗')} ${wrong.length} of ${steps.length} records are not as they were recorded.`);
    if (options.html !== undefined) console.log(`The page is in ${options.html}: it checks itself in any browser.`);
  }
  return wrong.length === 0 ? EXIT.done : EXIT.failed;
}

async function streams(options: GlobalOptions): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const { streams: all } = await client.call('GET', '/v1/audit/streams');
  if (options.json) console.log(JSON.stringify({ streams: all }));
  else if (all.length === 0) console.log('No stream is configured (audit.streams in portreeve.config.ts).');
  else
    console.log(
      table(
        all.map((each: Row) =>
          [
            each.name,
            each.log,
            `${each.format} to ${each.to}`,
            `next ${each.next}`,
            each.lag === 0 ? 'up to date' : `${each.lag} wait`,
            each.problem ?? '',
          ].map(printable),
        ),
      ),
    );
  return all.some(({ problem }: Row) => problem !== null) ? EXIT.failed : EXIT.done;
}
