import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, migrate, startEmbeddedPostgres } from '@portreeve/server/internals';
import {
  bareInsert,
  type Contender,
  encryptedSequencer,
  naiveChain,
  rawMultiRow,
  sequencer,
} from './audit/contenders.ts';
import { inFlight } from './lib/in-flight.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';

// Appends a second and p50/p99 at 1, 16 and 256 in flight on PostgreSQL with fsync on: the log beside raw multi-row
// INSERTs of the same rows, one INSERT a commit, and a hash chain under a lock, in one run.

const WIDTHS = [1, 16, 256];
const MS = process.argv.includes('--quick') ? 1000 : 5000;

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
const results: Row[] = [];
const rates = new Map<string, { per_second: number; p50_ms: number }>();
try {
  const database = new Database(postgres.url);
  await migrate(database.pool);
  const contenders: Contender[] = [
    await rawMultiRow(postgres.url),
    sequencer(database),
    encryptedSequencer(database),
    await bareInsert(postgres.url),
    await naiveChain(postgres.url),
  ];
  // In turns, so that what the machine does besides falls on all of them.
  for (const width of WIDTHS)
    for (const contender of contenders) {
      const flow = await inFlight((index) => contender.append(index), width, MS);
      rates.set(`${contender.name} ${width}`, flow);
      const raw = rates.get(`raw multi-row INSERT ${width}`)!;
      results.push({
        log: contender.name,
        in_flight: width,
        ...flow,
        of_raw: Number((flow.per_second / raw.per_second).toFixed(3)),
        note: contender.note,
      });
    }
  for (const contender of contenders) await contender.close();
  await database.close();
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

const of = (name: string) => rates.get(name)!;
const bars: Bar[] = [
  {
    name: 'of raw multi-row INSERTs at 256 in flight, hashed',
    value: Number((of('portreeve, hashed 256').per_second / of('raw multi-row INSERT 256').per_second).toFixed(3)),
    bar: 0.7,
    least: true,
  },
  {
    name: 'of raw multi-row INSERTs at 256 in flight, hashed and encrypted',
    value: Number(
      (of('portreeve, hashed and encrypted 256').per_second / of('raw multi-row INSERT 256').per_second).toFixed(3),
    ),
    bar: 0.5,
    least: true,
  },
  {
    name: 'median at 1 in flight over that of a bare INSERT',
    value: Number((of('portreeve, hashed 1').p50_ms / of('bare INSERT 1').p50_ms).toFixed(3)),
    bar: 1.5,
  },
];
printReport({ bench: 'audit', results, bars });
