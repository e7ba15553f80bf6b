import { type Clock, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import type { Egress } from '@portreeve/execute';
import type { Secrets } from '../config/secrets.ts';
import type { Counters } from '../http/figures/counters.ts';
import { otlpMetrics } from '../http/figures/otlp.ts';

export interface MetricsPush {
  /** Sends what there is by now. Never rejects for a receiver. */
  push(): Promise<void>;
  /** Null where none is configured. */
  state(): MetricsPushState | null;
  close(): void;
}

export interface MetricsPushState {
  readonly system: string;
  readonly sent_at: string | null;
  /** Why the newest push was not taken; null where it was. */
  readonly problem: string | null;
}

const PUSH_MS_MAX = 10_000;
/** Bytes of an answer that are looked at. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Sends the figures by OTLP/HTTP as they stand. A push that fails is not kept: the next one says more. */
export function metricsPush(options: {
  readonly config: ProjectConfig['telemetry']['metrics'];
  readonly systems: ProjectConfig['systems'];
  readonly egress: Pick<Egress, 'fetch'>;
  readonly secrets: Pick<Secrets, 'read'>;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly about: { readonly version: string; readonly environment: string; readonly instance: string };
}): MetricsPush {
  const { config, systems, egress, secrets, counters, clock, about } = options;
  if (!config) return { push: async () => undefined, state: () => null, close: () => undefined };
  const system = Object.hasOwn(systems, config.system) ? systems[config.system] : undefined;
  if (!system || !/^https?:/.test(system.url))
    throw new PortreeveError(
      'misconfigured',
      `telemetry.metrics needs a system ${config.system} with an http address.`,
      {
        next: 'Declare it under `systems`, as https://collector.example:4318.',
      },
    );
  const url = new URL(system.url.replace(/\/+$/, '') + config.path);
  const started = clock.now();
  const closing = new AbortController();
  let state: MetricsPushState = { system: config.system, sent_at: null, problem: null };

  async function send(): Promise<void> {
    const samples = await counters.samples(null);
    const token = config?.token === undefined ? null : await secrets.read(config.token);
    const body = JSON.stringify(otlpMetrics(samples, { ...about, started, now: clock.now() }));
    const response = await egress.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(PUSH_MS_MAX)]),
    });
    const answer = await bounded(response);
    if (!response.ok) throw new Refused(`the receiver answered ${response.status}`);
    const rejected = rejectedIn(answer);
    if (rejected > 0) throw new Refused(`the receiver rejected ${rejected} data points`);
  }

  return {
    async push() {
      try {
        await send();
        state = { ...state, sent_at: clock.now().toISOString(), problem: null };
      } catch (error) {
        if (closing.signal.aborted) return;
        state = { ...state, problem: error instanceof Refused ? error.message : 'it cannot be reached' };
      }
    },
    state: () => state,
    close: () => closing.abort(new Error('the server stops')),
  };
}

class Refused extends Error {
  override readonly name = 'Refused';
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Refused('the receiver answered too much');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `partialSuccess` of an `ExportMetricsServiceResponse`. */
function rejectedIn(answer: string): number {
  try {
    const count = Number(JSON.parse(answer)?.partialSuccess?.rejectedDataPoints ?? 0);
    return Number.isFinite(count) ? count : 0;
  } catch {
    return 0;
  }
}
