import { figureOf, missedBy, type ReleaseReport, type ReportKind, thresholdsOf } from '@portreeve/contract';
import { type Finding, fail, few, notApplicable, pass, type ReadinessInput, WORKFLOW_FILE } from './item.ts';

/** The latest report of a kind on exactly this release. */
function latest({ reports, release, contract }: ReadinessInput, kind: ReportKind): ReleaseReport | null {
  const own = reports.filter(
    (each) => each.kind === kind && each.release === release && each.workflow === contract.name,
  );
  return own.toSorted((a, b) => (a.ended < b.ended ? 1 : -1))[0] ?? null;
}

function reported(input: ReadinessInput, kind: ReportKind, what: string, run: string): Finding {
  const report = latest(input, kind);
  if (report === null) {
    const others = input.reports.some((each) => each.kind === kind && each.workflow === input.contract.name);
    return fail(
      others ? `the reports on ${what} are of other releases` : `there is no report on ${what} of this release`,
      null,
      run,
    );
  }
  const bad = report.cases.filter(({ ok }) => !ok);
  if (!report.ok || bad.length > 0) {
    const first = bad[0] ? `: ${bad[0].group}, ${bad[0].name}` : '';
    return fail(`${bad.length} of ${report.cases.length} cases did not come out as they should${first}`, null, run);
  }
  if (report.cases.length === 0) return fail(`the report on ${what} has no cases`, null, run);
  return pass(`${report.cases.length} cases, ${report.ended.slice(0, 10)}`);
}

/** H1: its own tests are green, on exactly this release. */
export function tests(input: ReadinessInput): Finding {
  return reported(input, 'tests', 'its tests', `portreeve test ${input.contract.name} --report`);
}

/** H3: the red team was run, on exactly this release. */
export function redTeam(input: ReadinessInput): Finding {
  return reported(
    input,
    'red-team',
    'the red team',
    `portreeve redteam ${input.contract.name} --report .portreeve/reports/redteam.json`,
  );
}

/** H4: what the red team of this release found keeps to the workflow's thresholds, its own or those of its risk tier. */
export function thresholds(input: ReadinessInput): Finding {
  const run = `portreeve redteam ${input.contract.name} --report .portreeve/reports/redteam.json`;
  const report = latest(input, 'red-team');
  if (report === null)
    return fail('without a red team on this release nothing is known to hold against them', null, run);
  const missed = missedBy(thresholdsOf(input.contract), report);
  const unsaid = missed.filter(({ value }) => value === null).map(({ threshold }) => figureOf(threshold));
  if (unsaid.length > 0) return fail(`the report says nothing of ${few(unsaid)}`, null, run);
  if (missed.length > 0) {
    const said = missed.map(
      ({ threshold, bound, value }) => `${figureOf(threshold)} is ${value}, the bound is ${bound}`,
    );
    return fail(
      few(said),
      WORKFLOW_FILE,
      'Raise the tier of the tool, or narrow what reaches it; then run the red team again.',
    );
  }
  return pass(`every figure of the red team keeps to its threshold, ${report.ended.slice(0, 10)}`);
}

/** H2: its owners have agreed to what it rests on. */
export function changes({ unreviewed }: ReadinessInput): Finding {
  if (unreviewed === null) return notApplicable('which changes are open, a running server knows');
  if (unreviewed.length === 0) return pass('nothing that it rests on was changed without its owners');
  const said = unreviewed.map(({ subject, state }) => `${subject} was changed (${state})`);
  return fail(
    few(said),
    null,
    `Run its tests and red team again, attach them, then: portreeve changes approve ${unreviewed[0]!.change} --reason TEXT`,
  );
}

/** C8: what the rules are meant to do is written down. */
export function golden({ golden_count, tools, contract }: ReadinessInput): Finding {
  if (golden_count > 0) return pass(`${golden_count} golden decisions`);
  const example = tools[0]?.name ?? 'a_tool';
  return fail(
    'nothing says what the rules are meant to do',
    'tests/decisions.yaml',
    `cases: [{ name: '…', request: { tool: { name: ${example} } }, outcome: ${contract.tier === 'low' ? 'permit' : 'approve'} }]`,
  );
}

/** H1: there is somewhere to go back to. */
export function rollback({ earlier_releases }: ReadinessInput): Finding {
  if (earlier_releases === null) return notApplicable('which releases have run before, a running server knows');
  if (earlier_releases === 0)
    return notApplicable('this is its first release: `portreeve freeze workflow:NAME` is the way back');
  return pass(
    `${earlier_releases} earlier ${earlier_releases === 1 ? 'release' : 'releases'}; runs in flight stay pinned to theirs`,
  );
}
