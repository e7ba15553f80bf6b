import { asId, type RecordData, type RecordType } from '@portreeve/contract';
import type { MeasuredDecision } from '@portreeve/govern';
import type { Services } from '../services.ts';
import { viewKey } from '../store/oversight.ts';

/** Records that one look reads at the most; the newest. */
const RECORDS_MAX = 10_000;
const PAGE = 500;

export interface Span {
  /** RFC 3339. */
  readonly since: string;
  readonly until: string;
}

export interface CountedDecision extends MeasuredDecision {
  readonly workflow: string;
  readonly approval: string;
}

/** What people decided in a time, as far as it can be read. */
export async function decisionsOf(services: Pick<Services, 'audit' | 'oversight'>, span: Span) {
  const { found, cut } = await newestOf(services, span, ['approval.verdict', 'approval.amended']);
  const ids = [...new Set(found.flatMap(({ entry }) => entry.refs.approval ?? []))].map((id) => asId('approval', id));
  const [asked, views] = [await services.oversight.askedAt(ids), await services.oversight.views(ids)];
  const groups = await services.oversight.teams(ids);
  const counted = found.flatMap(({ place, entry, payload }): CountedDecision[] => {
    const { approval, tool, workflow } = entry.refs;
    const since = approval && asked.get(approval);
    if (!payload || !approval || !since) return [];
    const reviewer = entry.actor.id;
    const verdict =
      entry.type === 'approval.amended'
        ? 'amend'
        : (payload.data as RecordData<'approval.verdict'>).verdict.statement.verdict;
    return [
      {
        ...{ record: place, reviewer, verdict, approval, at: entry.time },
        ...{ kind: tool ?? 'unknown', workflow: workflow ?? 'unknown', teams: groups.get(approval) ?? [] },
        to_verdict_ms: Math.max(0, Date.parse(entry.time) - since.getTime()),
        in_view_ms: views.get(viewKey(approval, reviewer)) ?? null,
      },
    ];
  });
  return { counted, unreadable: found.length - counted.length, cut };
}

/** The newest records of these types in a time, and whether there are more than are read. */
export async function newestOf({ audit }: Pick<Services, 'audit'>, span: Span, types: RecordType[]) {
  const found = [];
  let after: string | null = null;
  do {
    const page = await audit.search({ ...span, types, limit: PAGE, ...(after === null ? {} : { after }) });
    found.push(...page.records);
    after = page.next;
  } while (after !== null && found.length < RECORDS_MAX);
  return { found, cut: after !== null };
}
