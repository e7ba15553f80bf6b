import { z } from 'zod';

/** Ways in which deciding looks like stamping. */
export const OVERSIGHT_ALARMS = ['fast', 'always_yes', 'large_batch'] as const;

/**
 * When a reviewer\u2019s way of deciding looks like stamping (requirement H7). An alarm is a reason to look, and changes nothing
 * of what was decided.
 */
export const stampingRulesSchema = z.strictObject({
  /** Seconds below which a verdict counts as fast: of the page in view, or, where that is not known, since it was asked for. */
  fast_s: z.int().min(1).max(3600).default(10),
  /** `fast`: this many per cent of the verdicts, or more, were fast. */
  fast_percent: z.int().min(1).max(100).default(50),
  /** `always_yes`: this many per cent of the verdicts, or more, were approvals. */
  yes_percent: z.int().min(50).max(100).default(98),
  /** Neither of these two is told of fewer verdicts. */
  verdicts_min: z.int().min(2).max(10_000).default(20),
  /** `large_batch`: this many verdicts, or more, by one person within a minute. */
  batch_size: z.int().min(2).max(1000).default(10),
});
export type StampingRules = z.infer<typeof stampingRulesSchema>;

/** Tests of reviewers, planted among what they are asked (requirement H7). */
export const plantingSchema = z.strictObject({
  /** For so many of a thousand real approvals of a workflow that declares cases, one is planted. 0: there is no programme. */
  per_thousand: z.int().min(0).max(500).default(0),
  /** In whose name: accounts that know of it, and that ask for real things too. */
  requesters: z.array(z.string().min(1).max(128)).max(50).default([]),
  /** At most so long after the real one, by chance. */
  delay_minutes_max: z.int().min(0).max(1440).default(30),
});
export type Planting = z.infer<typeof plantingSchema>;

export const oversightConfigSchema = z.strictObject({
  alarms: stampingRulesSchema.prefault({}),
  planted: plantingSchema.prefault({}),
});
export type OversightConfig = z.infer<typeof oversightConfigSchema>;
