import { type ApprovalState, asId, type Principal, type RecordData, type StampingRules } from '@portreeve/contract';
import { figuresBy, type MeasuredDecision } from '@portreeve/govern';
import type { Services } from './services.ts';
import { viewKey } from './store/oversight.ts';

/** Decisions that one report reads at the most; the newest. */
const DECISIONS_MAX = 10_000;
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
export async function oversightReport(
  services: Needs,
  reader: Principal,
  span: { readonly since: string; readonly until: string },
  rules: StampingRules,
) {
  const { counted, unreadable, cut } = await decisionsOf(services, span);
  const visible = counted.filter(mayBeSeenBy(reader, services));
  return {
    ...span,
    rules,
    decisions: visible.length,
    unreadable,
    cut,
    teams: figuresBy(visible, ({ teams }) => teams, rules),
    reviewers: figuresBy(visible, ({ reviewer }) => [reviewer], rules),
    kinds: figuresBy(visible, ({ kind }) => [kind], rules),
    planted: seesAll(reader) ? await catchesOf(services, span) : null,
  };
}

async function decisionsOf(services: Needs, span: { readonly since: string; readonly until: string }) {
  const found = [];
  let after: string | null = null;
  do {
    const page = await services.audit.search({
      ...span,
      types: ['approval.verdict', 'approval.amended'],
      limit: PAGE,
      ...(after === null ? {} : { after }),
    });
    found.push(...page.records);
    after = page.next;
  } while (after !== null && found.length < DECISIONS_MAX);
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
  return { counted, unreadable: found.length - counted.length, cut: after !== null };
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
async function catchesOf({ audit }: Needs, span: { readonly since: string; readonly until: string }) {
  const { records } = await audit.search({ ...span, type: 'oversight.opened', limit: PAGE });
  const opened = records.flatMap(({ place, payload }) =>
    payload ? [{ record: place, ...(payload.data as RecordData<'oversight.opened'>) }] : [],
  );
  const teams = [...new Set(opened.flatMap(({ groups }) => groups))].sort();
  return teams.map((team) => {
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
}
