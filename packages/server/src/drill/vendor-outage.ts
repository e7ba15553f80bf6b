import { cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProjectConfigInput } from '@portreeve/contract';
import { plainKeystore } from '../config/secrets.ts';
import { Database } from '../store/database.ts';
import { type Throwaway, throwaway } from '../throwaway.ts';
import { type DrillCounts, drillCounts } from './counts.ts';
import { type DrillProcess, startDrillProcess } from './processes.ts';
import { judgeDrill, type OutageReport } from './report.ts';
import { type DrillVendor, startDrillVendor } from './vendor.ts';

/** How the endpoints of the drill meet failures: as in earnest, and quicker, so that a drill is over in a minute. */
const DRILL_RESILIENCE = {
  attempts_max: 2,
  backoff_first_ms: 200,
  breaker_failures: 5,
  breaker_half_open_after_ms: 1000,
  open_max_ms: 2000,
  ramp_first_per_s: 2,
  ramp_doubles_after_ms: 1000,
  ramp_ms: 5000,
} as const;

/** The workflows, and what each declares for an outage. */
export const DRILL_WORKFLOWS = [
  { name: 'answer-faq', tier: 'low', declares: 'fallback' },
  { name: 'sort-ticket', tier: 'low', declares: 'degrade' },
  { name: 'review-claim', tier: 'high', declares: 'wait' },
  { name: 'check-payment', tier: 'critical', declares: 'hand_off' },
] as const;
export type DrillWorkflow = (typeof DRILL_WORKFLOWS)[number]['name'];

export interface DrillOptions {
  /** Tasks of each workflow during the outage. */
  readonly tasks: number;
  readonly outage_ms: number;
  /** Another PostgreSQL than an embedded one: an empty database of its own. */
  readonly databaseUrl?: string;
  /** Told of what happens, a sentence at a time. */
  readonly say: (sentence: string) => void;
  /** Ends the drill early, with everything that it started. */
  readonly signal: AbortSignal;
}

const WAIT_MAX_MS = 60_000;
const LOOK_EVERY_MS = 100;
const WORKFLOWS = fileURLToPath(new URL('./workflows/', import.meta.url));

/**
 * Cuts a simulated vendor off under two Portreeves on one database, and looks at what becomes of the work (requirement
 * E6). Everything is made for the drill and gone afterwards: folder, database, processes. Rejects where the drill could
 * not be held; what it found, good or bad, is in the report.
 */
export async function drillVendorOutage(options: DrillOptions): Promise<OutageReport> {
  return throwaway({ name: 'drill', databaseUrl: options.databaseUrl }, (given) => holdDrill(options, given));
}

async function holdDrill(options: DrillOptions, { folder, databaseUrl, undo }: Throwaway): Promise<OutageReport> {
  const { tasks, outage_ms, say, signal } = options;
  const vendor = await startDrillVendor();
  undo(() => vendor.close());
  const other = await startDrillVendor();
  undo(() => other.close());
  const project = await makeProject(folder, vendor, other);
  const first = await startIn(join(folder, 'state-1'), databaseUrl, project);
  undo(() => first.stop());
  // The second is the same installation: it has the same keys.
  const keepsOut = new Set(['holder.json', 'server.log']);
  await cp(join(folder, 'state-1'), join(folder, 'state-2'), {
    recursive: true,
    filter: (path) => !keepsOut.has(basename(path)),
  });
  const second = await startDrillProcess(join(folder, 'state-2'), databaseUrl, project);
  undo(() => second.stop());
  const database = new Database(databaseUrl, { max: 2 });
  undo(() => database.close());
  const look = () => drillCounts(database);
  const processes = [first, second];
  say(`Two processes (${first.pid}, ${second.pid}) on one database; the vendor answers.`);

  for (const { name } of DRILL_WORKFLOWS) await Promise.all(processes.map((each) => each.submit(name, 1)));
  const before = await until(look, signal, ({ byWorkflow }) => all(byWorkflow, ({ ended }) => ended === 2));

  vendor.cut(true);
  const cut_at = Date.now();
  say(`The vendor is cut off. ${tasks} tasks of each of ${DRILL_WORKFLOWS.length} workflows come in.`);
  for (const { name } of DRILL_WORKFLOWS)
    await Promise.all(
      processes.map((each, n) => each.submit(name, n === 0 ? Math.ceil(tasks / 2) : Math.floor(tasks / 2))),
    );
  const during = await until(
    look,
    signal,
    ({ byWorkflow }) =>
      Date.now() - cut_at >= outage_ms &&
      all(byWorkflow, ({ ended, waiting }, name) =>
        name === 'review-claim' ? waiting === tasks : ended === tasks + 2,
      ),
  );

  vendor.cut(false);
  const back_at = Date.now();
  say(`The vendor is back after ${((back_at - cut_at) / 1000).toFixed(1)} s; ${tasks} tasks wait for it.`);
  const after = await until(look, signal, ({ byWorkflow }) => all(byWorkflow, ({ ended }) => ended === tasks + 2));
  return judgeDrill({
    ...{ tasks, before, during, after, cut_at, back_at, attempts: vendor.attempts },
    pids: processes.map(({ pid }) => pid),
    resilience: DRILL_RESILIENCE,
  });
}

async function startIn(state: string, databaseUrl: string, project: string): Promise<DrillProcess> {
  for (const secret of ['drill-vendor', 'drill-fallback'])
    await plainKeystore(state, 'test').set(secret, 'a-key-of-the-drill-that-opens-nothing');
  return startDrillProcess(state, databaseUrl, project);
}

/** A project for the drill alone: a vendor that may see what is internal, and a fallback for what is public. */
async function makeProject(folder: string, vendor: DrillVendor, other: DrillVendor): Promise<string> {
  const project = join(folder, 'project');
  await mkdir(join(project, 'cases'), { recursive: true });
  await writeFile(
    join(project, 'cases', 'case.jsonl'),
    `${JSON.stringify({ text: 'The invoice was charged twice.' })}\n`,
  );
  const endpoint = (name: string, { url, model }: DrillVendor, confidentiality: 'internal' | 'public') => ({
    ...{ name, kind: 'anthropic' as const, model, base_url: url, secret: `drill-${name}`, where: 'inside' as const },
    clearance: { confidentiality },
    resilience: DRILL_RESILIENCE,
  });
  const config: ProjectConfigInput = {
    environment: 'test',
    log_origin: 'portreeve.drill/audit',
    workflows: DRILL_WORKFLOWS.map(({ name }) => relative(project, join(WORKFLOWS, name))),
    models: [endpoint('vendor', vendor, 'internal'), endpoint('fallback', other, 'public')],
  };
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  return project;
}

function all(
  byWorkflow: DrillCounts['byWorkflow'],
  fits: (counts: DrillCounts['byWorkflow'][DrillWorkflow], name: DrillWorkflow) => boolean,
): boolean {
  return DRILL_WORKFLOWS.every(({ name }) => fits(byWorkflow[name], name));
}

/** Looks until it is so, or until the time is over: then what was seen last is what is judged. */
async function until(
  look: () => Promise<DrillCounts>,
  signal: AbortSignal,
  fits: (counts: DrillCounts) => boolean,
): Promise<DrillCounts> {
  for (const end = Date.now() + WAIT_MAX_MS; ; ) {
    signal.throwIfAborted();
    const counts = await look();
    if (fits(counts) || Date.now() >= end) return counts;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}
