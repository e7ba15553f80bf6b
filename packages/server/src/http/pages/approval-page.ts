import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { demandsText, type Json, type PreviewView, type PrincipalId, type Provenance } from '@portreeve/contract';
import type { ExplainedArgument } from '@portreeve/gate';
import type { ApprovalView } from '../views/approval.ts';
import { Html, html, shown } from './html.ts';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const STYLE = read('./approval-page.css');
/** All that runs on the page. */
export const APPROVAL_PAGE_SCRIPT = read('./approval-page.js');
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The policy of the page: exactly the two texts of ours, no other script, style, frame, form or address, and no text that
 * becomes a script or markup (Trusted Types).
 */
export const APPROVAL_PAGE_POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(APPROVAL_PAGE_SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** The page on which one approval is read and decided (requirement F3): whole, and with nothing of it interpreted. */
export function approvalPage(view: ApprovalView, viewer: PrincipalId): string {
  const { approval } = view;
  const title = `Approval ${approval.id}`;
  const body = html`<main data-approval="${approval.id}" data-digest="${view.digest}" data-preview="${approval.preview_digest ?? ''}" data-reason="${approval.reason_chars_min}">
<header><h1>${view.tool.title}</h1><p class="state ${approval.state}">${approval.state}, to be decided until ${approval.expires_at}</p></header>
${whatHappens(view)}${exactArguments(view)}${preview(view.preview)}${passages(view.arguments)}${noticed(view)}${rationale(view)}${rules(view)}${risk(view)}${past(view)}
<section aria-labelledby="denied"><h2 id="denied">If you refuse</h2><p>${view.on_denial}</p></section>
<section aria-labelledby="promise"><h2 id="promise">What you sign</h2><p>Your verdict names this digest, and holds for nothing else:</p><p class="mono">${view.digest}</p></section>
${view.note === null ? '' : html`<p class="note">${view.note}</p>`}
${approval.state === 'pending' ? decide(view, viewer === approval.confirm_by) : html`<p class="state ${approval.state}" role="status">It is ${approval.state}: nothing is left to decide.${view.amended_by === null ? '' : html` The approval ${view.amended_by} took its place.`}</p>`}
</main>`;
  return page(title, body, new Html(APPROVAL_PAGE_SCRIPT));
}

/** A page of few words: that somebody must sign in (and where), or that there is nothing to see. */
export function wordsPage(title: string, detail: string, next: string, signIn: string | null = null): string {
  const link = signIn === null ? '' : html`<p><a href="${signIn}">Sign in, and come back here</a></p>`;
  return page(title, html`<main><h1>${title}</h1><p>${detail}</p><p>${next}</p>${link}</main>`, null);
}

/** A page that goes on by itself, without a script. */
export function goOnPage(path: string): string {
  const refresh = html`<meta http-equiv="refresh" content="0;url=${path}">`;
  const body = html`<main><h1>One moment</h1><p><a href="${path}">Open the approval</a></p></main>`;
  return page('One moment', body, null, refresh);
}

function page(title: string, body: Html, script: Html | null, head: Html | '' = ''): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">${head}<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>Portreeve: ${title}</title><style>${new Html(STYLE)}</style></head>
<body>${body}${script === null ? '' : html`<script>${script}</script>`}</body></html>
`.markup;
}

function section(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>\n`;
}

function whatHappens({ tool, requester, workflow }: ApprovalView): Html {
  const through = requester.act.map((actor) => html`, through ${shown(actor.id)}`);
  return section(
    'what',
    'What will happen',
    html`<p class="sentence">${shown(tool.description)}</p>
<p>${shown(tool.name)} ${tool.version}, asked for by <strong>${shown(requester.name)}</strong>${through} in the workflow ${shown(workflow.title)}.</p>`,
  );
}

/** How a value came to be, in words, and how much it is to be trusted. */
const CAME: Readonly<Record<Provenance['kind'], readonly [string, 'trusted' | 'bounded' | 'untrusted']>> = {
  constant: ['by the workflow\u2019s code', 'trusted'],
  request: ['from the request', 'trusted'],
  reviewer: ['by a reviewer who amended it', 'trusted'],
  'trusted-record': ['from a trusted record', 'trusted'],
  bounded: ['of a bounded type', 'bounded'],
  'untrusted-document': ['UNTRUSTED: from a document', 'untrusted'],
  model: ['UNTRUSTED: written by the model', 'untrusted'],
};

