import type { RunId } from '@portreeve/contract';
import type { AuditLogs } from '../logs.ts';
import type { Redactor } from '../ports.ts';
import { parseMark } from '../redact/mark.ts';
import type { KeptOfRun } from './ports.ts';
import type { Scope } from './reveals.ts';

/** Records that are looked at for runs in which the mark stands, and runs whose data is opened. */
const RECORDS = 500;
const RUNS = 50;

export interface FoundValue {
  readonly value: string;
  readonly run: RunId;
}

/**
 * Looks for the value behind a mark where the house keeps it: in the sealed data of the runs whose records have the mark,
 * newest first, and no run beyond the scope of who asks. Nothing is kept for this: what was erased, or has ended its life,
 * is found no more.
 */
export function findBehind(parts: {
  readonly audit: Pick<AuditLogs, 'search'>;
  readonly redactor: Pick<Redactor, 'behind'>;
  readonly kept: KeptOfRun;
}): (mark: string, run: RunId | null, scope: Scope) => Promise<FoundValue | null> {
  const { audit, redactor, kept } = parts;
  return async (mark, run, scope) => {
    const mac = parseMark(mark)?.mac;
    if (mac === undefined) return null;
    const where = {
      ...(run === null ? { words: mac } : { run }),
      ...(scope === null ? {} : { workflows: [...scope] }),
    };
    const { records } = await audit.search({ ...where, limit: run === null ? RECORDS : 1 });
    const runs = new Set(records.flatMap(({ entry }) => entry.refs.run ?? []));
    for (const id of [...runs].slice(0, RUNS))
      for await (const part of kept(id)) {
        const value = redactor.behind(part, mark);
        if (value !== null) return { value, run: id };
      }
    return null;
  };
}
