import {
  type ApprovalState,
  asId,
  type Principal,
  type RecordData,
  type RecordType,
  type StampingRules,
} from '@portreeve/contract';
import { figuresBy, type MeasuredDecision } from '@portreeve/govern';
import type { Services } from './services.ts';
import { viewKey } from './store/oversight.ts';

/** Decisions, and planted tests, that one report reads at the most; the newest. */
const RECORDS_MAX = 10_000;
const PAGE = 500;

type Needs = Pick<Services, 'audit' | 'oversight' | 'workflows'>;
interface Counted extends MeasuredDecision {
  readonly workflow: string;
}

const seesAll = ({ roles }: Principal): boolean => roles.some((role) => role === 'auditor' || role === 'admin');

/** Whose decisions somebody sees: all, or their own and those on the workflows whose owners they are of. */
function mayBeSeenBy(reader: Principal, { workflows }: Needs): (decision: Counted) => boolean {
  if (seesAll(reader)) return () => true;
  const owned = new Set(
    workflows
      .filter(({ definition }) =>
        Object.values(definition.contract.owners).some((group) => reader.groups.includes(group)),
      )
      .map(({ definition }) => definition.contract.name),
  );
  return ({ reviewer, workflow }) => reviewer === reader.id || owned.has(workflow);
}

/** How people decide (requirement H7), as far as the reader may see it; every figure names the records that it is of. */
export async function oversightReport(services: Needs, reader: Principal, span: Span, rules: StampingRules) {
  const { counted, unreadable, cut } = await decisionsOf(services, span);
  const catches = seesAll(reader) ? await catchesOf(services, span) : null;
  const visible = counted.filter(mayBeSeenBy(reader, services));
  return {
    ...span,
    rules,
    decisions: visible.length,
    unreadable,
    cut: cut || catches?.cut === true,
    teams: figuresBy(visible, ({ teams }) => teams, rules),
    reviewers: figuresBy(visible, ({ reviewer }) => [reviewer], rules),
    kinds: figuresBy(visible, ({ kind }) => [kind], rules),
    planted: catches?.teams ?? null,
  };
}

interface Span {
  readonly since: string;
  readonly until: string;
}

/** The newest records of some types, page by page; `cut` where there are more than one report reads. */
async function recordsOf({ audit }: Pick<Needs, 'audit'>, types: readonly RecordType[], span: Span) {
  const found = [];
  let after: string | null = null;
  do {
    const page = await audit.search({ ...span, types: [...types], limit: PAGE, ...(after === null ? {} : { after }) });
    found.push(...page.records);
    after = page.next;
  } while (after !== null && found.length < RECORDS_MAX);
  return { found, cut: after !== null };
}

async function decisionsOf(services: Needs, span: Span) {
  const { found, cut } = await recordsOf(services, ['approval.verdict', 'approval.amended'], span);
  const ids = [...new Set(found.flatMap(({ entry }) => entry.refs.approval ?? []))].map((id) => asId('approval', id));
  const [asked, views] = [await services.oversight.askedAt(ids), await services.oversight.views(ids)];
  const groups = await services.oversight.teams(ids);
  const counted = found.flatMap(({ place, entry, payload }): Counted[] => {
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
        ...{ record: place, reviewer, verdict, at: entry.time },
        ...{ kind: tool ?? 'unknown', workflow: workflow ?? 'unknown', teams: groups.get(approval) ?? [] },
        to_verdict_ms: Math.max(0, Date.parse(entry.time) - since.getTime()),
        in_view_ms: views.get(viewKey(approval, reviewer)) ?? null,
      },
    ];
  });
  return { counted, unreadable: found.length - counted.length, cut };
}

/** How a planted proposal ended that was closed as this: seen through, let pass, or nobody looked in time. */
const CAUGHT: Readonly<Record<ApprovalState, 'caught' | 'missed' | 'unanswered'>> = {
  pending: 'unanswered',
  approved: 'missed',
  denied: 'caught',
  amended: 'caught',
  expired: 'unanswered',
  withdrawn: 'unanswered',
};

/** How often each team saw through a planted proposal: of those that are closed, whose seal is open. */
export async function catchesOf(services: Pick<Needs, 'audit'>, span: Span) {
  const { found, cut } = await recordsOf(services, ['oversight.opened'], span);
  const opened = found.flatMap(({ place, payload }) =>
    payload ? [{ record: place, ...(payload.data as RecordData<'oversight.opened'>) }] : [],
  );
  const teams = [...new Set(opened.flatMap(({ groups }) => groups))].sort();
  const byTeam = teams.map((team) => {
    const theirs = opened.filter(({ groups }) => groups.includes(team));
    const count = (end: 'caught' | 'missed' | 'unanswered') =>
      theirs.filter(({ state }) => CAUGHT[state] === end).length;
    const [caught, missed, unanswered] = [count('caught'), count('missed'), count('unanswered')];
    const answered = caught + missed;
    return {
      ...{ team, planted: theirs.length, caught, missed, unanswered },
      caught_percent: answered === 0 ? null : Math.floor((100 * caught) / answered),
      records: theirs.map(({ record }) => record),
    };
  });
  return { teams: byTeam, cut };
}
