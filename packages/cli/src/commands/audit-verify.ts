import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { type Progress, withProgress } from '../progress.ts';
import { type GlobalOptions, signIn } from '../session.ts';
import { type LogView, logsAsked, type SignedIn, writeExports } from './audit-export.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;

export type VerifyOptions = GlobalOptions & {
  vkey?: string;
  policy?: string[];
  anchors?: string[];
  resume?: string;
  approvals?: boolean;
  log?: string;
};

export async function verify(options: VerifyOptions, folder: string | undefined): Promise<number> {
  if (folder) return verifyCopy(options, resolve(folder));
  const { client } = await signIn(options, 'auditor');
  if (options.approvals) {
    const copy = await mkdtemp(join(tmpdir(), 'portreeve-verify-'));
    try {
      await withProgress(options, 'exporting', (progress) =>
        writeExports(client, options.log, new URLSearchParams(), copy, progress),
      );
      return await verifyCopy(options, copy);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }
  const logs = await logsAsked(client, options.log);
  const kept = await readKept(options.resume);
  const anchors = await anchorsOf(options.anchors ?? [], logs);
  const reports: Row[] = [];
  for (const log of logs) {
    const report = await withProgress(options, `verifying ${log.origin}`, (progress) =>
      verifyLive(client, log, { ...options, kept, anchors: anchors.get(log.origin) ?? [] }, progress),
    );
    reports.push({ name: log.name, origin: log.origin, ...report });
  }
  const ok = reports.every((report) => report.ok);
  if (options.json) console.log(JSON.stringify({ ok, logs: reports }));
  else for (const report of reports) print(report);
  return ok ? EXIT.done : EXIT.failed;
}

function print(report: Row): void {
  const of = printable(report.origin);
  if (report.ok) {
    const erased = report.erased > 0 ? `; ${report.erased} payloads are erased, on record` : '';
    console.log(
      `${style('green', '✓')} ${report.size} records and ${report.checkpoints} signed checkpoints of ${of} verify${erased}.`,
    );
    return;
  }
  const where = report.first_bad_index === null ? '' : ` First bad record: ${report.first_bad_index}.`;
  console.error(
    `${style('red', '✗')} The log ${of} does not verify (${report.kind}): ${printable(report.problem)}.${where}`,
  );
  console.error('next: keep the database as it is, and compare it with an exported copy from that record on.');
}

/** Checks a folder with the code of `@portreeve/verify` alone: nothing of it asks the server. */
async function verifyCopy(options: VerifyOptions, folder: string): Promise<number> {
  const { verifyFolder } = await import('@portreeve/verify');
  return verifyFolder(folder, {
    json: options.json === true,
    approvals: options.approvals === true,
    ...(options.vkey ? { vkeyFile: options.vkey } : {}),
    ...(options.policy ? { policyFiles: options.policy } : {}),
  });
}

/** Checkpoints that were kept elsewhere, by the log that each names in its first line. */
async function anchorsOf(paths: readonly string[], logs: readonly LogView[]): Promise<ReadonlyMap<string, string[]>> {
  const byOrigin = new Map<string, string[]>();
  for (const path of paths) {
    const note = await readFile(path, 'utf8');
    const origin = note.split('\n', 1)[0]!;
    // One that names none of these is a fault, and the first log is asked to say so.
    const log = logs.find((each) => each.origin === origin) ?? logs[0]!;
    byOrigin.set(log.origin, [...(byOrigin.get(log.origin) ?? []), note]);
  }
  return byOrigin;
}

/** Records that are checked with one request: some seconds. */
const VERIFY_STEP = 100_000;

/** Asks the server step by step, shows how far it is, and keeps what was right where `--resume` says. */
async function verifyLive(
  client: SignedIn,
  log: LogView,
  {
    kept,
    anchors,
    resume,
  }: Pick<VerifyOptions, 'resume'> & { readonly kept: Kept; readonly anchors: readonly string[] },
  progress: Progress,
): Promise<Row> {
  let from = kept[log.origin] ?? null;
  let erased = 0;
  for (;;) {
    const asked = { ...(from ? { from } : {}), ...(anchors.length > 0 ? { anchors } : {}), limit: VERIFY_STEP };
    const step = await client.call<Row>('POST', '/v1/audit/verify', { ...asked, log: log.name });
    erased += step.erased;
    const report = { ...step, erased };
    if (!report.ok) return report;
    kept[log.origin] = report.verified;
    if (resume) await writeFile(resume, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
    if (report.verified.size >= report.size || report.verified.size === from?.size) return report;
    from = report.verified as VerifiedTree;
    progress.at(`${from.size} of ${report.size} records verify`);
  }
}

interface VerifiedTree {
  readonly size: number;
  readonly root: string;
  readonly checkpoints: number;
}

/** What earlier runs found right, by the origin of the log. */
type Kept = Record<string, VerifiedTree>;

async function readKept(path: string | undefined): Promise<Kept> {
  if (path === undefined) return {};
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    const kept = Object.entries(JSON.parse(text) as Record<string, Partial<VerifiedTree>>);
    return Object.fromEntries(kept.map(([origin, tree]) => [origin, readTree(tree)]));
  } catch {
    throw new UsageError(`${path} is not what an earlier run wrote: remove it to verify from the beginning.`);
  }
}

function readTree({ size, root, checkpoints = 0 }: Partial<VerifiedTree>): VerifiedTree {
  if (size === undefined || ![size, checkpoints].every(Number.isSafeInteger) || typeof root !== 'string')
    throw new TypeError('this is no tree');
  return { size, root, checkpoints };
}
