import { METRICS } from '../http/figures/counters.ts';
import { figures } from '../http/figures/figures.ts';
import { prometheusName, prometheusText } from '../http/figures/metrics.ts';

/** What `/metrics` says of a house where nothing has happened yet: every metric by its name. */
export const metricsText = (): string => prometheusText([]);

export const FIGURE_IDS: readonly string[] = figures.map(({ id }) => id);

const LABELS: Readonly<Record<keyof typeof METRICS, readonly string[]>> = {
  portreeve_records: ['figure', 'workflow'],
  portreeve_model_cost_micros: ['model', 'currency', 'workflow'],
  portreeve_model_tokens: ['model', 'direction', 'workflow'],
  portreeve_model_attempts: ['model', 'outcome', 'workflow'],
  portreeve_model_latency: ['model', 'workflow'],
  portreeve_spans: ['outcome'],
  portreeve_runs: ['state'],
  portreeve_run_queue_age_seconds: [],
  portreeve_approvals_pending: [],
  portreeve_approval_age_seconds: [],
  portreeve_handoffs_open: [],
  portreeve_handoffs_overdue: [],
  portreeve_records_unplaced: [],
  portreeve_record_place_lag_seconds: [],
  portreeve_endpoints_silent: [],
  portreeve_freezes: [],
};

/** The labels that each metric has, by its name there. A test compares them with what a house gives. */
export const METRIC_LABELS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (Object.keys(METRICS) as (keyof typeof METRICS)[]).map((metric) => [prometheusName(metric), LABELS[metric]]),
);
