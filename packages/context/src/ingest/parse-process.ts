import { Worker } from 'node:worker_threads';
import type { IngestOutcome, IngestRequest } from './document.ts';
import { ingest } from './ingest.ts';
import type { IngestLimits } from './limits.ts';

export interface Job {
  readonly request: IngestRequest;
  readonly limits: IngestLimits;
  /** Megabytes that this process may hold in all, buffers included. */
  readonly memory_mb: number;
}

export type Answer = { readonly outcome: IngestOutcome };

/** The heap is bounded by the flags of the process; buffers are not. A thread looks, since parsing leaves no pause. */
const WATCH = `
const { workerData } = require('node:worker_threads');
setInterval(() => {
  if (process.memoryUsage.rss() > workerData) process.kill(process.pid, 'SIGKILL');
}, 50);`;

/** One process reads one document and ends: nothing of a document is left for the next one. */
process.once('message', async ({ request, limits, memory_mb }: Job) => {
  new Worker(WATCH, { eval: true, workerData: memory_mb * 1024 * 1024 }).unref();
  const answer: Answer = { outcome: await ingest(request, limits) };
  process.send?.(answer, () => process.disconnect());
});
