import type { AuditLogs } from '@portreeve/audit';
import type { RecordData } from '@portreeve/contract';

export interface ModelUse {
  readonly model: string;
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Milliseconds of half of the calls, and of 95 in 100, at the most. */
  readonly p50_ms: number;
  readonly p95_ms: number;
}

/** Answers whose content is read: more would make a page of it slow. */
const CALLS_MAX = 2000;
const PAGE = 500;

/**
 * Tokens and latency by model, from the newest answers of a time: what they cost stands in the content of the records. A
 * content that was erased counts no more, and `whole` says whether all of the time was read.
 */
export async function modelUse(
  audit: Pick<AuditLogs, 'search'>,
  filter: { readonly since: string; readonly until: string; readonly workflows?: string[] },
): Promise<{ readonly whole: boolean; readonly models: ModelUse[] }> {
  const answersByModel = new Map<string, RecordData<'model.answered'>[]>();
  let after: string | null = null;
  let read = 0;
  do {
    const page = await audit.search({
      ...filter,
      type: 'model.answered',
      limit: PAGE,
      ...(after === null ? {} : { after }),
    });
    for (const { payload } of page.records) {
      if (!payload) continue;
      const data = payload.data as RecordData<'model.answered'>;
      answersByModel.set(data.model_answered, [...(answersByModel.get(data.model_answered) ?? []), data]);
    }
    read += page.records.length;
    after = page.next;
  } while (after !== null && read < CALLS_MAX);
  const models = [...answersByModel].map(([model, answers]) => useOf(model, answers));
  return { whole: after === null, models: models.sort((a, b) => b.calls - a.calls) };
}

function useOf(model: string, answers: readonly RecordData<'model.answered'>[]): ModelUse {
  const latencies = answers.map(({ latency_ms }) => latency_ms).sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.max(0, Math.ceil(share * latencies.length) - 1)] ?? 0;
  const sum = (of: (answer: RecordData<'model.answered'>) => number) =>
    answers.reduce((all, each) => all + of(each), 0);
  return {
    model,
    calls: answers.length,
    input_tokens: sum(({ input_tokens }) => input_tokens),
    output_tokens: sum(({ output_tokens }) => output_tokens),
    p50_ms: at(0.5),
    p95_ms: at(0.95),
  };
}
