import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  CONTROL_STATES,
  type ControlState,
  controlCounts,
  type EvidenceControl,
  type EvidenceReport,
  type RecordEntry,
} from '@portreeve/contract';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it: nothing of it can become an element, an attribute or a direction mark. */
const esc = (text: string | number): string =>
  String(text)
    .replace(/[\p{Cf}\p{Cc}]/gu, (character) => (character === '\n' ? character : '\ufffd'))
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const STATES: Readonly<Record<ControlState, { readonly title: string; readonly means: string }>> = {
  shown: { title: 'Shown', means: 'records show each of its facts' },
  partly: { title: 'Partly shown', means: 'some facts are shown; others are gaps, or lie beyond what is recorded' },
  contrary: { title: 'Contrary', means: 'records speak against a fact' },
  gap: { title: 'Gap', means: 'no record shows anything of it' },
};
const MARKS = { shown: '\u2713', contrary: '\u2717', gap: '\u25cb' } as const;

/**
 * One HTML file with all of a report of evidence: it runs no script, asks nothing of any server, and can be printed. Its
 * proofs are for programs: they stand in the JSON form, which `portreeve-verify evidence` checks.
 */
export function evidencePage(report: EvidenceReport): string {
  const style = readFileSync(new URL('./page.css', import.meta.url), 'utf8');
  const hash = createHash('sha256').update(style).digest('base64');
  const { title, span, controls, remarks } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Evidence: ${esc(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>Evidence for ${esc(title)}</h1>
<p class="lead">What the record of Portreeve shows of each control from ${esc(span.from)} to ${esc(span.to)}, and what it does not show.</p>
${about(report)}
${counts(report)}
<p class="note">A fact is a question put to the record when this report was made. Its answer names some of the records that it rests on. Where no record shows a fact it says “gap”. Whether a control is met is for who assesses it.</p>
${remarks.length === 0 ? '' : `<h2>To be known of all of it</h2><ul>${remarks.map((remark) => `<li>${esc(remark)}</li>`).join('')}</ul>`}
<h2>Controls</h2>
${controls.map(controlHtml).join('\n')}
${recordsHtml(report)}
${logsHtml(report)}
</body>
</html>
`;
}

function about({ made_at, environment, portreeve, scope, controls }: EvidenceReport): string {
  const editions = [...new Set(controls.map(({ edition }) => edition))];
  const facts: [string, string][] = [
    ['Made', `${made_at} by Portreeve ${portreeve}`],
    ['Environment', environment],
    ['Looked at', scope === null ? 'all records' : `records of ${scope.join(', ') || 'no workflow'} alone`],
    ...editions.map((edition): [string, string] => ['Edition', edition]),
  ];
  return `<dl class="facts">${facts.map(([name, text]) => `<dt>${esc(name)}</dt><dd>${esc(text)}</dd>`).join('')}</dl>`;
}

function counts({ controls }: EvidenceReport): string {
  const numbers = controlCounts(controls);
  const item = (state: ControlState) =>
    `<li class="${state}"><strong>${numbers[state]}</strong>${STATES[state].title}<br><span class="note">${STATES[state].means}</span></li>`;
  return `<h2>In short</h2><ul class="counts">${CONTROL_STATES.map(item).join('')}</ul>`;
}

function controlHtml({ id, title, state, answers, beyond, source }: EvidenceControl): string {
  const lines = answers.map((answer) => {
    const links = answer.records.map((place) => `<a href="#record-${esc(place)}">record ${esc(place)}</a>`);
    return `<li>${MARKS[answer.state]} ${esc(answer.text)}${links.length > 0 ? ` (${links.join(', ')})` : ''} <code>${esc(answer.fact)}</code></li>`;
  });
  if (beyond !== null) lines.push(`<li>${MARKS.gap} Gap: ${esc(beyond)}</li>`);
  return `<section class="control ${state}">
<header><h3>${esc(id)} ${esc(title)}</h3><span class="state ${state}">${STATES[state].title}</span></header>
<ul>${lines.join('')}</ul>
<span class="note">Source: ${esc(source)}</span>
</section>`;
}

function recordsHtml({ proofs, logs }: EvidenceReport): string {
  if (proofs.length === 0) return '';
  const rows = proofs.map(({ place, entry }) => {
    const { id, time, type, outcome } = JSON.parse(entry) as RecordEntry;
    return `<tr id="record-${esc(place)}"><td>${esc(place)}</td><td>${esc(time)}</td><td>${esc(type)}</td><td>${esc(outcome)}</td><td><code>${esc(id)}</code></td></tr>`;
  });
  const sizes = logs.map(({ origin, size }) => `${origin} at ${size} records`).join(', ');
  return `<h2>Records that answers name</h2>
<p class="note">Each is proved to stand in its log (${esc(sizes)}): the proofs are in the JSON form of this report. Check them with <code>portreeve-verify evidence FILE</code>; show a record with <code>portreeve audit show PLACE</code>.</p>
<table><thead><tr><th>Place</th><th>Time</th><th>Type</th><th>Outcome</th><th>Record</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function logsHtml({ logs }: EvidenceReport): string {
  return logs
    .map(
      ({ origin, vkey, checkpoint }) =>
        `<h2>Checkpoint of ${esc(origin)}</h2><p class="note">Signed by <code>${esc(vkey)}</code>: compare it with the key that you were given by another way.</p><pre>${esc(checkpoint)}</pre>`,
    )
    .join('\n');
}
