import type { ApprovalState, RecordData } from '@portreeve/contract';
import { percentile } from '@portreeve/govern';
import type { Services } from '../services.ts';
import { type CountedDecision, newestOf, type Span } from './decisions.ts';

type Opened = RecordData<'oversight.opened'> & { readonly record: string };

/** How a planted proposal ended that was closed as this: seen through, let pass, or nobody looked in time. */
const CAUGHT: Readonly<Record<ApprovalState, 'caught' | 'missed' | 'unanswered'>> = {
  pending: 'unanswered',
  approved: 'missed',
  denied: 'caught',
  amended: 'caught',
  expired: 'unanswered',
  withdrawn: 'unanswered',
};

/** The planted proposals of a time that are closed, whose seal is open. */
async function openedIn(services: Pick<Services, 'audit'>, span: Span) {
  const { found, cut } = await newestOf(services, span, ['oversight.opened']);
  const opened = found.flatMap(({ place, payload }): Opened[] =>
    payload ? [{ record: place, ...(payload.data as RecordData<'oversight.opened'>) }] : [],
  );
  return { opened, cut };
}

/** What planted proposals show (requirement H7), for who may know of them; `cut` where there are more than are read. */
export async function plantedFigures(
  services: Pick<Services, 'audit'>,
  span: Span,
  counted: readonly CountedDecision[],
) {
  const { opened, cut } = await openedIn(services, span);
  return { cut, planted: catchesOf(opened, counted), planted_by: await requestersOf(services, span, opened) };
}

/** How often each team saw through one, and whether they take for it what they take for a real one. */
function catchesOf(opened: readonly Opened[], counted: readonly CountedDecision[]) {
  const planted = new Set<string>(opened.map(({ approval }) => approval));
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
      ...timesOf(counted, team, planted),
      records: theirs.map(({ record }) => record),
    };
  });
}

/** The middle of the times that a team took, for planted ones and for real ones. A confirmation is of one's own request. */
function timesOf(counted: readonly CountedDecision[], team: string, planted: ReadonlySet<string>) {
  const theirs = counted.filter(({ teams, verdict }) => teams.includes(team) && verdict !== 'confirm');
  const middle = (decisions: readonly CountedDecision[], time: (decision: CountedDecision) => number | null) =>
    percentile(
      decisions.flatMap((decision) => time(decision) ?? []),
      50,
    );
  const tests = theirs.filter(({ approval }) => planted.has(approval));
  const real = theirs.filter(({ approval }) => !planted.has(approval));
  return {
    to_verdict_p50_ms: middle(tests, ({ to_verdict_ms }) => to_verdict_ms),
    real_to_verdict_p50_ms: middle(real, ({ to_verdict_ms }) => to_verdict_ms),
    in_view_p50_ms: middle(tests, ({ in_view_ms }) => in_view_ms),
    real_in_view_p50_ms: middle(real, ({ in_view_ms }) => in_view_ms),
  };
}

/**
 * How much of what was asked for in each name was planted: an account of which that is much gives the tests away to who
 * follows their runs to the end.
 */
async function requestersOf(services: Pick<Services, 'audit'>, span: Span, opened: readonly Opened[]) {
  if (opened.length === 0) return [];
  const planted = new Set<string>(opened.map(({ approval }) => approval));
  const { found } = await newestOf(services, span, ['approval.requested']);
  const byRequester = Map.groupBy(found, ({ entry }) => entry.actor.id);
  return [...byRequester].flatMap(([requester, asked]) => {
    const tests = asked.filter(({ entry }) => planted.has(entry.refs.approval ?? '')).length;
    const planted_percent = Math.ceil((100 * tests) / asked.length);
    return tests === 0 ? [] : [{ requester, asked: asked.length, planted: tests, planted_percent }];
  });
}
