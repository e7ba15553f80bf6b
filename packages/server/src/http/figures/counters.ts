import type { AuditLog } from '@portreeve/audit';
import type { AuditFigures } from '../../store/audit-figures.ts';
import { CODES, figures, isCounted, TYPES } from './figures.ts';
import { ATTEMPTS, type Attempt, attemptOf } from './model-use.ts';

/** One number: whole, never a float. */
export interface Sample {
  readonly metric: keyof typeof METRICS;
  readonly labels: Readonly<Record<string, string>>;
  /** Null for what is of the whole house. */
  readonly workflow: string | null;
  readonly value: number;
}

const counter = (unit: string, help: string) => ({ kind: 'counter', unit, help }) as const;
const gauge = (unit: string, help: string) => ({ kind: 'gauge', unit, help }) as const;

/** Every metric, with what it says and its unit (UCUM, as OTLP has it): counters only grow, gauges are how it stands now. */
export const METRICS = {
  portreeve_records: counter('{record}', 'Records of the log that a figure of the dashboard counts.'),
  portreeve_model_cost_micros: counter(
    '{micro}',
    'Millionths of the currency that attempts to ask a model cost since this server started.',
  ),
  portreeve_model_tokens: counter('{token}', 'Tokens of attempts to ask a model since this server started.'),
  portreeve_model_attempts: counter('{attempt}', 'Attempts to ask a model since this server started.'),
  portreeve_model_latency: counter('ms', 'Milliseconds that models took to answer since this server started.'),
  portreeve_spans: counter('{span}', 'Spans of traces that were sent or dropped since this server started.'),
  portreeve_runs: gauge('{run}', 'Runs that have not ended, by state.'),
  portreeve_run_queue_age_seconds: gauge('s', 'How long the oldest run has waited to begin.'),
  portreeve_approvals_pending: gauge('{approval}', 'Approvals that people have not decided.'),
  portreeve_approval_age_seconds: gauge('s', 'How long the oldest of these has waited.'),
  portreeve_handoffs_open: gauge('{handoff}', 'Work of people that is not done.'),
  portreeve_handoffs_overdue: gauge('{handoff}', 'Of that, what should have been done by now.'),
  portreeve_records_unplaced: gauge('{record}', 'Records that wait for their place in the log.'),
  portreeve_record_place_lag_seconds: gauge('s', 'How long the oldest of these has waited.'),
  portreeve_endpoints_silent: gauge('{endpoint}', 'Model endpoints whose circuit is open.'),
  portreeve_freezes: gauge('{freeze}', 'Freezes in force.'),
} as const;

/** The labels of a sample, its workflow among them. */
export const labelsOf = ({ labels, workflow }: Sample): Readonly<Record<string, string>> =>
  workflow === null ? labels : { ...labels, workflow };

export interface Counters {
  /** What there is by now, of these workflows, or of all and of the house. */
  samples(workflows: readonly string[] | null): Promise<readonly Sample[]>;
}

const PAGE = 500;

/**
 * The figures over all logs, and what models cost since a server started, by workflow. What was counted once is kept:
 * a look reads what came since the one before, and the first one reads all counts of the index.
 */
export function figureCounters(options: {
  readonly figures: Pick<AuditFigures, 'from'>;
  /** Every log, and the index from which on attempts are read: how long it was when the server started. */
  readonly logs: readonly { readonly log: Pick<AuditLog, 'origin' | 'search'>; readonly from: number }[];
  /** What else there is to tell, asked for anew each time. */
  readonly now: () => Promise<readonly Sample[]>;
}): Counters {
  const samplesByKey = new Map<string, Sample>();
  const places = options.logs.map(({ log, from }) => ({ log, next: 0, attemptsBehind: from - 1 }));
  let reading: Promise<void> = Promise.resolve();

  const add = (metric: Sample['metric'], labels: Sample['labels'], workflow: string, by: number): void => {
    const key = JSON.stringify([metric, workflow, labels]);
    const value = (samplesByKey.get(key)?.value ?? 0) + by;
    samplesByKey.set(key, { metric, labels, workflow, value });
  };

  const addAttempt = ({ refs, answered, data }: Attempt): void => {
    const workflow = refs.workflow ?? '';
    const model = refs.model ?? data.model_asked;
    const { cost, input_tokens, output_tokens, latency_ms } = data;
    add('portreeve_model_attempts', { model, outcome: answered ? 'answered' : 'failed' }, workflow, 1);
    add('portreeve_model_latency', { model }, workflow, answered ? latency_ms : 0);
    add('portreeve_model_tokens', { model, direction: 'input' }, workflow, input_tokens);
    add('portreeve_model_tokens', { model, direction: 'output' }, workflow, output_tokens);
    if (cost) add('portreeve_model_cost_micros', { model, currency: cost.currency }, workflow, cost.micros);
  };

  async function read(): Promise<void> {
    for (const place of places) await readFrom(place);
  }

  async function readFrom(place: (typeof places)[number]): Promise<void> {
    const { log } = place;
    const { rows, next } = await options.figures.from(log.origin, place.next, TYPES, CODES);
    for (const row of rows)
      for (const { id } of figures.filter((figure) => isCounted(figure, row)))
        add('portreeve_records', { figure: id }, row.workflow ?? '', row.count);
    place.next = next;
    for (;;) {
      const { records } = await log.search({
        ...{ types: [...ATTEMPTS], order: 'oldest', limit: PAGE },
        ...(place.attemptsBehind < 0 ? {} : { after: place.attemptsBehind }),
      });
      for (const record of records) {
        const attempt = attemptOf(record);
        if (attempt) addAttempt(attempt);
        place.attemptsBehind = record.entry.index;
      }
      if (records.length < PAGE) return;
    }
  }

  return {
    async samples(workflows) {
      // One at a time: two that read from the same index would count twice.
      reading = reading.then(read, read);
      await reading;
      return [...samplesByKey.values(), ...(await options.now())].filter(
        ({ workflow }) => workflows === null || (workflow !== null && workflows.includes(workflow)),
      );
    },
  };
}
