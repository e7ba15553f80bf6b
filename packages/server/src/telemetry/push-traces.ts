import type { Clock, ProjectConfig } from '@portreeve/contract';
import type { About } from './otlp-resource.ts';
import { type NotTaken, type OtlpSender, otlpSender, type SenderState } from './otlp-sender.ts';
import { otlpTraces } from './otlp-traces.ts';
import type { EndedSpan, SpanSink } from './tracing.ts';

export type SenderOptions = Pick<Parameters<typeof otlpSender>[0], 'systems' | 'egress' | 'secrets'>;

/** Spans that wait to be sent, at the most: what comes then is dropped and counted. */
const WAITING_MAX = 4096;
const BATCH = 512;
/** Batches that one push sends, so that a slow receiver does not hold it for ever. */
const CLOSE_MS_MAX = 1000;
const BATCHES = WAITING_MAX / BATCH;

export interface TracePush {
  /** Where spans are put; null where none are configured. */
  readonly sink: SpanSink | null;
  /** Says where they go: what reaches out is there only later in a start. */
  open(how: SenderOptions): void;
  /** Sends what waits. Never rejects for a receiver. */
  push(): Promise<void>;
  state(): SenderState | null;
  /** Since this process started. */
  counts(): { readonly sent: number; readonly dropped: number };
  /** One more try for what waits, for a second at most. */
  close(): Promise<void>;
}

/** Sends spans by OTLP/HTTP. Nobody waits for it: a receiver that is away or slow costs spans, and nothing else. */
export function tracePush(options: {
  readonly config: ProjectConfig['telemetry']['traces'];
  readonly clock: Clock;
  readonly about: About;
}): TracePush {
  const { config, clock, about } = options;
  const counts = { sent: 0, dropped: 0 };
  if (!config) {
    const nothing = () => undefined;
    const done = async () => undefined;
    return { ...{ sink: null, open: nothing, push: done, close: done }, state: () => null, counts: () => counts };
  }
  const waiting: EndedSpan[] = [];
  let sender: OtlpSender | null = null;
  let state: SenderState = { system: config.system, sent_at: null, problem: null };

  /** Whether to go on. */
  async function sendBatch(sender: OtlpSender): Promise<boolean> {
    const batch = waiting.slice(0, BATCH);
    const failure = await sender.send(otlpTraces(batch, about)).then(
      () => null,
      (error: NotTaken) => error,
    );
    if (failure === null) counts.sent += batch.length;
    else if (!failure.again) counts.dropped += batch.length;
    if (!failure?.again) waiting.splice(0, batch.length);
    state = { ...state, problem: failure?.message ?? null, ...(failure ? {} : { sent_at: clock.now().toISOString() }) };
    return failure === null;
  }

  async function push(): Promise<void> {
    if (!sender) return;
    for (let batches = 0; waiting.length > 0 && batches < BATCHES; batches++) if (!(await sendBatch(sender))) return;
  }

  return {
    sink: {
      per_mille: config.per_mille,
      take(span) {
        if (waiting.length < WAITING_MAX) waiting.push(span);
        else counts.dropped++;
      },
    },
    open(how) {
      sender = otlpSender({ ...how, what: 'traces', to: config, rejected: { field: 'rejectedSpans', noun: 'spans' } });
    },
    push,
    state: () => state,
    counts: () => counts,
    async close() {
      const late = setTimeout(() => sender?.close(), CLOSE_MS_MAX);
      await push();
      clearTimeout(late);
      sender?.close();
    },
  };
}
