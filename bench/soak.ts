import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import pg from 'pg';
import { fromMany } from './house/from-many.ts';
import { type House, startHouse, startOutside } from './house/house.ts';
import { inFlight } from './lib/in-flight.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import { ENDED_RUNS, watchEnds } from './runs/watch-ends.ts';
import { driftOf } from './soak/drift.ts';

// Whole runs for a long time, at 70 per cent of what the process carried in the beginning, come what may: what it holds and
// how long runs take must not grow. Each figure is looked at over the second half, by a line of least squares (`soak/drift.ts`).
// Usage: node bench/soak.ts [--quick] [--json] [--seconds N]: an hour, or a minute with --quick.

const quick = process.argv.includes('--quick');
const secondsAt = process.argv.indexOf('--seconds');
const SECONDS = secondsAt < 0 ? (quick ? 60 : 3600) : Number(process.argv[secondsAt + 1]);
const CAPACITY_MS = quick ? 10_000 : 60_000;
const WIDTH = 16;
const SHARE = 0.7;
/** Looks at the process. Each collects its garbage first, which stops it: too often, and the looks are what is measured. */
const LOOKS = Math.min(120, Math.max(20, Math.round(SECONDS / 30)));
/** What may be under way; more would say that it cannot keep up. */
const UNDER_WAY_MAX = 500;

interface Look {
  readonly second: number;
  readonly memory_mb: number;
  readonly heap_mb: number;
  readonly handles: number;
  readonly files: number;
  readonly connections: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const client = new pg.Client(postgres.url);
await client.connect();
const outside = await startOutside();
const ends = await watchEnds(postgres.url, ENDED_RUNS);
const looks: Look[] = [];
let house: House | null = null;
let capacity = 0;
let carried = 0;
let late = 0;
try {
  house = await startHouse({ folder, databaseUrl: postgres.url, outside: outside.url });
  const { analyst } = house.people;
  const once = async (): Promise<void> => {
    const answer = await analyst.post('/v1/runs', { workflow: 'note-order', input: { order: 'o-1' } }, fromMany());
    if (typeof answer.id !== 'string') throw new Error(JSON.stringify(answer));
    await ends.of(answer.id);
  };
  capacity = (await inFlight(once, WIDTH, CAPACITY_MS)).per_second;
  const every_ms = 1000 / (capacity * SHARE);
  let taken: number[] = [];
  let underWay = 0;
  let failed: Error | null = null;
  const begun = performance.now();
  const elapsed = () => performance.now() - begun;
  const looking = (async () => {
    for (let look = 1; look <= LOOKS && !failed; look++) {
      await after(Math.max(0, (look * SECONDS * 1000) / LOOKS - elapsed()));
      const { memory, heap, handles } = await house!.child.held();
      const { rows } = await client.query(
        `SELECT count(*)::int AS many FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'`,
      );
      const sorted = taken.sort((a, b) => a - b);
      taken = [];
      const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
      looks.push({
        second: Math.round(elapsed() / 1000),
        memory_mb: Math.round(memory / 2 ** 20),
        heap_mb: Math.round(heap / 2 ** 20),
        handles,
        files: openFiles(house!.child.pid),
        connections: rows[0].many,
        ...{ p50_ms: at(0.5), p99_ms: at(0.99) },
      });
    }
  })();
  // By the clock, not by the answers: a process that slows down is not let off.
  for (let next = 0; elapsed() < SECONDS * 1000 && !failed; next += every_ms) {
    await after(Math.max(0, next - elapsed()));
    if (underWay >= UNDER_WAY_MAX) {
      late++;
      continue;
    }
    underWay++;
    const start = performance.now();
    once()
      .then(() => {
        taken.push(performance.now() - start);
        carried++;
      })
      .catch((error: Error) => {
        failed ??= error;
      })
      .finally(() => {
        underWay--;
      });
  }
  await looking;
  if (failed) throw failed;
} finally {
  await ends.close();
  await house?.stop();
  await outside.stop();
  await client.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Descriptors that a process has open; 0 where the system does not tell. */
function openFiles(pid: number): number {
  const listed = `/proc/${pid}/fd`;
  return existsSync(listed) ? readdirSync(listed).length : 0;
}

/** What grows for real shows as more than the figure moves by itself: a share of its mean over the second half. */
const flat = (name: string, of: Exclude<keyof Look, 'second'>): Bar => ({
  name: `${name}: growth over the second half beyond its noise, per cent`,
  value: driftOf(looks.slice(LOOKS / 2).map((look) => [look.second, look[of]])),
  bar: 5,
});
const results: Row[] = [
  { what: 'at its beginning', runs_per_second: capacity },
  { what: 'carried', runs_per_second: Number((carried / SECONDS).toFixed(2)), runs: carried, not_begun: late },
  ...looks.map((look) => ({ what: 'look', ...look })),
];
printReport({
  bench: 'soak',
  results,
  bars: [
    flat('resident memory', 'memory_mb'),
    flat('heap', 'heap_mb'),
    flat('handles', 'handles'),
    flat('open files', 'files'),
    flat('connections', 'connections'),
    flat('median of a run', 'p50_ms'),
    flat('99th percentile of a run', 'p99_ms'),
    { name: 'runs not begun as too many were under way', value: late, bar: 0 },
  ],
});
