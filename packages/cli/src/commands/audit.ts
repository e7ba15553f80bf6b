import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { replayPage } from '../render/replay/page.ts';
import { type RunReplay, readReplay } from '../render/replay/read-replay.ts';
import { stageLines } from '../render/stages.ts';
import { type GlobalOptions, signIn } from '../session.ts';
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
    .option('--after <index>', 'continue behind this record')
    .option('--oldest', 'oldest first')
    .option(
      '--sort <order>',
      'time, actor, agent, type, outcome, workflow, tool, model, policy_version or release; with - before it descending',
    )
    .action((run as Run<FilterOptions>)(search));
  group
    .command('show')
    .description('one record, whole')
    .argument('<index>')
    .action((run as Run<GlobalOptions>)(show));
  group
    .command('verify')
    .description('verify the running log, or (with a folder) an export, offline')
    .argument('[folder]')
    .option('--vkey <file>', 'with a folder: the public key that you trust, kept elsewhere')
    .option('--policy <file>', 'with a folder: the keys and witnesses that you trust (C2SP tlog-policy)')
    .option('--approvals', 'name each verdict: who signed what by which key, checked offline against an export')
    .option('--anchors <file...>', 'without: checkpoints of this log that were kept elsewhere')
    .option('--resume <file>', 'without: go on from what was right the last time, and keep it there for the next')
    .action((run as Run<VerifyOptions>)(verify));
  filtered(group.command('export').description('write the record to a folder that can be checked offline'))
    .requiredOption('--out <folder>', 'a new or empty folder')
    .action((run as Run<FilterOptions>)(exportLog));
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
    .description('a proof that one record is in the log (c2sp.org/tlog-proof@v1)')
    .argument('<index>')
    .option('--out <file>', 'write it there')
    .action((run as Run<GlobalOptions & { out?: string }>)(receipt));
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
      page.records.map(({ entry, payload, erased }: Row) =>
        [
          String(entry.index),
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
  if (page.next !== null) console.log(style('dim', `more: --after ${page.next}`));
  return EXIT.done;
}

async function show(options: GlobalOptions, index: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const record = await client.call('GET', `/v1/audit/records/${encodeURIComponent(index)}`);
  const text = JSON.stringify(record, null, options.json ? 0 : 2);
  console.log(options.json ? text : text.split('\n').map(printable).join('\n'));
  return EXIT.done;
}

type VerifyOptions = GlobalOptions & {
  vkey?: string;
  policy?: string;
  anchors?: string[];
  resume?: string;
  approvals?: boolean;
};

async function verify(options: VerifyOptions, folder: string | undefined): Promise<number> {
  if (folder) return verifyCopy(options, resolve(folder));
  const { client } = await signIn(options, 'auditor');
  if (options.approvals) {
    const copy = await mkdtemp(join(tmpdir(), 'portreeve-verify-'));
    try {
      await writeExport(client, new URLSearchParams(), copy);
      return await verifyCopy(options, copy);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }
  const report = await verifyLive(client, options);
  if (options.json) console.log(JSON.stringify(report));
  else if (report.ok)
    console.log(
      `${style('green', '✓')} ${report.size} records and ${report.checkpoints} signed checkpoints verify${report.erased > 0 ? `; ${report.erased} payloads are erased, on record` : ''}.`,
    );
  else {
    const where = report.first_bad_index === null ? '' : ` First bad record: ${report.first_bad_index}.`;
    console.error(
      `${style('red', '✗')} The log does not verify (${report.kind}): ${printable(report.problem)}.${where}`,
    );
    console.error('next: keep the database as it is, and compare it with an exported copy from that record on.');
  }
  return report.ok ? EXIT.done : EXIT.failed;
}

/** Checks a folder with the code of `@portreeve/verify` alone: nothing of it asks the server. */
async function verifyCopy(options: VerifyOptions, folder: string): Promise<number> {
  const { verifyFolder } = await import('@portreeve/verify');
  return verifyFolder(folder, {
    json: options.json === true,
    approvals: options.approvals === true,
    ...(options.vkey ? { vkeyFile: options.vkey } : {}),
    ...(options.policy ? { policyFile: options.policy } : {}),
  });
}

/** Records that are checked with one request: some seconds. */
const VERIFY_STEP = 100_000;

/** Asks the server step by step, shows how far it is, and keeps what was right where `--resume` says. */
async function verifyLive(client: SignedIn, options: VerifyOptions): Promise<Row> {
  const anchors = await Promise.all((options.anchors ?? []).map((path) => readFile(path, 'utf8')));
  let from = options.resume ? await verifiedBefore(options.resume) : null;
  let erased = 0;
  for (;;) {
    const asked = { ...(from ? { from } : {}), ...(anchors.length > 0 ? { anchors } : {}), limit: VERIFY_STEP };
    const step = await client.call('POST', '/v1/audit/verify', asked);
    erased += step.erased;
    const report = { ...step, erased };
    if (!report.ok) return report;
    if (options.resume) await writeFile(options.resume, `${JSON.stringify(report.verified)}\n`, { mode: 0o600 });
    if (report.verified.size >= report.size || report.verified.size === from?.size) return report;
    from = report.verified as VerifiedTree;
    if (!options.json && process.stderr.isTTY) process.stderr.write(`\r${from.size} of ${report.size} records verify `);
  }
}

interface VerifiedTree {
  readonly size: number;
  readonly root: string;
  readonly checkpoints: number;
}

async function verifiedBefore(path: string): Promise<VerifiedTree | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const { size, root, checkpoints = 0 } = JSON.parse(text);
    if ([size, checkpoints].every(Number.isSafeInteger) && typeof root === 'string') return { size, root, checkpoints };
  } catch {
    // Said below.
  }
  throw new UsageError(`${path} is not what an earlier run wrote: remove it to verify from the beginning.`);
}

