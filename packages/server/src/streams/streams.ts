import { resolve } from 'node:path';
import { type AuditLogs, deliverBatch, type Sink, type StreamFormat } from '@portreeve/audit';
import { type Clock, MAIN_LOG, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import type { Egress } from '@portreeve/execute';
import { folderOf } from '../config/audit-logs.ts';
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
  /** How far each configured stream is in each log. */
  states(): Promise<StreamView[]>;
  close(): Promise<void>;
}

export interface StreamView {
  readonly name: string;
  /** The name of the log. */
  readonly log: string;
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
  readonly audit: Pick<AuditLogs, 'main' | 'all'>;
  readonly cursors: StreamStore;
  readonly egress: Pick<Egress, 'fetch' | 'connect'>;
  readonly secrets: Pick<Secrets, 'read'>;
  readonly clock: Clock;
  /** Files that streams name are relative to it. */
  readonly projectFolder: string;
}): Streams {
  const { streams, audit, cursors, clock } = options;
  const closing = new AbortController();
  const open = streams.map((config) => ({ config, ...sinkOf(config, options), wait_ms: 0, notBefore: 0 }));
  return {
    async deliver() {
      await Promise.all(
        open.map(async (stream) => {
          const { name, format } = stream.config;
          let at = audit.main.origin;
          while (!closing.signal.aborted && clock.now().getTime() >= stream.notBefore) {
            try {
              let delivered = 0;
              // One batch of each log in turn: none waits for all of another one.
              for (const { name: of, log } of audit.all) {
                at = log.origin;
                const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(BATCH_MS_MAX)]);
                const batch = { cursors, name, format, signal, sink: stream.sinkFor(of) };
                delivered += (await deliverBatch({ ...batch, read: log.read, log: at })) ?? 0;
              }
              stream.wait_ms = 0;
              if (delivered === 0) return;
            } catch (error) {
              if (closing.signal.aborted) return;
              stream.wait_ms = Math.min(stream.wait_ms * 2 || RETRY_MS.first, RETRY_MS.most);
              stream.notBefore = clock.now().getTime() + stream.wait_ms;
              await cursors.failed(name, at, problemOf(error)).catch(() => undefined);
            }
          }
        }),
      );
    },
    async states() {
      const kept = await cursors.states();
      const pairs = streams.flatMap((stream) => audit.all.map(({ name, log }) => ({ stream, of: name, log })));
      return Promise.all(
        pairs.map(async ({ stream: { name, to, format }, of, log }) => {
          const state = kept.find((each) => each.name === name && each.log === log.origin);
          const next = state?.next ?? 0;
          const size = await log.size();
          const [waiting] = next < size ? await log.read(next, 1) : [];
          return {
            ...{ name, log: of, to: to.kind, format, next, lag: Math.max(0, size - next) },
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
): { readonly sinkFor: (log: string) => Sink; readonly close?: () => Promise<void> } {
  const { to, format, name } = config;
  if (to.kind === 'file') return always(fileSink(resolve(parts.projectFolder, to.path)));
  if (to.kind === 's3') {
    const { objects, close } = openS3(name, to, { folder: parts.projectFolder, clock: parts.clock });
    const within = (folder: string): Pick<typeof objects, 'write'> => ({
      write: (path, ...rest) => objects.write(`${folder}${path}`, ...rest),
    });
    const sinkFor = (log: string) => s3Sink({ objects: within(log === MAIN_LOG ? '' : `${folderOf(log)}/`), format });
    return { sinkFor, close };
  }
  return always(systemSink(config, to, parts));
}

/** One receiver for all logs: each record names its own. */
const always = (sink: Sink) => ({ sinkFor: () => sink });

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
      hostname: parts.audit.main.origin.split('/')[0] as string,
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
