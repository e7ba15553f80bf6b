import type { Outcome, PolicyRequest, Reason, Remedy, Role } from '@portreeve/contract';
import { printable } from './printable.ts';
import type { LayerVerdict } from './verdict.ts';

/** A text from outside, in quotes. */
const quote = (text: string) => JSON.stringify(printable(text, 128));
const list = (texts: readonly string[]) => texts.map(quote).join(', ');

/** The reasons of one layer: of each rule that applied, or that none did, or what failed. */
export function reasonsOf(verdict: LayerVerdict, request: PolicyRequest): Reason[] {
  const { layer } = verdict;
  const reasons = verdict.applied.map(({ rule, remedy }): Reason => {
    const text = rule.code === 'out_of_scope' ? `${rule.reason} ${missingDeclaration(request)}`.trim() : rule.reason;
    return { layer, rule: rule.id, code: rule.code, text, ...(remedy === null ? {} : { remedy }) };
  });
  if (verdict.effect === 'default-deny')
    reasons.push({
      layer,
      rule: 'default-deny',
      code: 'default_deny',
      text: `No rule of the ${layer} layer permits ${describe(request)}.`,
    });
  if (verdict.effect === 'error')
    reasons.push({
      layer,
      rule: 'error',
      code: 'policy_error',
      text: `The ${layer} layer could not be evaluated, so it refuses: ${verdict.errors.join('; ')}`,
    });
  return reasons;
}

/** What the caller can do next: the words of the deciding rules, or ours. */
export function nextStep(
  outcome: Outcome,
  request: PolicyRequest,
  deciding: readonly LayerVerdict[],
  facts: { readonly remedies: readonly Remedy[]; readonly notify: readonly string[]; readonly roles: readonly Role[] },
): string {
  if (outcome === 'permit') return 'Nothing to do: it may go on.';
  if (outcome === 'notify') return `Nothing to do: it may go on, and the members of ${list(facts.notify)} are told.`;
  const sentences = deciding.flatMap(({ applied }) => applied.flatMap(({ rule }) => rule.next ?? []));
  if (outcome === 'approve' || outcome === 'narrow') sentences.push(...facts.remedies.map(remedySentence));
  else sentences.push(...deciding.flatMap((verdict) => refusalSentences(verdict, request, facts.roles)));
  return [...new Set(sentences)].join(' ');
}

const SIGNED = {
  key: '',
  passkey: ' with a passkey',
  device_bound: ' with a passkey that cannot leave its device',
} as const;

function remedySentence(remedy: Remedy): string {
  switch (remedy.kind) {
    case 'approval':
      return `${remedy.quorum === 1 ? 'One person' : `${remedy.quorum} different people`} from ${list(remedy.groups)} must approve it${SIGNED[remedy.signature ?? 'key']}; whoever asked may not.`;
    case 'confirm':
      return 'The person in whose name it is done must confirm it in person; no agent can.';
    case 'narrow':
      return `Ask again, narrowed to the profile ${quote(remedy.profile)}.`;
    case 'deidentify':
      return 'Ask again with the data de-identified.';
  }
}

function refusalSentences(verdict: LayerVerdict, request: PolicyRequest, roles: readonly Role[]): string[] {
  if (verdict.effect === 'error')
    return ['This is a fault and not a judgement: tell whoever runs Portreeve; `portreeve doctor` shows the policy.'];
  if (verdict.effect === 'default-deny' && verdict.layer === 'identity')
    return roles.length === 0
      ? ['No role may do this: it needs a rule of its own in the identity layer.']
      : [`Needs the role ${roles.join(' or ')}: ask somebody who has it, or an administrator for it.`];
  if (verdict.effect === 'default-deny')
    return [`It needs a rule in the ${verdict.layer} layer: ask whoever owns the policy.`];
  return verdict.applied.flatMap(({ rule }) => {
    if (rule.code === 'out_of_scope') return [declareIt(request)];
    return rule.next === null ? ['Ask whoever owns the policy, or hand the work to a person.'] : [];
  });
}

function missingDeclaration(request: PolicyRequest): string {
  if (request.kind === 'act')
    return `The tool ${quote(request.tool.name)} is missing from scope.tools of the workflow ${quote(request.workflow.name)}.`;
  if (request.kind === 'read')
    return `The source ${quote(request.source.name)} is missing from scope.sources of the workflow ${quote(request.workflow.name)}.`;
  return '';
}

function declareIt(request: PolicyRequest): string {
  if (request.kind !== 'act' && request.kind !== 'read') return 'Declare it in the workflow’s scope.';
  const [what, name, where] =
    request.kind === 'act'
      ? ['tool', request.tool.name, 'scope.tools']
      : ['source', request.source.name, 'scope.sources'];
  return `Declare the ${what} ${quote(name)} in ${where} of the workflow ${quote(request.workflow.name)} and release it anew, or use a declared one.`;
}

/** The request in a few words. */
function describe(request: PolicyRequest): string {
  switch (request.kind) {
    case 'act':
      return `the tool ${quote(request.tool.name)} for the workflow ${quote(request.workflow.name)}`;
    case 'admit':
      return `a run of the workflow ${quote(request.workflow.name)}`;
    case 'read':
      return `the source ${quote(request.source.name)} for the workflow ${quote(request.workflow.name)}`;
    case 'ask':
      return `the model endpoint ${quote(request.endpoint.name)} for the workflow ${quote(request.workflow.name)}`;
    case 'api':
      return `the operation ${quote(request.operation)}`;
  }
}
