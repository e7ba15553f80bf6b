import { attemptName, type RedTeamReport, type ReportedAttempt } from '../report.ts';
import { escapeMarkup } from './markup.ts';

/** The attempts as JUnit XML, as continuous integration reads it: a suite for each pack and one for the thresholds. */
export function junitReport(reports: readonly RedTeamReport[]): string {
  const suites = reports.flatMap((report) => [
    ...report.packs.map(({ name }) =>
      suite(`${report.workflow}/${name}`, report.attempts.filter(({ pack }) => pack === name).map(attemptCase)),
    ),
    suite(
      `${report.workflow}/thresholds`,
      report.thresholds.map(({ figure, value, ok }) =>
        testCase(figure, 'thresholds', ok ? null : `${figure} is ${value}`),
      ),
    ),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="portreeve redteam">\n${suites.join('\n')}\n</testsuites>\n`;
}

interface Case {
  readonly failed: boolean;
  readonly xml: string;
}

const attemptCase = (attempt: ReportedAttempt): Case =>
  testCase(attemptName(attempt), attempt.pack, attempt.kind === null ? null : (attempt.fault ?? attempt.kind));

function testCase(name: string, group: string, failure: string | null): Case {
  const inner = failure === null ? '' : `<failure message="${escapeMarkup(failure)}"/>`;
  return {
    failed: failure !== null,
    xml: `<testcase classname="${escapeMarkup(group)}" name="${escapeMarkup(name)}">${inner}</testcase>`,
  };
}

function suite(name: string, cases: readonly Case[]): string {
  const failures = cases.filter(({ failed }) => failed).length;
  const head = `<testsuite name="${escapeMarkup(name)}" tests="${cases.length}" failures="${failures}" errors="0">`;
  return [head, ...cases.map(({ xml }) => xml), '</testsuite>'].join('\n');
}
