import { resolve } from 'node:path';
import { type AuditLog, deliverBatch, type Sink, type StreamFormat } from '@portreeve/audit';
import { type Clock, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import type { Egress } from '@portreeve/execute';
import { openS3 } from '../config/open-s3.ts';
import type { Secrets } from '../config/secrets.ts';
import type { StreamStore } from '../store/audit-streams.ts';
import { fileSink } from './file-sink.ts';
import { httpSink } from './http-sink.ts';
import { s3Sink } from './s3-sink.ts';
import { syslogSink } from './syslog-sink.ts';

type StreamConfig = ProjectConfig['audit']['streams'][number];

/** Milliseconds that a receiver has for one batch. */
const BATCH_MS_MAX = 30_000;
/** Milliseconds until a delivery that failed is tried again: the first time, and at the most. */
const RETRY_MS = { first: 1000, most: 60_000 };
const SYSLOG_TLS_PORT = 6514;

export interface Streams {
  /** Delivers what is there, stream by stream, each until nothing is left or its receiver fails. Never rejects for a receiver. */
  deliver(): Promise<void>;
  /** How far each configured stream is. */
  states(size: number): Promise<StreamView[]>;
  close(): Promise<void>;
}

export interface StreamView {
  readonly name: string;
  readonly to: StreamConfig['to']['kind'];
  readonly format: StreamFormat;
  /** The index of the next record to send. */
  readonly next: number;
  /** Records that wait. */
  readonly lag: number;
  /** Since when the oldest of them has its place in the log; `null` where none waits. */
  readonly waiting_since: string | null;
  readonly delivered_at: string | null;
  readonly problem: string | null;
}

export function createStreams(options: {
  readonly streams: readonly StreamConfig[];
  readonly systems: ProjectConfig['systems'];
  readonly audit: Pick<AuditLog, 'origin' | 'read'>;
  readonly cursors: StreamStore;
  readonly egress: Pick<Egress, 'fetch' | 'connect'>;
  readonly secrets: Pick<Secrets, 'read'>;
  readonly clock: Clock;
  /** Files that streams name are relative to it. */
  readonly projectFolder: string;
}): Streams {
  const { streams, audit, cursors, clock } = options;
  const { origin: log, read } = audit;
  const closing = new AbortController();
  const open = streams.map((config) => ({ config, ...sinkOf(config, options), wait_ms: 0, notBefore: 0 }));
  return {
    async deliver() {
      await Promise.all(
        open.map(async (stream) => {
          const { name, format } = stream.config;
          while (!closing.signal.aborted && clock.now().getTime() >= stream.notBefore) {
            try {
              const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(BATCH_MS_MAX)]);
              const delivered = await deliverBatch({
                ...{ read, cursors, log, name, format, signal },
                sink: stream.sink,
              });
              stream.wait_ms = 0;
              if (!delivered) return;
            } catch (error) {
              if (closing.signal.aborted) return;
              stream.wait_ms = Math.min(stream.wait_ms * 2 || RETRY_MS.first, RETRY_MS.most);
              stream.notBefore = clock.now().getTime() + stream.wait_ms;
              await cursors.failed(name, problemOf(error)).catch(() => undefined);
            }
          }
        }),
      );
    },
    async states(size) {
      const byName = new Map((await cursors.states()).map((state) => [state.name, state]));
      return Promise.all(
        streams.map(async ({ name, to, format }) => {
          const state = byName.get(name);
          const next = state?.next ?? 0;
          const [waiting] = next < size ? await read(next, 1) : [];
          return {
            ...{ name, to: to.kind, format, next, lag: Math.max(0, size - next) },
            waiting_since: waiting ? (JSON.parse(waiting.entry) as { time: string }).time : null,
            delivered_at: state?.delivered_at?.toISOString() ?? null,
            problem: state?.problem ?? null,
          };
        }),
      );
    },
    async close() {
      closing.abort(new Error('the server stops'));
      await Promise.all(open.map(({ close }) => close?.()));
    },
  };
}

function sinkOf(
  config: StreamConfig,
  parts: Parameters<typeof createStreams>[0],
): { readonly sink: Sink; readonly close?: () => Promise<void> } {
  const { to, format, name } = config;
  if (to.kind === 'file') return { sink: fileSink(resolve(parts.projectFolder, to.path)) };
  if (to.kind === 's3') {
    const { objects, close } = openS3(name, to, { folder: parts.projectFolder, clock: parts.clock });
    return { sink: s3Sink({ objects, format }), close };
  }
  return { sink: systemSink(config, to, parts) };
}

/** Of a receiver that is a declared system. Throws `misconfigured` where there is none, or one that speaks otherwise. */
function systemSink(
  { name, format }: StreamConfig,
  to: StreamConfig['to'] & { readonly kind: 'http' | 'syslog' },
  parts: Parameters<typeof createStreams>[0],
): Sink {
  const system = Object.hasOwn(parts.systems, to.system) ? parts.systems[to.system] : undefined;
  const wanted = to.kind === 'http' ? /^https?:/ : /^syslogs:/;
  if (!system || !wanted.test(system.url))
    throw new PortreeveError(
      'misconfigured',
      `The stream ${name} needs a system ${to.system} with a ${to.kind} address.`,
      {
        next: `Declare it under \`systems\`, as ${to.kind === 'http' ? 'https://siem.example' : 'syslogs://siem.example:6514'}.`,
      },
    );
  const url = new URL(system.url);
  if (to.kind === 'syslog')
    return syslogSink({
      egress: parts.egress,
      host: url.hostname,
      port: Number(url.port) || SYSLOG_TLS_PORT,
      hostname: parts.audit.origin.split('/')[0] as string,
    });
  const { token } = to;
  return httpSink({
    fetch: parts.egress.fetch,
    url: new URL(url.href.replace(/\/+$/, '') + to.path),
    format,
    token: async () => (token === undefined ? null : await parts.secrets.read(token)),
  });
}

/** For people: the message alone. Receivers' bodies are never in it. */
function problemOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error instanceof Error ? error.message : 'the delivery failed'}${cause}`.replace(/[^\x20-\x7e]/g, '?');
}
