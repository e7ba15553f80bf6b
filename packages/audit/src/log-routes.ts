import { MAIN_LOG, PortreeveError, type RecordDraft, type RecordType } from '@portreeve/contract';

/** Which log a record goes into, by the logs' origins. */
export interface LogRoutes {
  /** The log of all that belongs to no workflow, or to one without a log of its own. */
  readonly main: string;
  readonly originByWorkflow: ReadonlyMap<string, string>;
}

/**
 * What every log says for itself, in a record of its own: without it, what is gone from one log would be missing for
 * whoever has that log alone.
 */
const IN_EVERY_LOG: ReadonlySet<RecordType> = new Set<RecordType>(['audit.erased']);

/** The drafts by the log that each goes into, in their order. Logs come in the order of their names, so that locks do. */
export function draftsByLog(
  drafts: readonly RecordDraft[],
  { main, originByWorkflow }: LogRoutes,
): readonly (readonly [origin: string, drafts: readonly RecordDraft[]])[] {
  const byLog = new Map<string, RecordDraft[]>();
  const put = (origin: string, draft: RecordDraft) => byLog.set(origin, [...(byLog.get(origin) ?? []), draft]);
  for (const draft of drafts) {
    if (!IN_EVERY_LOG.has(draft.type)) {
      put(originByWorkflow.get(draft.refs?.workflow ?? '') ?? main, draft);
      continue;
    }
    put(main, draft);
    // The id is that of the main log's record, which others refer to.
    const { id: _, ...copy } = draft;
    for (const origin of new Set(originByWorkflow.values())) put(origin, copy);
  }
  return [...byLog].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A place in the logs, as text. */
export const PLACE = /^(?:([a-z][a-z0-9_-]{0,63}):)?(0|[1-9][0-9]{0,14})$/;

/** A place in the logs: an index in the main log as `7`, in another one as `finance:7`. */
export function placeText(name: string, index: number): string {
  return name === MAIN_LOG ? String(index) : `${name}:${index}`;
}

/** Throws `bad_request` for what is no place. */
export function parsePlace(text: string): { readonly name: string; readonly index: number } {
  const match = PLACE.exec(text);
  if (!match) throw new PortreeveError('bad_request', 'A place is an index, or the name of a log and an index.');
  return { name: match[1] ?? MAIN_LOG, index: Number(match[2]) };
}
