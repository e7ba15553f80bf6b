import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import { type Child, startChild } from './lib/children.ts';
import { type Flow, inFlight } from './lib/in-flight.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';
import { bareSdk, type Contender, governed } from './model/contenders.ts';

// What asking through Portreeve adds to the bare SDK, against the same local server, at 1, 10 and 50 in flight, as a
// stream and in one piece, with records on (PostgreSQL with fsync on). The bars are against a server that answers after
// 100 ms, which is quick for a model: at 50 in flight an instant one measures how many calls a second two cores make.
// Those figures stand beside them.

const WIDTHS = [1, 10, 50];
const quick = process.argv.includes('--quick');
const MS = quick ? 1500 : 6000;
const DELAYS_MS = [100, 0];

interface Measured extends Flow {
  readonly first_ms: number | null;
}

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const children: Child[] = [];
const results: Row[] = [];
const measured = new Map<string, Measured>();
const example = fileURLToPath(new URL('../examples/incident-summary/', import.meta.url));
try {
  for (const delay_ms of DELAYS_MS) {
    const vendor = await startChild(new URL('model/vendor.ts', import.meta.url), { delay_ms });
    children.push(vendor);
    const contenders = [bareSdk(vendor.url), await governed(vendor.url, postgres.url, join(folder, 'state'), example)];
    for (const width of WIDTHS)
      for (const stream of [false, true])
        for (const contender of contenders) await run(contender, delay_ms, width, stream);
    for (const contender of contenders) await contender.close();
  }
} finally {
  for (const child of children) await child.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function run(contender: Contender, delay_ms: number, width: number, stream: boolean): Promise<void> {
  const firsts: number[] = [];
  let calls = 0;
  const cpu = process.cpuUsage();
  const flow = await inFlight(
    async () => {
      const first = await contender.ask(stream);
      calls++;
      if (first !== null) firsts.push(first);
    },
    width,
    MS,
  );
  const { user, system } = process.cpuUsage(cpu);
  firsts.sort((a, b) => a - b);
  const first_ms = firsts.length === 0 ? null : Number(firsts[Math.floor(firsts.length / 2)]!.toPrecision(4));
  measured.set(`${contender.name} ${delay_ms} ${width} ${stream}`, { ...flow, first_ms });
  results.push({
    ...{ way: contender.name, server: delay_ms === 0 ? 'instant' : `${delay_ms} ms` },
    ...{ in_flight: width, stream: stream ? 'yes' : 'no', ...flow, first_text_ms: first_ms },
    // Of this process alone, warm-up included: what else the machine does changes it less than the rest.
    cpu_ms: Number(((user + system) / 1000 / calls).toPrecision(3)),
    added_ms: addedBy(delay_ms, width, stream, 'p50_ms'),
    added_to_first_ms: addedBy(delay_ms, width, stream, 'first_ms'),
  });
}

/** What ours adds to the median of the bare SDK; null before both were measured. */
function addedBy(delay_ms: number, width: number, stream: boolean, what: 'p50_ms' | 'first_ms'): number | null {
  const bare = measured.get(`bare SDK ${delay_ms} ${width} ${stream}`)?.[what];
  const ours = measured.get(`portreeve, records on ${delay_ms} ${width} ${stream}`)?.[what];
  return bare == null || ours == null ? null : Number((ours - bare).toFixed(3));
}

const [delay_ms = 0] = DELAYS_MS;
const bar = (name: string, value: number | null, limit: number): Bar => ({ name, value: value ?? 1e9, bar: limit });
const bars: Bar[] = [
  bar('added to the median at 1 in flight, ms', addedBy(delay_ms, 1, false, 'p50_ms'), 2),
  bar('added to the median of a stream at 1 in flight, ms', addedBy(delay_ms, 1, true, 'p50_ms'), 2),
  bar('added to the median at 50 in flight, ms', addedBy(delay_ms, 50, false, 'p50_ms'), 10),
  bar('added to the median of a stream at 50 in flight, ms', addedBy(delay_ms, 50, true, 'p50_ms'), 10),
  bar('added to the first text of a stream at 1 in flight, ms', addedBy(delay_ms, 1, true, 'first_ms'), 3),
  bar('added to the first text of a stream at 50 in flight, ms', addedBy(delay_ms, 50, true, 'first_ms'), 3),
];
printReport({ bench: 'model', results, bars });
