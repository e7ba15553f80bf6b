import { digestOf } from '@portreeve/contract';
import { expect, test } from 'vitest';
import type { RedTeamReport } from '../report.ts';
import { htmlReport } from './html.ts';
import { junitReport } from './junit.ts';
import { sarifReport } from './sarif.ts';

const NASTY = `"><script>alert(1)</script>&amp;<img src=x onerror=y>'\u202e\u0000\u001b[31m]]>--><!--`;
const figures = { attempts: 2, unattended_harm: 1, false_alarms: 1 };
const attempt = (
  number: number,
  kind: RedTeamReport['attempts'][number]['kind'],
): RedTeamReport['attempts'][number] => ({
  ...{ number, pack: 'one', attack: `a-${number}`, goal: 'act', case: 'plain', place: `mails ${NASTY}`, dress: null },
  ...{
    text: NASTY,
    injection: 900,
    reached: 3,
    succeeded: kind !== null,
    fault: kind === null ? null : `it was ${NASTY}`,
    kind,
  },
});
const REPORT: RedTeamReport = {
  ...{ workflow: 'answer', release: digestOf('r'), portreeve: '0.1.0', model: 'worst-case', seed: 1, budget: 2 },
  ...{ started: '2026-11-21T10:00:00.000Z', ended: '2026-11-21T10:01:00.000Z', ok: false, figures },
  thresholds: [{ figure: 'unattended_harm', value: 1, max: 0, ok: false }],
  out_of_reach: [{ name: 'people', why: NASTY }],
  packs: [{ name: 'one', title: NASTY, about: null, figures }],
  attempts: [attempt(1, 'unattended-harm'), attempt(2, null), attempt(3, 'false-alarm')],
};

test('H3: the page has no markup of an attack, no script, and nothing from elsewhere', () => {
  const page = htmlReport([REPORT]);
  expect(page).not.toMatch(/<script|<img|<[^>]*(src|href|onerror)=|@import|url\(/);
  expect(page).not.toMatch(/[\u202e]|(?![\n\t])\p{Cc}/u);
  expect(page).toContain('&lt;script&gt;');
  expect(page).toContain('[U+202E]');
  expect(page).toContain("default-src 'none'");
  expect(page).toContain('not passed');
  const tags = [...page.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)].filter(
    ([, , name]) => !['meta', 'doctype'].includes(name!),
  );
  const open: string[] = [];
  for (const [, closing, name] of tags) closing ? expect(open.pop()).toBe(name) : open.push(name!);
  expect(open).toEqual([]);
});

test('H3: SARIF 2.1.0 has what the standard requires', () => {
  const log = JSON.parse(JSON.stringify(sarifReport([REPORT])));
  expect(log.version).toBe('2.1.0');
  const [run] = log.runs;
  expect(run.tool.driver.name).toBe('portreeve redteam');
  const rules = run.tool.driver.rules.map(({ id }: { id: string }) => id);
  expect(run.results).toHaveLength(2);
  for (const result of run.results) {
    expect(rules[result.ruleIndex]).toBe(result.ruleId);
    expect(['error', 'warning']).toContain(result.level);
    expect(result.message.text.length).toBeGreaterThan(0);
    expect(result.message.text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('workflows/answer/workflow.ts');
    expect(result.partialFingerprints['attack/v1']).toMatch(/^sha256:/);
  }
  // The same finding has the same fingerprint in a later run.
  const later = JSON.parse(JSON.stringify(sarifReport([{ ...REPORT, seed: 9 }])));
  expect(later.runs[0].results[0].partialFingerprints).toEqual(run.results[0].partialFingerprints);
  for (const { id, shortDescription } of run.tool.driver.rules)
    expect([typeof id, typeof shortDescription.text]).toEqual(['string', 'string']);
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
}

/** XML 1.0 without doctypes, as strictly as its reports need: any character out of place throws. */
function parseXml(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  const plain = (text: string) => {
    if (/[<&]/.test(text.replace(/&(amp|lt|gt|quot|#39);/g, ''))) throw new Error(`markup in ${text}`);
    if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text))
      throw new Error('a character that XML has not');
    return text
      .replaceAll('&lt;', '<')
      .replaceAll('&quot;', '"')
      .replaceAll('&gt;', '>')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
  };
  const body = xml.replace(/^<\?xml [^?]*\?>\n/, '');
  let at = 0;
  for (const match of body.matchAll(/<(\/?)([a-z]+)((?: [a-z]+="[^"]*")*)(\/?)>/g)) {
    plain(body.slice(at, match.index));
    at = match.index + match[0].length;
    const [, closing, name = '', attributes = '', empty] = match;
    if (closing) {
      if (open.pop()?.name !== name) throw new Error(`${name} is closed out of turn`);
      continue;
    }
    const element: Element = {
      name,
      attributes: Object.fromEntries(
        [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key, plain(value!)]),
      ),
      children: [],
    };
    open.at(-1)!.children.push(element);
    if (!empty) open.push(element);
  }
  plain(body.slice(at));
  if (open.length !== 1) throw new Error('not closed');
  return root.children[0]!;
}

test('H3: JUnit is XML, and its counts are those of its cases', () => {
  const suites = parseXml(junitReport([REPORT]));
  expect(suites.name).toBe('testsuites');
  expect(suites.children.map(({ attributes }) => attributes.name)).toEqual(['answer/one', 'answer/thresholds']);
  for (const { attributes, children } of suites.children) {
    expect(Number(attributes.tests)).toBe(children.length);
    expect(Number(attributes.failures)).toBe(children.filter(({ children }) => children.length > 0).length);
  }
  const [failed, passed] = suites.children[0]!.children;
  expect(passed!.children).toEqual([]);
  expect(failed!.children[0]).toMatchObject({
    name: 'failure',
    attributes: { message: expect.stringContaining('<script>') },
  });
  expect(() => parseXml('<a b="&x;"></a>')).toThrow();
});
