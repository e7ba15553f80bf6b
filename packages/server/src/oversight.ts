import { asId, type Principal, type RecordData, type StampingRules } from '@portreeve/contract';
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

/** Whose decisions somebody sees: all, or their own and those on the workflows whose owners they are of. */
function mayBeSeenBy(reader: Principal, { workflows }: Needs): (decision: Counted) => boolean {
  if (reader.roles.some((role) => role === 'auditor' || role === 'admin')) return () => true;
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
  };
}

async function decisionsOf(services: Needs, span: { readonly since: string; readonly until: string }) {
  const found = [];
  let after: number | null = null;
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
  const counted = found.flatMap(({ entry, payload }): Counted[] => {
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
        ...{ record: entry.index, reviewer, verdict, at: entry.time },
        ...{ kind: tool ?? 'unknown', workflow: workflow ?? 'unknown', teams: groups.get(approval) ?? [] },
        to_verdict_ms: Math.max(0, Date.parse(entry.time) - since.getTime()),
        in_view_ms: views.get(viewKey(approval, reviewer)) ?? null,
      },
    ];
  });
  return { counted, unreadable: found.length - counted.length, cut: after !== null };
}