const mark = (kind: Provenance['kind']): Html => html`<span class="mark ${CAME[kind][1]}">${CAME[kind][0]}</span>`;

function exactArguments({ args, provenance, narrowed, amends }: ApprovalView): Html {
  const kinds = new Map(provenance.map((leaf) => [leaf.path, leaf.kind]));
  const before =
    narrowed === null
      ? ''
      : html`<p>Policy narrowed it (${shown(narrowed.profiles.join(', '))}). This was asked for:</p>${table(narrowed.asked, new Map())}`;
  const amended =
    amends === null
      ? ''
      : html`<p>A reviewer (${shown(amends.by.join(', '))}) amended it. The approval ${amends.approval} asked for this:</p>${table(amends.asked, new Map())}`;
  return section('args', 'Exactly this is sent', html`${table(args, kinds)}${before}${amended}`);
}

function table(value: Json, kinds: ReadonlyMap<string, Provenance['kind']>): Html {
  const rows = leavesOf(value, '').map(([path, leaf]) => {
    const kind = kinds.get(path);
    return html`<tr class="${kind ? CAME[kind][1] : 'plain'}"><th scope="row">${shown(path)}</th><td><pre>${value_(leaf)}</pre></td><td>${kind ? mark(kind) : ''}</td></tr>\n`;
  });
  return html`<table><thead><tr><th scope="col">Argument</th><th scope="col">Value</th><th scope="col">Where it comes from</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** A text as it is; anything else as JSON, so that a number and the same digits as text do not look alike. */
function value_(value: Json): Html {
  return typeof value === 'string' ? html`\u201c${shown(value)}\u201d` : shown(JSON.stringify(value));
}

function leavesOf(value: Json, path: string): [string, Json][] {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (members.length === 0) return [[path === '' ? '/' : path, value]];
  return members.flatMap(([name, item]) =>
    leavesOf(item as Json, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

function preview(view: PreviewView | null): Html {
  if (view === null) return html``;
  const { shown: seen, changes, fields, age_s } = view;
  if (seen.state === 'missing')
    return section('preview', 'What would change is not known', html`<p>${shown(seen.text)}</p>`);
  const rows = (changes ?? []).map((change) => {
    const before = 'before' in change ? value_(change.before) : '';
    const after = 'after' in change ? value_(change.after) : '';
    return html`<tr class="${change.kind}"><th scope="row">${shown(change.path || '/')}</th><td>${change.kind}</td><td><pre>${before}</pre></td><td><pre>${after}</pre></td></tr>\n`;
  });
  const difference =
    changes === null
      ? ''
      : rows.length === 0
        ? html`<p>It would change nothing.</p>`
        : html`<table><thead><tr><th scope="col">Where</th><th scope="col">How</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>${rows}</tbody></table>`;
  const others = fields.map(
    ({ name, declared, value }) =>
      html`<tr><th scope="row">${shown(name)}${declared ? '' : ' (not declared)'}</th><td><pre>${value_(value)}</pre></td></tr>`,
  );
  return section(
    'preview',
    'What would change, as a dry run saw it',
    html`<p><span class="mark untrusted">UNTRUSTED: what the system downstream says</span> ${age_s} seconds ago. It is not looked at again before the action.</p>${difference}${others.length > 0 ? html`<table><tbody>${others}</tbody></table>` : ''}`,
  );
}

function passages(args: readonly ExplainedArgument[]): Html {
  const found = args.flatMap(({ path, kind, passages: all }) =>
    all.map(
      ({ origin, at, before, text, after, findings }) =>
        html`<li><p><strong>${shown(path)}</strong> ${mark(kind)} stands in ${shown(origin)} ${shown(at)}${findings.length > 0 ? html` <span class="mark untrusted">noticed: ${shown(findings.join(', '))}</span>` : ''}</p><pre>…${shown(before)}<mark>${shown(text)}</mark>${shown(after)}…</pre></li>\n`,
    ),
  );
  return found.length === 0 ? html`` : section('passages', 'Where it stands in what was read', html`<ul>${found}</ul>`);
}

function noticed({ findings, injection, influence }: ApprovalView): Html {
  const items = findings.map(
    ({ source, kind, count }) => html`<li class="untrusted">${shown(source)}: ${shown(kind)} (${count})</li>`,
  );
  const label = `${influence.integrity}, ${influence.confidentiality}${influence.categories.length > 0 ? ` (${influence.categories.join(', ')})` : ''}`;
  return section(
    'noticed',
    'What was noticed',
    html`<p>Made from data that is <strong>${label}</strong>. Injection score ${injection} of 1000.</p>${items.length > 0 ? html`<ul>${items}</ul>` : html`<p>Nothing else was noticed in the sources. That is no guarantee.</p>`}`,
  );
}

function rationale({ rationale: text, evidence }: ApprovalView): Html {
  const cited = evidence.map(
    ({ id, source, position, fields }) =>
      html`<details><summary>${shown(id)}: ${shown(source)}, item ${position}</summary>${table(fields, new Map())}</details>\n`,
  );
  return html`<section aria-labelledby="claim" class="claim"><h2 id="claim">What the model claims</h2><p class="note">This is a reason that a model wrote. It is a claim, and nobody has checked it.</p><blockquote><pre>${shown(text)}</pre></blockquote>${cited}</section>\n`;
}

function rules({ decision, approval }: ApprovalView): Html {
  const reasons = decision.reasons.map(
    ({ text, layer, rule }) => html`<li>${shown(text)} <code>${layer}/${shown(rule)}</code></li>`,
  );
  const needed = [
    ...(approval.demands.length > 0 ? [demandsText(approval.demands)] : []),
    ...(approval.confirm_by === null ? [] : [`confirmed by who it is done for (${approval.confirm_by})`]),
  ].join(', and ');
  const asked = {
    key: '',
    passkey: ', each with a passkey',
    device_bound: ', each with a passkey that cannot leave its device',
  };
  return section(
    'rules',
    'Why a person is asked',
    html`<ul>${reasons}</ul><p>Needed: ${shown(needed)}${asked[approval.signature]}. Given: ${approval.verdicts.length}.</p>`,
  );
}

function risk({ tool, workflow }: ApprovalView): Html {
  return section(
    'risk',
    'Risk',
    html`<p>Action tier <strong>${tool.tier}</strong> of 4, ${tool.effect} effect, <strong>${tool.reversible ? 'can be undone' : 'cannot be undone'}</strong>. The workflow\u2019s risk tier is <strong>${workflow.tier}</strong>.</p>`,
  );
}

function past({ history }: ApprovalView): Html {
  const { approved, denied, amended, expired, withdrawn } = history.closed;
  return section(
    'past',
    'Actions like this',
    html`<p>Of the last ${history.looked_at} approvals of this tool, ${approved} were approved, ${denied} denied, ${amended} amended, ${expired} expired and ${withdrawn} were withdrawn.${history.last === null ? '' : html` The last was ${history.last.state} on ${history.last.at}.`}</p>`,
  );
}

/** `confirms`: the viewer is the one in whose name it is done, and has nothing else to say to it here. */
function decide(view: ApprovalView, confirms: boolean): Html {
  const { reason_chars_min } = view.approval;
  return html`<section aria-labelledby="decide" class="decide"><h2 id="decide">Your verdict</h2>
<label for="reason">${reason_chars_min > 0 ? `Why? In your own words, at least ${reason_chars_min} letters, whatever you decide` : 'Why? (you may leave it out)'}</label>
<textarea id="reason" maxlength="2000" rows="3" autocomplete="off"></textarea>
${confirms ? html`<p>It is done in your name: confirm that it is what you want. To take it back: <code>portreeve approvals withdraw ${view.approval.id}</code>.</p><div class="verdicts"><button type="button" id="confirm" disabled>Confirm</button></div>` : html`<div class="verdicts"><button type="button" id="approve" disabled>Approve</button><button type="button" id="deny" disabled>Deny</button></div>`}
<p id="status" role="status" aria-live="polite">Without scripts nothing can be signed here: use <code>portreeve approvals show ${view.approval.id}</code>.</p></section>`;
}
