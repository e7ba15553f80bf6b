import type { AuditFigures } from '../../store/audit-figures.ts';
import { figures, isCounted } from './figures.ts';

/** Prometheus text exposition format 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const TYPES = [...new Set(figures.map(({ filter }) => filter.type as string))];

/**
 * The figures as counters over all logs, by workflow. What was counted once is kept: a scrape reads what came since
 * the one before, and the first one reads all.
 */
export function figureCounters(
  store: Pick<AuditFigures, 'from' | 'logs'>,
): (workflows: readonly string[] | null) => Promise<string> {
  const countByKey = new Map<string, { figure: string; workflow: string; count: number }>();
  const nextByLog = new Map(store.logs.map((log) => [log, 0]));
  let reading: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    for (const [log, next] of nextByLog) await readFrom(log, next);
  }

  async function readFrom(log: string, next: number): Promise<void> {
    const { rows, next: behind } = await store.from(log, next, TYPES);
    for (const row of rows)
      for (const { id } of figures.filter((figure) => isCounted(figure, row))) {
        const workflow = row.workflow ?? '';
        const key = `${id} ${workflow}`;
        const { count } = countByKey.get(key) ?? { count: 0 };
        countByKey.set(key, { figure: id, workflow, count: count + row.count });
      }
    nextByLog.set(log, behind);
  }

  return async (workflows) => {
    // One at a time: two that read from the same index would count twice.
    reading = reading.then(read, read);
    await reading;
    const lines = [...countByKey.values()]
      .filter(({ workflow }) => workflows === null || workflows.includes(workflow))
      .map(
        ({ figure, workflow, count }) => `portreeve_records_total{figure="${figure}",workflow="${workflow}"} ${count}`,
      )
      .sort();
    return [
      '# HELP portreeve_records_total Records that a figure of the dashboard counts.',
      '# TYPE portreeve_records_total counter',
      ...lines,
      '',
    ].join('\n');
  };
}
