import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IngestOutcome, IngestRequest, RefusalReason } from './document.ts';
import { ingest } from './ingest.ts';
import { INGEST_LIMITS, type IngestLimits } from './limits.ts';
import type { Answer, Job } from './parse-process.ts';

export interface IngesterOptions {
  readonly limits?: Partial<IngestLimits>;
  /** Documents that are read at the same time. */
  readonly workers?: number;
  /** Documents that may wait; one more is refused as `busy`. */
  readonly waiting_max?: number;
  /** Milliseconds for one document, the start of its process included. */
  readonly timeout_ms?: number;
  /** Megabytes of JavaScript heap for one document. */
  readonly heap_mb?: number;
  /** Megabytes that its process may hold in all. */
  readonly memory_mb?: number;
}

export interface Ingester {
  /** Reads one document in a process of its own. Always gives an outcome, whatever the document does. */
  read(request: IngestRequest): Promise<IngestOutcome>;
}

/** TypeScript in a checkout, JavaScript in a published package: as this file is. */
const READER = fileURLToPath(new URL(`./parse-process${extname(import.meta.url)}`, import.meta.url));
const STDERR_CHARS_MAX = 20_000;
const RECORDS_HERE_BYTES = 1024 * 1024;

/**
 * Reads documents apart from the server: each in a process of its own that is bounded in time and memory, has no
 * environment, may write no file and start no program, and ends with its document. A process and not a thread: a thread
 * that runs out of memory can take the whole server down with it. Nothing runs while nothing is read.
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
      // Small records need no process: their reader is linear, without recursion, and holds no state.
      if (request.form === 'records' && request.bytes.length <= RECORDS_HERE_BYTES) return ingest(request, limits);
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
  const { timeout_ms = 20_000, heap_mb = 256, memory_mb = 768 } = options;
  return new Promise((resolve) => {
    const child = fork(READER, [], {
      serialization: 'advanced',
      execArgv: [
        `--max-old-space-size=${heap_mb}`,
        '--permission',
        '--allow-fs-read=*',
        '--allow-worker',
        '--no-warnings',
      ],
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let outcome: IngestOutcome | null = null;
    let errors = '';
    const timer = setTimeout(() => {
      outcome ??= refused('time_out', `was not read within ${timeout_ms} ms`);
      child.kill('SIGKILL');
    }, timeout_ms);
    child.stderr?.on('data', (chunk: Buffer) => {
      if (errors.length < STDERR_CHARS_MAX) errors += chunk.toString('latin1');
    });
    child.once('message', (answer) => {
      outcome ??= (answer as Answer).outcome;
    });
    // A process that cannot be started, or to which nothing can be sent; `close` follows or has come.
    child.on('error', () => undefined);
    // The place is free when the process has ended, not before.
    child.once('close', (_code, signal) => {
      clearTimeout(timer);
      const memory = signal === 'SIGKILL' || /out of memory|OOM/i.test(errors);
      resolve(
        outcome ??
          (memory
            ? refused('out_of_memory', 'needs more memory than a document may have')
            : refused('crashed', 'its reader broke down')),
      );
    });
    const job: Job = { request, limits, memory_mb };
    child.send(job, () => undefined);
  });
}

function refused(reason: RefusalReason, detail: string): IngestOutcome {
  return { status: 'refused', reason, detail };
}