async function exportLog(options: FilterOptions): Promise<number> {
  const out = resolve(String(options.out));
  await mkdir(out, { recursive: true });
  if ((await readdir(out)).length > 0)
    throw new UsageError(`${out} is not empty: an export goes into a folder of its own.`);
  const { client } = await signIn(options, 'auditor');
  const records = await writeExport(client, query(options), out);
  if (options.json) console.log(JSON.stringify({ folder: out, records }));
  else
    console.log(`${style('green', '✓')} ${records} records in ${out}. Check them offline: npx portreeve-verify ${out}`);
  return EXIT.done;
}

type SignedIn = Awaited<ReturnType<typeof signIn>>['client'];

/** Writes the files of an export as they come; gives how many records there were. Throws where it broke off. */
async function writeExport(client: SignedIn, filter: URLSearchParams, out: string): Promise<number> {
  const files = new Map<string, Awaited<ReturnType<typeof open>>>();
  let complete = false;
  let records = 0;
  try {
    for await (const line of client.lines(`/v1/audit/export?${filter}`)) {
      const { file, text, end } = line as { file?: string; text?: string; end?: boolean };
      if (end) complete = true;
      if (file === undefined || text === undefined) continue;
      // The name comes from outside: only the names of an export are written.
      if (!/^(entries\.jsonl|checkpoint|log\.vkey|README\.txt)$/.test(file))
        throw new Error(`unexpected file in the export: ${file}`);
      let handle = files.get(file);
      if (!handle) {
        handle = await open(join(out, file), 'wx', 0o600);
        files.set(file, handle);
      }
      await handle.write(text);
      if (file === 'entries.jsonl') records++;
    }
  } finally {
    for (const handle of files.values()) await handle.close();
  }
  if (!complete) throw new Error(`the export broke off; ${out} is not complete`);
  return records;
}

async function receipt(options: GlobalOptions & { out?: string }, index: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const proof = await client.call('GET', `/v1/audit/proof/${encodeURIComponent(index)}`);
  if (options.out) await writeFile(options.out, proof.proof);
  if (options.json) console.log(JSON.stringify(proof));
  else if (options.out) console.log(`${style('green', '✓')} the receipt of record ${index} is in ${options.out}`);
  else process.stdout.write(proof.proof);
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
