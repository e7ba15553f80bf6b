import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import pg from 'pg';
import { type House, startHouse, startOutside } from './house/house.ts';
import { median, runsOf } from './house/runs-of.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import { copyRuns } from './waiting/copy-runs.ts';

// A process with runs that wait for people, with few and with many of them: how long it takes to start, what it holds, and
// how long a new run, the page of approvals and a verdict take. A hundred waiting runs are made by the product itself; the
// others are copies of their rows in every table but the record, which cannot be copied (`waiting/copy-runs.ts`).
// Usage: node bench/waiting.ts [--quick] [--json] [--waiting N]: 5,000 with --quick, else 100,000.

const quick = process.argv.includes('--quick');
const waitingAt = process.argv.indexOf('--waiting');
const MANY = waitingAt < 0 ? (quick ? 5000 : 100_000) : Number(process.argv[waitingAt + 1]);
const FEW = 100;
const NOTE = { workflow: 'note-order', input: { order: 'o-1' } };
const TIMES = quick ? 10 : 30;
/** Left alone for so long, in which it is measured what waiting costs. */
const IDLE_MS = quick ? 5000 : 60_000;

interface Measured {
  /** From the start of the process until it has carried a new run to its end. */
  readonly ready_ms: number;
  readonly memory_mb: number;
  readonly idle_transactions_per_s: number;
  readonly idle_cpu_percent: number;
  readonly run_ms: number;
  readonly page_ms: number;
  readonly verdict_ms: number;
}

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const client = new pg.Pool({ connectionString: postgres.url, max: 4 });
const outside = await startOutside();
const runs = runsOf(client);
const options = { folder, databaseUrl: postgres.url, outside: outside.url };
let house: House | null = null;
let few: Measured;
let many: Measured;
try {
  house = await startHouse(options);
  const patterns: string[] = [];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (patterns.length < FEW) patterns.push((await runs.waiting(house!)).run);
    }),
  );
  house = await house.restart();
  few = await measure(house);
  await house.stop();
  house = null;
  await copyRuns({
    ...options,
    stateFolder: join(folder, 'state'),
    patterns: patterns.slice(0, FEW),
    count: MANY - FEW,
  });
  house = await startHouse(options);
  many = await measure(house);
} finally {
  await house?.stop();
  await outside.stop();
  await client.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(house: House): Promise<Measured> {
  const { lead } = house.people;
  // A process that takes up too much at once refuses new runs for a while: it is not ready before one is through.
  const listening = performance.now();
  for (;;) {
    const { id } = await house.people.analyst.post('/v1/runs', NOTE);
    if (typeof id === 'string') {
      await runs.comesTo(id, 'completed');
      break;
    }
    await after(250);
  }
  const ready_ms = Math.round(house.start_ms + performance.now() - listening);
  process.stderr.write(`ready after ${ready_ms} ms\n`);
  const before = {
    at: performance.now(),
    transactions: await transactions(),
    cpu_ms: (await house.child.held()).cpu_ms,
  };
  await after(IDLE_MS);
  const idle_ms = performance.now() - before.at;
  const { memory, cpu_ms } = await house.child.held();
  const idle = ((await transactions()) - before.transactions) / (idle_ms / 1000);
  const run_ms = await median(TIMES, () => runs.whole(house));
  const page_ms = await median(TIMES, async () => {
    const begun = performance.now();
    const { approvals } = await lead.get('/v1/approvals');
    if (approvals.length === 0) throw new Error('nothing waits');
    return performance.now() - begun;
  });
  const verdict_ms = await median(TIMES, async () => runs.decide(house, await runs.waiting(house)));
  return {
    ready_ms,
    memory_mb: Math.round(memory / 2 ** 20),
    idle_transactions_per_s: Math.round(idle),
    idle_cpu_percent: Math.round(((cpu_ms - before.cpu_ms) / idle_ms) * 100),
    ...{ run_ms, page_ms, verdict_ms },
  };
}

async function transactions(): Promise<number> {
  const { rows } = await client.query('SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()');
  return Number(rows[0].xact_commit);
}

const results: Row[] = [
  { waiting: FEW, ...few },
  { waiting: MANY, ...many },
];
const grows = (name: string, of: keyof Measured): Bar => ({
  name: `${name}, ${MANY} waiting against ${FEW}`,
  value: Number((many[of] / few[of]).toFixed(2)),
  bar: 2,
});
printReport({
  bench: 'waiting',
  results,
  bars: [
    grows('start of the process until a new run is through', 'ready_ms'),
    grows('memory', 'memory_mb'),
    grows('a new run', 'run_ms'),
    grows('the page of approvals', 'page_ms'),
    grows('a verdict until its run has ended', 'verdict_ms'),
  ],
});
