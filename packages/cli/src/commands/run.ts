import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from '../client.ts';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { readInput } from '../read-input.ts';
import { renderApproval } from '../render/approval.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { type Watched, watchRun } from '../watch.ts';

interface RunOptions extends GlobalOptions {
  readonly input: string;
  readonly set: Record<string, string>;
  readonly wait?: boolean;
}

export function addRun(
  program: Command,
  run: (action: (options: RunOptions, workflow: string) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('run')
    .description('ask a workflow to run, and follow it')
    .argument('<workflow>', 'name of the workflow')
    .requiredOption(
      '--input <file>',
      'a JSON object is the input; any other file is attached (JSON Lines, text, PDF, Word, mail …; also .gz; - is standard input)',
    )
    .option('--set <name=value>', 'set one field of the input', collect, {})
    .option('--wait', 'also wait while a person decides, until the run has ended')
    .action(run(start));
}

async function start(options: RunOptions, workflow: string): Promise<number> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  const bytes = await readInput(options.input);
  const requester = await signIn(options, 'requester');
  const { client } = requester;
  const { workflows } = await client.call('GET', '/v1/workflows');
  const contract = workflows.find((each: { name: string }) => each.name === workflow);
  // Of a workflow that there is not the server says so: what it would take is of no matter.
  const fileInput = contract ? contract.file_input : {};
  const run = await client.call('POST', '/v1/runs', { workflow, ...task(bytes, options, fileInput) });
  const print = (line: string) => {
    if (!options.json) console.log(line);
  };
  print(`${requester.name} asks ${printable(workflow)}: run ${run.id}\n`);
  const watched = await watchRun(client, run.id, {
    print,
    signal: stopping.signal,
    onApproval: async () => options.wait === true,
  });

  const view = watched.approval ? await client.call('GET', `/v1/approvals/${watched.approval}`) : null;
  const now = await settled(client, run.id, watched.state);
  if (options.json) {
    const proposed = view && { tool: view.tool.name, args: view.args, digest: view.digest, evidence: view.evidence };
    console.log(JSON.stringify({ run: now, approval: view?.approval ?? null, proposed }));
  } else if (view && now.state === 'waiting') {
    console.log(`\n${renderApproval(view)}\n`);
    console.log(
      `${style('yellow', 'Waiting for a person:')} npx portreeve approvals approve ${view.approval.id}   (or deny)`,
    );
  }
  if (!options.json && now.cost) console.log(style('dim', `\nModels: ${costLine(now.cost)}`));
  if (watched.state === 'stopped') return EXIT.failed;
  if (now.ended_at === null) return EXIT.waiting;
  return now.state === 'completed' && !watched.heldBack ? EXIT.done : EXIT.failed;
}

/** What the run's questions have cost: tokens, and money where the endpoints have prices. */
function costLine({ tokens, micros, currency }: { tokens: number; micros: number; currency: string }): string {
  const digits = String(micros).padStart(7, '0');
  const money = currency === '' ? '' : `, ${digits.slice(0, -6)}.${digits.slice(-6, -2)} ${currency}`;
  return `${tokens} tokens${money} so far`;
}

const SETTLING_LOOKS = 100;
const SETTLING_MS = 50;

/** The run as it stands. An approval is on record a moment before its run says that it waits for it. */
async function settled(client: Client, run: string, watched: Watched['state']) {
  for (let look = 1; ; look++) {
    const now = await client.call('GET', `/v1/runs/${run}`);
    if (watched !== 'waiting' || now.state !== 'running' || look === SETTLING_LOOKS) return now;
    await delay(SETTLING_MS);
  }
}

/** A JSON object is the input itself; anything else is attached, with the input that the workflow declares for a file. */
function task(
  bytes: Buffer,
  options: RunOptions,
  fileInput: Record<string, unknown> | undefined,
): { input: unknown; attachments?: unknown[] } {
  const text = textOf(bytes);
  const object = text === null ? null : parseObject(text);
  if (object) return { input: { ...object, ...options.set } };
  if (!fileInput)
    throw new UsageError(`${options.input} is not a JSON object, and this workflow takes no attached file.`);
  const name = slug(options.input);
  const input = Object.fromEntries(
    Object.entries(fileInput).map(([key, value]) => [key, value === '{name}' ? name : value]),
  );
  return {
    input: { ...input, ...options.set },
    attachments: [
      {
        name: basename(options.input),
        media_type: mediaType(options.input),
        ...(text === null ? { base64: bytes.toString('base64') } : { text }),
      },
    ],
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** The file's name without endings, in lower-case words joined by `-`. */
function slug(file: string): string {
  const name = file === '-' ? 'stdin' : basename(file);
  return (
    name
      .toLowerCase()
      .replace(/(\.(jsonl|json|ndjson|log|txt|gz|pdf|docx|eml|html?|md|csv))+$/, '')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60) || 'file'
  );
}

/** What a file claims to be by its ending; the server looks at what it is. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  eml: 'message/rfc822',
  html: 'text/html',
  htm: 'text/html',
  md: 'text/markdown',
  txt: 'text/plain',
  csv: 'text/csv',
  json: 'application/json',
};

function mediaType(file: string): string {
  const ending = file.toLowerCase().split('.').at(-1) ?? '';
  return (Object.hasOwn(MEDIA_TYPES, ending) ? MEDIA_TYPES[ending] : undefined) ?? 'application/jsonl';
}

/** UTF-8 text, or `null` for anything else. */
function textOf(bytes: Buffer): string | null {
  try {
    return bytes.includes(0) ? null : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function collect(pair: string, all: Record<string, string>): Record<string, string> {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`--set takes name=value, not ${pair}`);
  return { ...all, [pair.slice(0, at)]: pair.slice(at + 1) };
}
