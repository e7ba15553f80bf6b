import { getValidRequestEnvsPolicy, type PolicyJson, validate } from '@cedar-policy/cedar-wasm/nodejs';
import type { Remedy } from '@portreeve/contract';
import { lineOfByte, type Problems } from './problems.ts';
import { REMEDY_ACTIONS, WORKFLOW_GROUPS } from './remedy.ts';
import type { Rule } from './rules.ts';

const WORK: readonly string[] = ['act', 'admit', 'read', 'ask'];

/**
 * Strict validation against the schema, then what Cedar cannot know about remedies. A warning counts as an error: the
 * commonest is "policy is impossible", and a forbid that can never apply protects nothing.
 */
export function checkRules(rules: readonly Rule[], schema: string, problems: Problems): void {
  const answer = validate({
    schema,
    policies: { staticPolicies: Object.fromEntries(rules.map((rule) => [rule.id, rule.policy])) },
    validationSettings: { mode: 'strict' },
  });
  if (answer.type === 'failure') {
    for (const error of answer.errors) problems.addAt('policies', 1, null, error);
    return;
  }
  const ruleById = new Map(rules.map((rule) => [rule.id, rule]));
  for (const { policyId, error } of [...answer.validationErrors, ...answer.validationWarnings]) {
    const rule = ruleById.get(policyId);
    const start = rule !== undefined && typeof rule.policy === 'string' ? error.sourceLocations?.[0]?.start : undefined;
    const line = rule === undefined ? 1 : rule.line + (start === undefined ? 0 : lineOfByte(rule.text, start) - 1);
    problems.addAt(rule?.file ?? 'policies', line, rule?.id ?? policyId, error);
  }
  for (const error of answer.otherWarnings) problems.addAt('policies', 1, null, error);
  if (answer.validationErrors.length === 0) for (const rule of rules) checkPromises(rule, schema, problems);
}

/** What to write where a remedy stands on what it cannot lift. */
const NARROWER: Readonly<Record<Remedy['kind'], string>> = {
  approval: 'write the rule for `action == Action::"act"`',
  confirm: 'write the rule for `action == Action::"act"`',
  narrow:
    'write the rule for `action == Action::"act"`; a source gives fewer fields by its declaration, and a question is asked with pseudonyms by `@remedy("deidentify")`',
  deidentify:
    'write the rule for `action == Action::"ask"`; an action is made smaller by a profile of its tool, `@remedy("narrow:PROFILE")`',
};

/** A remedy must be able to lift its rule, and a notice must reach somebody. */
function checkPromises(rule: Rule, schema: string, problems: Problems): void {
  const { remedy } = rule;
  if (remedy !== null) {
    const allowed = REMEDY_ACTIONS[remedy.kind];
    const others = actionsBeyond(allowed, rule, schema);
    if (others.length > 0)
      problems.addAt(rule.file, rule.line, rule.id, {
        message: `@remedy ${remedy.kind} can lift only ${allowed.join(', ')}; the rule covers ${others.join(', ')} too`,
        help: NARROWER[remedy.kind],
      });
  }
  if (remedy?.kind === 'approval') {
    // INVARIANT: policy is told who approved and for which groups, not for which rule. A rule that means a certain group
    // must say so in its condition; otherwise the voices that another rule asked for would lift it.
    const facts = { passkey: ['passkeys', 'device_bound'], device_bound: ['device_bound'], key: [] } as const;
    const asked = facts[remedy.signature ?? 'key'];
    if (asked.length > 0 && !mentionsApproval(rule.json, asked))
      problems.add(rule, `@remedy asks for a signature, so the condition must test context.approval.${asked[0]}`);
    const named = remedy.groups.some((group) => group !== WORKFLOW_GROUPS);
    if (named && !mentionsApproval(rule.json, ['groups']))
      problems.add(rule, '@remedy names a group, so the condition must test context.approval.groups for it');
    else if (!mentionsApproval(rule.json, ['groups', 'count', 'passkeys', 'device_bound']))
      problems.add(rule, 'no approval would lift this: the condition must test context.approval.count');
  }
  if (remedy?.kind === 'confirm' && !mentionsApproval(rule.json, ['confirmed']))
    problems.add(rule, 'no confirmation would lift this: the condition must test context.approval.confirmed');
  if (rule.notify.includes(WORKFLOW_GROUPS)) {
    const others = actionsBeyond(WORK, rule, schema);
    if (others.length > 0)
      problems.add(rule, `@notify("${WORKFLOW_GROUPS}") reaches nobody for ${others.join(', ')}: there is no workflow`);
  }
}

/** The actions other than these that a rule can apply to, by Cedar's own reckoning where its scope alone does not say. */
function actionsBeyond(allowed: readonly string[], rule: Rule, schema: string): string[] {
  if (actionsNamed(rule.json)?.every((action) => allowed.includes(kindOf(action)))) return [];
  const envs = getValidRequestEnvsPolicy(rule.policy, schema);
  if (envs.type === 'failure') throw new Error(`${rule.file}: rule ${rule.id}: ${envs.error}`);
  const kinds = envs.actions.map((action) => kindOf(action.replace(/^Action::"(.*)"$/, '$1')));
  return [...new Set(kinds)].filter((kind) => !allowed.includes(kind));
}

/** The actions that the scope names; null where it names none. A rule applies to no other, whatever its conditions say. */
export function actionsNamed({ action }: PolicyJson): string[] | null {
  if (action.op === 'All' || 'slot' in action) return null;
  const named = 'entities' in action ? action.entities : [action.entity];
  return named.map((uid) => ('__entity' in uid ? uid.__entity.id : uid.id));
}

/** The use of one tool is a use of a tool. */
const kindOf = (action: string): string => action.replace(/^act:.*$/, 'act');

function mentionsApproval(json: PolicyJson, attrs: readonly string[]): boolean {
  const isAccess = (node: object, of: (left: unknown) => boolean, names: readonly string[]): boolean => {
    const access = (node as { '.'?: { left: unknown; attr: string } })['.'];
    return access !== undefined && names.includes(access.attr) && of(access.left);
  };
  const isContext = (node: unknown) => (node as { Var?: string } | null)?.Var === 'context';
  const isApproval = (node: unknown) =>
    typeof node === 'object' && node !== null && isAccess(node, isContext, ['approval']);
  const walk = (node: unknown): boolean =>
    typeof node === 'object' &&
    node !== null &&
    (isAccess(node, isApproval, attrs) || Object.values(node).some((child) => walk(child)));
  return walk(json.conditions);
}
