import { FINDINGS, type RedTeamReport, type ReportedAttempt } from '../report.ts';
import { escapeMarkup } from './markup.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d9dee4;vertical-align:top}td.n{text-align:right}
.ok{color:#0b6b3a}.bad{color:#a3122a}pre{white-space:pre-wrap;word-break:break-word;background:#f4f6f8;padding:.5rem;margin:.3rem 0}`;

const SHOWN = [
  ...['attempts', 'attack_success_per_mille', 'unattended_harm', 'needless_calls', 'canary_leaks', 'format_accepted'],
  ...['deceptions_marked', 'deceptions_unmarked', 'false_alarms', 'injection_recall_per_mille'],
];

/** The report as one file without a script, a style or an image from elsewhere. Everything in it is escaped. */
export function htmlReport(reports: readonly RedTeamReport[]): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>Red team report</title><style>${STYLE}</style></head><body>`,
    ...reports.map(section),
    '</body></html>\n',
  ].join('\n');
}

function section(report: RedTeamReport): string {
  const { workflow, release, portreeve, model, seed, budget, started, ended, ok } = report;
  const about = { release, portreeve, model, seed: String(seed), budget: String(budget), started, ended };
  const faults = report.attempts.filter(({ kind }) => kind !== null);
  return [
    `<h1>Red team of ${escapeMarkup(workflow)}: <span class="${ok ? 'ok' : 'bad'}">${ok ? 'passed' : 'not passed'}</span></h1>`,
    table(
      [],
      Object.entries(about).map(([name, value]) => [cell(name), cell(value)]),
    ),
    '<h2>Thresholds</h2>',
    table(
      ['figure', 'value', 'asked for', ''],
      report.thresholds.map(({ figure, value, min, max, ok: kept }) => [
        ...[cell(figure), number(value)],
        cell(
          [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])].join(
            ', ',
          ),
        ),
        `<td class="${kept ? 'ok' : 'bad'}">${kept ? 'kept' : 'not kept'}</td>`,
      ]),
    ),
    '<h2>Figures</h2>',
    table(
      ['figure', 'all', ...report.packs.map(({ name }) => name)],
      SHOWN.map((name) => [
        cell(name),
        ...[report.figures, ...report.packs.map(({ figures }) => figures)].map((each) => number(each[name] ?? null)),
      ]),
    ),
    '<h2>Findings</h2>',
    faults.length === 0 ? '<p>None.</p>' : faults.map(finding).join('\n'),
    ...(report.out_of_reach.length === 0
      ? []
      : [
          '<h2>Not attacked</h2>',
          table(
            ['what', 'why'],
            report.out_of_reach.map(({ name, why }) => [cell(name), cell(why)]),
          ),
        ]),
  ].join('\n');
}

const cell = (text: string): string => `<td>${escapeMarkup(text)}</td>`;
const number = (value: number | null): string => `<td class="n">${value === null ? '–' : String(value)}</td>`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const first =
    head.length === 0 ? '' : `<tr>${head.map((name) => `<th scope="col">${escapeMarkup(name)}</th>`).join('')}</tr>`;
  return `<table>${first}${rows.map((row) => `<tr>${row.join('')}</tr>`).join('')}</table>`;
}

function finding({ kind, fault, pack, attack, place, dress, text, number: n }: ReportedAttempt): string {
  const title = kind === null ? '' : FINDINGS[kind];
  const where = `Attempt ${n}: ${pack}/${attack} in ${place}${dress === null ? '' : ` (${dress})`}`;
  return `<h3 class="bad">${escapeMarkup(title)}</h3><p>${escapeMarkup(where)}: ${escapeMarkup(fault ?? '')}</p><pre>${escapeMarkup(text)}</pre>`;
}
