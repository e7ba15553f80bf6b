import type { AuditLogs } from '@portreeve/audit';
import type { AuditRecord, RecordData } from '@portreeve/contract';
import type { FigureQuery } from '../../store/audit-figures.ts';

export interface ModelUse {
  readonly model: string;
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Milliseconds of half of the calls, and of 95 in 100, at the most. */
  readonly p50_ms: number;
  readonly p95_ms: number;
}

/** Money by what it was spent on. */
export interface CostPart {
  /** The workflow, model, … that it is split by; null: the records have none. */
  readonly value: string | null;
  readonly currency: string;
  /** Millionths of the currency’s unit. */
  readonly micros: number;
  readonly answered: number;
  readonly failed: number;
  /** Attempts whose model has no price: they are not in the sum. */
  readonly unpriced: number;
}

/** Milliseconds of half of the answers, and of 95 in 100, at the most; null where there is none. */
export interface Latency {
  readonly answers: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
}

/** One currency over time: millionths in each part of the time, null where a part was not read whole. */
export interface Spent {
  readonly currency: string;
  readonly micros: number;
  readonly series: readonly (number | null)[];
}

/** What models cost and how long they took, over time and by what it was split by. */
export interface ModelTime {
  readonly spent: readonly Spent[];
  readonly latency: Latency & { readonly series: readonly (Latency | null)[] };
  readonly latencies: readonly (Latency & { readonly value: string | null })[];
}

/** Attempts whose content is read: more would make a page of it slow. */
const CALLS_MAX = 2000;
const PAGE = 500;
export const ATTEMPTS = ['model.answered', 'model.attempt_failed'] as const;

type Answered = RecordData<'model.answered'>;
/** What is on record of an attempt, whether it brought an answer or not. */
export interface Attempt {
  readonly refs: AuditRecord['entry']['refs'];
  /** When it was recorded, ISO 8601. */
  readonly time: string;
  readonly answered: boolean;
  readonly data: Pick<Answered, 'cost' | 'input_tokens' | 'output_tokens' | 'latency_ms' | 'model_asked'>;
}

/** The attempt of a record; null where its content was erased. */
export function attemptOf({ entry, payload }: AuditRecord): Attempt | null {
  if (!payload) return null;
  return {
    refs: entry.refs,
    time: entry.time,
    answered: entry.type === 'model.answered',
    data: payload.data as Answered,
  };
}

/**
 * Tokens, latency and cost, from the newest attempts of a time: they stand in the content of the records. A content that
 * was erased counts no more, and `whole` says whether all of the time was read.
 */
export async function modelUse(
  audit: Pick<AuditLogs, 'search'>,
  filter: { readonly since: string; readonly until: string; readonly workflows?: string[] },
  { by, parts }: Pick<FigureQuery, 'by' | 'parts'>,
): Promise<{ readonly whole: boolean; readonly models: ModelUse[]; readonly costs: CostPart[] } & ModelTime> {
  const [since, until] = [Date.parse(filter.since), Date.parse(filter.until)];
  const partOf = (time: string): number =>
    Math.min(parts - 1, Math.floor(((Date.parse(time) - since) / (until - since)) * parts));
  const attempts: Attempt[] = [];
  let after: string | null = null;
  let read = 0;
  let oldest: string | null = null;
  do {
    const page = await audit.search({
      ...{ ...filter, types: [...ATTEMPTS], limit: PAGE },
      ...(after === null ? {} : { after }),
    });
    for (const record of page.records) {
      const attempt = attemptOf(record);
      if (attempt) attempts.push(attempt);
    }
    read += page.records.length;
    oldest = page.records.at(-1)?.entry.time ?? oldest;
    after = page.next;
  } while (after !== null && read < CALLS_MAX);
  const answers = Map.groupBy(
    attempts.filter(({ answered }) => answered),
    ({ refs, data }) => refs.model ?? data.model_asked,
  );
  const models = [...answers].map(([model, all]) => useOf(model, all));
  return {
    whole: after === null,
    models: models.sort((a, b) => b.calls - a.calls),
    costs: costsOf(attempts, by),
    // Of the part in which the reading stopped some is known, and so nothing is said.
    ...timesOf(attempts, { by, parts, partOf, from: after === null || oldest === null ? 0 : partOf(oldest) + 1 }),
  };
}

