import { z } from 'zod';

const ms = (most: number) => z.int().min(1).max(most);
const percent = z.int().min(1).max(100);

/** What an endpoint may be sent, by all processes together (requirement E5). What is left out is not limited. */
export const modelLimitsSchema = z.strictObject({
  requests_per_minute: z.int().min(1).max(10_000_000).optional(),
  input_tokens_per_minute: z.int().min(1).max(10_000_000_000).optional(),
  output_tokens_per_minute: z.int().min(1).max(10_000_000_000).optional(),
  /** Calls under way at a time, of each process. */
  concurrency_max: z.int().min(1).max(10_000).optional(),
  /** Questions that wait in a process at the most, and how long; after that the run waits, and not the process. */
  queue_max: z.int().min(0).max(100_000).optional(),
  queue_wait_max_ms: ms(60_000).optional(),
});

/** How an endpoint's failures are met (requirement E4). What is left out is as `RESILIENCE` of `model` has it. */
export const modelResilienceSchema = z.strictObject({
  attempts_max: z.int().min(1).max(20).optional(),
  /** Everything together; of one attempt, `timeout_s` of the endpoint says it. */
  total_timeout_ms: ms(3_600_000).optional(),
  backoff_first_ms: ms(60_000).optional(),
  backoff_max_ms: ms(600_000).optional(),
  /** The circuit opens after so many failures in a row of all processes… */
  breaker_failures: z.int().min(1).max(10_000).optional(),
  /** …or where in a window with at least so many calls so many per cent failed… */
  window_ms: ms(3_600_000).optional(),
  window_calls_min: z.int().min(1).max(1_000_000).optional(),
  failures_percent: percent.optional(),
  /** …or so many per cent were slower than the objective. */
  latency_objective_ms: ms(600_000).optional(),
  slow_percent: percent.optional(),
  breaker_half_open_after_ms: ms(3_600_000).optional(),
  open_max_ms: ms(86_400_000).optional(),
  probe_lease_ms: ms(3_600_000).optional(),
  /** Attempts a second right after an outage, doubled after each step, for so long; then as many as there are. */
  ramp_first_per_s: z.int().min(1).max(100_000).optional(),
  ramp_doubles_after_ms: ms(600_000).optional(),
  ramp_ms: ms(3_600_000).optional(),
});

/** At most so much; money in millionths of the currency's unit, where every endpoint has a price for what it is asked. */
const budgetSchema = z
  .strictObject({
    tokens: z.int().min(1).optional(),
    micros: z.int().min(1).optional(),
  })
  .refine(({ tokens, micros }) => tokens !== undefined || micros !== undefined, 'name tokens, micros or both');
export type Budget = z.infer<typeof budgetSchema>;

/** What questions to models may cost (requirement E5). Months are those of UTC. */
export const budgetsSchema = z
  .strictObject({
    /** Of each run. */
    run: budgetSchema.optional(),
    /** Of all workflows together, in a month. */
    month: budgetSchema.optional(),
    workflows: z
      .record(z.string(), z.strictObject({ run: budgetSchema.optional(), month: budgetSchema.optional() }))
      .default({}),
    /** By the business owner that workflows declare, in a month. */
    owners: z.record(z.string(), z.strictObject({ month: budgetSchema })).default({}),
  })
  .prefault({});
export type BudgetsConfig = z.infer<typeof budgetsSchema>;
