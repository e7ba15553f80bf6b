import { z } from 'zod';
import { digestSchema } from './canonical.ts';
import { ENVIRONMENTS } from './environment-name.ts';
import { nameSchema } from './ids.ts';

/** The frameworks that a report of evidence can be made for (requirement H8). */
export const FRAMEWORKS = [
  'owasp-agentic',
  'owasp-llm',
  'nist-ai-rmf',
  'csa-maestro',
  'nist-800-53',
  'iso-42001',
  'soc-2',
  'eu-ai-act',
] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/**
 * What one fact found. `shown`: records show it. `contrary`: records show that it is not so. `gap`: there is no record that
 * shows anything of it.
 */
export const FACT_STATES = ['shown', 'contrary', 'gap'] as const;
export type FactState = (typeof FACT_STATES)[number];

/**
 * What is said of one control. `partly`: some of its facts are shown and some are gaps, or a part of it lies outside what
 * Portreeve records. It says what the record shows, and not that a control is met: that is for who assesses it.
 */
export const CONTROL_STATES = ['shown', 'partly', 'contrary', 'gap'] as const;
export type ControlState = (typeof CONTROL_STATES)[number];

const count = z.int().min(0);
/** An index in the main log as `7`, in another one as `finance:7`. */
const place = z.string().max(80);

const answerSchema = z.strictObject({
  fact: nameSchema,
  state: z.enum(FACT_STATES),
  text: z.string().min(1).max(1000),
  figures: z.record(nameSchema, count),
  /** Some of the records that it rests on, the newest first; each has its proof in the report. */
  records: z.array(place).max(16),
});
export type EvidenceAnswer = z.infer<typeof answerSchema>;

const controlSchema = z.strictObject({
  id: z.string().min(1).max(40),
  /** In words of ours where the text of the framework is not free. */
  title: z.string().min(1).max(300),
  edition: z.string().min(1).max(200),
  source: z.string().min(1).max(300),
  state: z.enum(CONTROL_STATES),
  answers: z.array(answerSchema).max(32),
  /** What of it Portreeve keeps no record of. */
  beyond: z.string().max(1000).nullable(),
});
export type EvidenceControl = z.infer<typeof controlSchema>;

/** Proves one record: `proof` is a `c2sp.org/tlog-proof@v1` text for the leaf `entry`. */
const proofSchema = z.strictObject({ place, proof: z.string().max(65_536), entry: z.string().max(65_536) });
export type EvidenceProof = z.infer<typeof proofSchema>;

export const evidenceReportSchema = z.strictObject({
  format: z.literal('portreeve-evidence@v1'),
  framework: z.enum(FRAMEWORKS),
  title: z.string().max(200),
  made_at: z.iso.datetime(),
  span: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }),
  portreeve: z.string().max(40),
  environment: z.enum(ENVIRONMENTS),
  /** Only records of these workflows were looked at, because the reader sees no other; null: all. */
  scope: z.array(nameSchema).nullable(),
  /** What has to be known of all of it: records that were too many to be looked at, payloads that were erased. */
  remarks: z.array(z.string().max(500)).max(64),
  controls: z.array(controlSchema).min(1).max(500),
  /** The logs that places are of, each with the checkpoint that its proofs are under. */
  logs: z
    .array(
      z.strictObject({
        name: nameSchema,
        origin: z.string().max(200),
        vkey: z.string().max(4000),
        size: count,
        checkpoint: z.string().max(65_536),
      }),
    )
    .max(64),
  /** Of every record that an answer names. */
  proofs: z.array(proofSchema).max(5000),
});
export type EvidenceReport = z.infer<typeof evidenceReportSchema>;

/** How many controls are in each state, as it stands on record that a report was made. */
export const controlCountsSchema = z.strictObject({ shown: count, partly: count, contrary: count, gap: count });

export function controlCounts(
  controls: readonly Pick<EvidenceControl, 'state'>[],
): z.infer<typeof controlCountsSchema> {
  const of = (state: ControlState) => controls.filter((each) => each.state === state).length;
  return { shown: of('shown'), partly: of('partly'), contrary: of('contrary'), gap: of('gap') };
}

/** What `evidence.reported` says of a report besides who asked for it. */
export const evidenceReportedSchema = z.strictObject({
  framework: z.enum(FRAMEWORKS),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  controls: controlCountsSchema,
  /** Of the RFC 8785 text of the report: whoever holds one can tell whether it is this one. */
  report: digestSchema,
});
