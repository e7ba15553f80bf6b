import { parentPort } from 'node:worker_threads';
import type { IngestRequest } from './document.ts';
import { ingest } from './ingest.ts';
import type { IngestLimits } from './limits.ts';

/** One worker reads one document and ends: nothing of a document is left for the next one. */
parentPort?.once('message', async ({ request, limits }: { request: IngestRequest; limits: IngestLimits }) => {
  parentPort?.postMessage(await ingest(request, limits));
});