/** Each part of the time by itself; those before `from` were not read. */
export function timesOf(
  attempts: readonly Attempt[],
  {
    by,
    parts,
    partOf,
    from,
  }: Pick<FigureQuery, 'by' | 'parts'> & { readonly from: number; partOf(time: string): number },
): ModelTime {
  const series = <T>(all: readonly Attempt[], of: (part: readonly Attempt[]) => T): (T | null)[] => {
    const byPart = Map.groupBy(all, ({ time }) => partOf(time));
    return Array.from({ length: parts }, (_, part) => (part < from ? null : of(byPart.get(part) ?? [])));
  };
  const answers = attempts.filter(({ answered }) => answered);
  const priced = Map.groupBy(
    attempts.filter(({ data }) => data.cost !== null),
    ({ data }) => data.cost!.currency,
  );
  const spent = [...priced].map(([currency, all]) => ({
    ...{ currency, micros: microsOf(all) },
    series: series(all, microsOf),
  }));
  const bySplit = Map.groupBy(answers, ({ refs }) => splitValue(refs, by));
  const latencies = [...bySplit].map(([value, all]) => ({ value, ...latencyOf(all) }));
  return {
    spent: spent.sort((a, b) => b.micros - a.micros),
    latency: { ...latencyOf(answers), series: series(answers, latencyOf) },
    latencies: latencies.sort((a, b) => b.p95_ms! - a.p95_ms!),
  };
}

const microsOf = (attempts: readonly Attempt[]): number =>
  attempts.reduce((sum, { data }) => sum + (data.cost?.micros ?? 0), 0);

function latencyOf(answers: readonly Attempt[]): Latency {
  const sorted = answers.map(({ data }) => data.latency_ms).sort((a, b) => a - b);
  const at = (share: number): number | null => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { answers: sorted.length, p50_ms: at(0.5), p95_ms: at(0.95) };
}

function useOf(model: string, answers: readonly Attempt[]): ModelUse {
  const { p50_ms, p95_ms } = latencyOf(answers);
  const sum = (of: (data: Attempt['data']) => number) => answers.reduce((all, { data }) => all + of(data), 0);
  return {
    model,
    calls: answers.length,
    input_tokens: sum(({ input_tokens }) => input_tokens),
    output_tokens: sum(({ output_tokens }) => output_tokens),
    // A model is named by an answer of it, so there is one.
    ...{ p50_ms: p50_ms!, p95_ms: p95_ms! },
  };
}

/** Sums in whole millionths, the dearest first. A currency of its own is a part of its own: nothing is converted. */
export function costsOf(attempts: readonly Attempt[], by: FigureQuery['by']): CostPart[] {
  const parts = Map.groupBy(attempts, ({ refs, data }) =>
    JSON.stringify([splitValue(refs, by), data.cost?.currency ?? '']),
  );
  const costs = [...parts].map(([key, all]): CostPart => {
    const [value, currency] = JSON.parse(key) as [string | null, string];
    return {
      ...{ value, currency },
      micros: microsOf(all),
      answered: all.filter(({ answered }) => answered).length,
      failed: all.filter(({ answered }) => !answered).length,
      unpriced: all.filter(({ data }) => data.cost === null).length,
    };
  });
  return costs.sort((a, b) => b.micros - a.micros || b.answered - a.answered);
}

function splitValue(refs: Attempt['refs'], by: FigureQuery['by']): string | null {
  if (by !== 'prompt') return refs[by] ?? null;
  if (refs.prompt === undefined) return null;
  return refs.prompt_version === undefined ? refs.prompt : `${refs.prompt} ${refs.prompt_version}`;
}
