import type { RecordType } from '@portreeve/contract';

/** What a figure counts: the records that this filter of the search selects, so that each number can be opened. */
export interface FigureFilter {
  readonly type: RecordType;
  readonly outcome?: string;
  /** A reason code that the record has. */
  readonly code?: string;
}

export interface Figure {
  readonly id: string;
  readonly title: string;
  /** What it stands among. */
  readonly group: string;
  readonly filter: FigureFilter;
  /** Whether more of it is worse: what somebody looks at first. */
  readonly alarm?: true;
}

const group = (name: string, figures: readonly Omit<Figure, 'group'>[]): Figure[] =>
  figures.map((figure) => ({ ...figure, group: name }));

/** What the dashboard and `/metrics` count (requirement H6), in the order in which they are shown. */
export const figures: readonly Figure[] = [
  ...group('Tasks', [
    { id: 'runs', title: 'Runs asked for', filter: { type: 'run.submitted' } },
    { id: 'runs_completed', title: 'Runs completed', filter: { type: 'run.ended', outcome: 'completed' } },
    { id: 'runs_not_admitted', title: 'Runs not admitted', filter: { type: 'run.refused' } },
    { id: 'handed_off', title: 'Handed to people', filter: { type: 'handoff.opened' } },
    { id: 'overridden', title: 'Answers changed by people', filter: { type: 'handoff.closed', outcome: 'changed' } },
    { id: 'declined', title: 'Answers declined by people', filter: { type: 'handoff.closed', outcome: 'declined' } },
  ]),
  ...group('Policy and people', [
    { id: 'refusals', title: 'Refused by policy', filter: { type: 'decision.made', outcome: 'refuse' } },
    { id: 'narrowed', title: 'Narrowed by policy', filter: { type: 'proposal.narrowed' } },
    { id: 'approvals_asked', title: 'Approvals asked for', filter: { type: 'approval.requested' } },
    { id: 'approved', title: 'Let through by people', filter: { type: 'approval.closed', outcome: 'approved' } },
    { id: 'denied', title: 'Denied by people', filter: { type: 'approval.closed', outcome: 'denied' } },
    { id: 'amended', title: 'Amended by people', filter: { type: 'approval.amended' } },
    { id: 'stamping', title: 'Stamping alarms', filter: { type: 'oversight.alarm' }, alarm: true },
    { id: 'expired', title: 'Denied by time', filter: { type: 'approval.closed', outcome: 'expired' } },
    { id: 'verdicts_refused', title: 'Verdicts refused', filter: { type: 'approval.refused_verdict' }, alarm: true },
  ]),
  ...group('Actions', [
    { id: 'executed', title: 'Actions done', filter: { type: 'execution.result', outcome: 'succeeded' } },
    { id: 'failed', title: 'Actions failed', filter: { type: 'execution.result', outcome: 'failed' } },
    { id: 'unknown', title: 'Outcomes unknown', filter: { type: 'execution.result', outcome: 'unknown' }, alarm: true },
    { id: 'grants_refused', title: 'Grants refused', filter: { type: 'grant.refused' }, alarm: true },
    { id: 'undone', title: 'Taken back', filter: { type: 'undo.ended' } },
    { id: 'needless', title: 'Needless calls', filter: { type: 'proposal.submitted', code: 'repeated_call' } },
  ]),
  ...group('Attacks and mistakes', [
    {
      id: 'findings',
      title: 'Readings with findings',
      filter: { type: 'source.read', outcome: 'flagged' },
      alarm: true,
    },
    {
      id: 'answer_findings',
      title: 'Answers of tools with findings',
      filter: { type: 'tool.answered', outcome: 'flagged' },
      alarm: true,
    },
    { id: 'unauthorised', title: 'Unauthorised attempts', filter: { type: 'api.refused' }, alarm: true },
    { id: 'sign_in_failed', title: 'Sign-ins failed', filter: { type: 'identity.sign_in_failed' }, alarm: true },
  ]),
  ...group('Models', [
    { id: 'model_calls', title: 'Model answers', filter: { type: 'model.answered' } },
    { id: 'attempts_failed', title: 'Attempts failed', filter: { type: 'model.attempt_failed' } },
    { id: 'passed_over', title: 'Fallbacks', filter: { type: 'endpoint.passed_over' } },
    { id: 'model_failed', title: 'Models silent', filter: { type: 'model.failed' } },
    { id: 'endpoint_refused', title: 'Fallbacks by policy', filter: { type: 'endpoint.refused' } },
    { id: 'output_rejected', title: 'Answers rejected', filter: { type: 'output.rejected' } },
    { id: 'drift', title: 'Drift alarms', filter: { type: 'drift.alarm' }, alarm: true },
  ]),
];

/** The types of records that figures count, and the codes that some of them ask for. */
export const TYPES: readonly string[] = [...new Set(figures.map(({ filter }) => filter.type))];
export const CODES: readonly string[] = [...new Set(figures.flatMap(({ filter }) => filter.code ?? []))];

export function isCounted(
  { filter }: Figure,
  row: { readonly type: string; readonly outcome: string; readonly codes: readonly string[] },
): boolean {
  return (
    row.type === filter.type &&
    (filter.outcome === undefined || row.outcome === filter.outcome) &&
    (filter.code === undefined || row.codes.includes(filter.code))
  );
}
