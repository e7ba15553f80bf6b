import { createHmac, type KeyObject } from 'node:crypto';
import { type About, RECORD_CLASSES, type RecordDraft, type RunId } from '@portreeve/contract';
import type { KeyStore } from './ports.ts';

/** What is about nobody is sealed for the house. */
export const HOUSE = 'house';
/** Runs whose subjects are held in memory. */
const RUNS_MAX = 10_000;
const PRINCIPAL = /^prn_[a-z0-9_-]{1,64}$/;

/**
 * The name under which somebody outside is known here: keyed, since a customer's number in clear text would outlive the
 * erasure of the customer.
 */
export function subjectName(id: string, key: Uint8Array | KeyObject): string {
  if (PRINCIPAL.test(id)) return id;
  const mac = createHmac('sha256', key).update(`portreeve/subject/1/${id}`, 'utf8').digest('hex');
  return `sub_${mac.slice(0, 32)}`;
}

export interface SubjectDirectory {
  /** Whom a record is about. Waits only for a run that this process has not seen yet. */
  of(draft: RecordDraft): readonly string[] | Promise<readonly string[]>;
  /** Notes whom a run is about; for good once the caller's transaction commits. */
  declared(run: RunId, subjects: readonly string[]): void;
  ofRun(run: RunId): Promise<readonly string[]>;
}

export function subjectDirectory(store: Pick<KeyStore, 'subjectsOf'>): SubjectDirectory {
  const byRun = new Map<RunId, readonly string[]>();
  const hold = (run: RunId, subjects: readonly string[]) => {
    // Nobody: the run may not have committed yet, and is asked for again.
    if (subjects.length === 0) return subjects;
    byRun.set(run, subjects);
    if (byRun.size > RUNS_MAX) byRun.delete(byRun.keys().next().value as RunId);
    return subjects;
  };
  const ofRun = async (run: RunId) => byRun.get(run) ?? hold(run, await store.subjectsOf(run));
  return {
    declared: hold,
    ofRun,
    of(draft) {
      const { about } = RECORD_CLASSES[draft.type];
      const own = namedIn(draft, about);
      const run = about === 'run' ? draft.refs?.run : undefined;
      if (run === undefined) return orHouse(own);
      const held = byRun.get(run);
      return held ? orHouse([...own, ...held]) : ofRun(run).then((found) => orHouse([...own, ...found]));
    },
  };
}

function namedIn(draft: RecordDraft, about: About): string[] {
  if (about === 'house') return [];
  const data = draft.data as { readonly account?: unknown; readonly subject?: unknown };
  const candidates = [draft.actor.id, ...(about === 'account' ? [data.account, data.subject] : [])];
  return candidates.filter((id): id is string => typeof id === 'string' && PRINCIPAL.test(id));
}

function orHouse(subjects: readonly string[]): readonly string[] {
  return subjects.length === 0 ? [HOUSE] : [...new Set(subjects)];
}
