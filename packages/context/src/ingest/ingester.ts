import { Worker } from 'node:worker_threads';
import type { IngestOutcome, IngestRequest, RefusalReason } from './document.ts';
import { INGEST_LIMITS, type IngestLimits } from './limits.ts';

export interface IngesterOptions {
  readonly limits?: Partial<IngestLimits>;
  /** Documents that are read at the same time. */
  readonly workers?: number;
  /** Documents that may wait; one more is refused as `busy`. */
  readonly waiting_max?: number;
  /** Milliseconds for one document, the start of its worker included. */
  readonly timeout_ms?: number;
  /** Megabytes of JavaScript heap for one document. */
  readonly heap_mb?: number;
  /** Megabytes beside the heap (buffers) for one document. */
  readonly external_mb?: number;
}

export interface Ingester {
  /** Reads one document in a worker of its own. Always gives an outcome, whatever the document does. */
  read(request: IngestRequest): Promise<IngestOutcome>;
}

const MEMORY_LOOK_MS = 100;
const MB = 1024 * 1024;

/**
 * Reads documents apart from the server: each in a thread of its own that is bounded in time, heap and buffers, and that
 * ends with it. Nothing runs while nothing is read.
 */
export function createIngester(options: IngesterOptions = {}): Ingester {
  const { workers = 2, waiting_max = 64 } = options;
  const limits: IngestLimits = { ...INGEST_LIMITS, ...options.limits };
  const waiting: (() => void)[] = [];
  let running = 0;

  return {
    async read(request) {
      if (request.bytes.length > limits.bytes_max)
        return refused('too_large', `is larger than ${limits.bytes_max} bytes`);
      if (running >= workers) {
        if (waiting.length >= waiting_max) return refused('busy', 'too many documents are being read: try again');
        // The one that ends hands its place over, so that nobody takes it in between.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else running++;
      try {
        return await readApart(request, limits, options);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running--;
      }
    },
  };
}

function readApart(request: IngestRequest, limits: IngestLimits, options: IngesterOptions): Promise<IngestOutcome> {
  const { timeout_ms = 20_000, heap_mb = 256, external_mb = 384 } = options;
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./parse-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heap_mb, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
      // What a parser prints, and what the server knows by its environment, are no concern of the other.
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    let ended = false;
    const end = (outcome: IngestOutcome): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      clearInterval(look);
      // The place is free when the thread has ended, not before.
      void worker.terminate().then(() => resolve(outcome));
    };
    const timer = setTimeout(() => end(refused('time_out', `was not read within ${timeout_ms} ms`)), timeout_ms);
    const look = setInterval(() => {
      // Buffers lie outside the heap that the limits of a worker bound.
      worker.getHeapStatistics().then(
        ({ external_memory }) => {
          if (external_memory > external_mb * MB)
            end(refused('out_of_memory', 'needs more memory than a document may have'));
        },
        () => undefined,
      );
    }, MEMORY_LOOK_MS);
    worker.once('message', end);
    worker.once('error', (error) =>
      end(
        (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? refused('out_of_memory', 'needs more memory than a document may have')
          : refused('crashed', 'its reader broke down'),
      ),
    );
    worker.once('exit', () => end(refused('crashed', 'its reader ended without an answer')));
    // A copy: the caller keeps its bytes.
    const bytes = request.bytes.slice();
    worker.postMessage({ request: { ...request, bytes }, limits }, [bytes.buffer]);
  });
}

function refused(reason: RefusalReason, detail: string): IngestOutcome {
  return { status: 'refused', reason, detail };
}
