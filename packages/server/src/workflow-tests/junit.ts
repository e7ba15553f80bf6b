import type { ReleaseReport } from '@portreeve/contract';

/** Characters that XML 1.0 cannot say at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
const NOT_XML = /[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const escaped = (text: string): string =>
  text.replace(NOT_XML, '\ufffd').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Reports as JUnit XML (the form that CI systems read): a suite for each workflow, a case for each case. */
export function junitOf(reports: readonly ReleaseReport[]): string {
  const suites = reports.map(({ workflow, release, cases, started, ended }) => {
    const failures = cases.filter(({ ok }) => !ok).length;
    const seconds = ((Date.parse(ended) - Date.parse(started)) / 1000).toFixed(3);
    const lines = cases.map(({ name, group, ok, detail }) => {
      const open = `    <testcase classname="${escaped(group)}" name="${escaped(name)}"`;
      return ok ? `${open}/>` : `${open}><failure message="${escaped(detail ?? 'it failed')}"/></testcase>`;
    });
    return [
      `  <testsuite name="${escaped(workflow)}" tests="${cases.length}" failures="${failures}" time="${seconds}" timestamp="${escaped(started)}">`,
      `    <properties><property name="release" value="${escaped(release)}"/></properties>`,
      ...lines,
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
}
