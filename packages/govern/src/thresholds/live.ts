import {
  type ExecutionId,
  type RecordData,
  type RecordRefs,
  type RecordType,
  type RunId,
  type Thresholds,
  timeOfId,
} from '@portreeve/contract';

/** Records that the live thresholds are judged by. */
export const JUDGED_BY = [
  'run.submitted',
  'run.admitted',
  'run.ended',
  'decision.made',
  'approval.requested',
  'approval.closed',
  'execution.intent',
  'execution.result',
] as const satisfies readonly RecordType[];

export interface LiveRecord {
  readonly entry: {
    readonly index: number;
    readonly time: string;
    readonly type: RecordType;
    readonly outcome: string;
    readonly refs: RecordRefs;
  };
  /** Null where it was erased. */
  readonly payload: { readonly data: unknown } | null;
}

/** One threshold that is watched while a workflow runs, and what it is now. */
export interface LiveFigure {
  readonly threshold: 'blocked_action_per_mille_max' | 'approval_minutes_max' | 'records_complete';
  /** Null where there is too little to judge by. */
  readonly value: number | null;
  readonly bound: number;
  /** How many proposals, approvals, or runs and calls were counted. */
  readonly counted: number;
  readonly missed: boolean;
}

/**
 * What the live thresholds of a workflow come to over all of these records, oldest first, none of which is from before
 * `since`. Runs and calls that began before are not judged: their first records are not among these.
 */
export function liveFigures(
  records: readonly LiveRecord[],
  thresholds: Thresholds,
  { since, now }: { readonly since: Date; readonly now: Date },
): LiveFigure[] {
  return [
    enough('blocked_action_per_mille_max', blocked(records), thresholds),
    enough('approval_minutes_max', minutes(records), thresholds),
    complete(records, thresholds, { since, until: new Date(now.getTime() - SETTLED_MS) }),
  ];
}

function enough(
  threshold: 'blocked_action_per_mille_max' | 'approval_minutes_max',
  { value, counted }: { readonly value: number; readonly counted: number },
  thresholds: Thresholds,
): LiveFigure {
  const bound = thresholds[threshold];
  const known = counted >= thresholds.live_count_min;
  return { threshold, bound, counted, value: known ? value : null, missed: known && value > bound };
}

/** The share of proposals that policy refused when they were made. */
function blocked(records: readonly LiveRecord[]) {
  const outcomeByProposal = new Map<string, string>();
  for (const { entry } of records)
    if (entry.type === 'decision.made' && entry.refs.proposal && !outcomeByProposal.has(entry.refs.proposal))
      outcomeByProposal.set(entry.refs.proposal, entry.outcome);
  const counted = outcomeByProposal.size;
  const refused = [...outcomeByProposal.values()].filter((outcome) => outcome === 'refuse').length;
  return { counted, value: counted === 0 ? 0 : Math.round((refused * 1000) / counted) };
}

const ANSWERED: ReadonlySet<string> = new Set(['approved', 'denied', 'expired']);

/** The median of whole minutes until an approval had its answer, or nobody gave one in time. */
function minutes(records: readonly LiveRecord[]) {
  const requestedAt = new Map<string, number>();
  const waits: number[] = [];
  for (const { entry, payload } of records) {
    const { approval } = entry.refs;
    if (approval === undefined) continue;
    if (entry.type === 'approval.requested') requestedAt.set(approval, Date.parse(entry.time));
    const begun = requestedAt.get(approval);
    if (entry.type !== 'approval.closed' || begun === undefined) continue;
    const state = (payload?.data as RecordData<'approval.closed'> | undefined)?.state ?? entry.outcome;
    if (ANSWERED.has(state)) waits.push(Math.floor((Date.parse(entry.time) - begun) / 60_000));
  }
  waits.sort((a, b) => a - b);
  return { counted: waits.length, value: waits[Math.floor((waits.length - 1) / 2)] ?? 0 };
}

/** Records of one moment get their places within seconds: what ended just now is not judged yet. */
const SETTLED_MS = 60_000;

/** Ended runs without their admission, and results of calls without their intent. */
function complete(
  records: readonly LiveRecord[],
  { records_complete }: Thresholds,
  span: { readonly since: Date; readonly until: Date },
): LiveFigure {
  const seen = new Set(records.map(({ entry }) => `${entry.type} ${entry.refs.run ?? ''}`));
  const intents = new Set(
    records.flatMap(({ entry }) => (entry.type === 'execution.intent' ? [entry.refs.execution] : [])),
  );
  const ended = of(records, 'run.ended', ({ run }) => run, span);
  const results = of(records, 'execution.result', ({ execution }) => execution, span);
  const missing =
    ended.filter((run) => !seen.has(`run.submitted ${run}`) || !seen.has(`run.admitted ${run}`)).length +
    results.filter((execution) => !intents.has(execution)).length;
  const counted = ended.length + results.length;
  return { threshold: 'records_complete', bound: 0, counted, value: missing, missed: records_complete && missing > 0 };
}

/** The runs or calls that records of a type name, which began and ended within the span. */
function of<T extends RunId | ExecutionId>(
  records: readonly LiveRecord[],
  type: RecordType,
  idOf: (refs: RecordRefs) => T | undefined,
  { since, until }: { readonly since: Date; readonly until: Date },
): T[] {
  return records.flatMap(({ entry }) => {
    const id = entry.type === type ? idOf(entry.refs) : undefined;
    return id !== undefined && timeOfId(id) > since && Date.parse(entry.time) <= until.getTime() ? [id] : [];
  });
}
