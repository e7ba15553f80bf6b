import type { Clock, ProjectConfig } from '@portreeve/contract';
import type { Counters } from '../http/figures/counters.ts';
import { otlpMetrics } from '../http/figures/otlp.ts';
import type { About } from './otlp-resource.ts';
import { type NotTaken, otlpSender, type SenderState } from './otlp-sender.ts';
import type { SenderOptions } from './push-traces.ts';

export interface MetricsPush {
  /** Sends what there is by now. Never rejects for a receiver. */
  push(): Promise<void>;
  /** Null where none is configured. */
  state(): SenderState | null;
  close(): void;
}

/** Sends the figures by OTLP/HTTP as they stand. A push that fails is not kept: the next one says more. */
export function metricsPush(
  options: SenderOptions & {
    readonly config: ProjectConfig['telemetry']['metrics'];
    readonly counters: Counters;
    readonly clock: Clock;
    readonly about: About;
  },
): MetricsPush {
  const { config, counters, clock, about } = options;
  if (!config) return { push: async () => undefined, state: () => null, close: () => undefined };
  const rejected = { field: 'rejectedDataPoints', noun: 'data points' };
  const sender = otlpSender({ ...options, what: 'metrics', to: config, rejected });
  const started = clock.now();
  let closed = false;
  let state: SenderState = { system: config.system, sent_at: null, problem: null };
  return {
    async push() {
      const samples = await counters.samples(null);
      const problem = await sender.send(otlpMetrics(samples, { ...about, started, now: clock.now() })).then(
        () => null,
        ({ message }: NotTaken) => message,
      );
      if (closed) return;
      state = { ...state, problem, ...(problem === null ? { sent_at: clock.now().toISOString() } : {}) };
    },
    state: () => state,
    close() {
      closed = true;
      sender.close();
    },
  };
}
