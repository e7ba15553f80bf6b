import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, migrate, startEmbeddedPostgres } from '@portreeve/server/internals';
import { printReport } from './lib/report.ts';
import { makeLog } from './verify/make-log.ts';

// Records a minute that `verify` checks on PostgreSQL: everything recomputed from the stored bytes.

const RECORDS = process.argv.includes('--quick') ? 20_000 : 300_000;

const folder = await mkdtemp(join(tmpdir(), 'portreeve-bench-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
try {
  const database = new Database(postgres.url);
  await migrate(database.pool);
  const log = await makeLog(database, 'bench.example/audit', RECORDS, join(folder, 'root-keys.json'));
  await log.settle();
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const report = await log.verify();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  if (!report.ok) throw new Error(`the log does not verify: ${report.problem}`);
  const perMinute = Math.round((report.size / seconds) * 60);
  await log.close();
  await database.close();
  printReport({
    bench: 'verify',
    results: [
      {
        records: report.size,
        seconds: Number(seconds.toFixed(2)),
        cpu_seconds: Number(cpuSeconds.toFixed(2)),
        per_minute: perMinute,
      },
    ],
    bars: [{ name: 'records a minute', value: perMinute, bar: 1_000_000, least: true }],
  });
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
