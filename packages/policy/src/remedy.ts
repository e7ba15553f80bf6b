import {
  type Demand,
  mergeDemands,
  type Principal,
  type Remedy,
  signsAsWellAs,
  type VerdictSignature,
  type WorkflowFacts,
} from '@portreeve/contract';

/** Stands in an annotation for the groups that approve the workflow at hand. */
export const WORKFLOW_GROUPS = '$workflow';
const QUORUM_MAX = 16;

/**
 * Which requests each remedy can lift: only an action is decided again with an approval, or with less of it by a profile of
 * its tool, and only a question is asked again with pseudonyms.
 */
export const REMEDY_ACTIONS: Readonly<Record<Remedy['kind'], readonly string[]>> = {
  approval: ['act'],
  confirm: ['act'],
  narrow: ['act'],
  deidentify: ['ask'],
};

/** Reads `@remedy("approval:GROUP[,GROUP]:N[:passkey|:device_bound]")`, `"confirm"`, `"narrow:PROFILE"` or `"deidentify"`; `null` for anything else. */
export function parseRemedy(text: string): Remedy | null {
  if (text === 'deidentify') return { kind: 'deidentify' };
  if (text === 'confirm') return { kind: 'confirm' };
  const narrow = /^narrow:([a-z][a-z0-9_-]{0,63})$/.exec(text);
  if (narrow) return { kind: 'narrow', profile: narrow[1]! };
  const approval = /^approval:(.+?):([0-9]{1,2})(?::(passkey|device_bound))?$/.exec(text);
  if (!approval) return null;
  const groups = parseGroups(approval[1]!);
  const quorum = Number(approval[2]);
  if (groups === null || quorum < 1 || quorum > QUORUM_MAX) return null;
  return { kind: 'approval', groups, quorum, ...strengthOf(approval[3] as VerdictSignature | undefined) };
}

/** Reads `GROUP[,GROUP]`; `null` where a name is empty or too long. */
export function parseGroups(text: string): string[] | null {
  const groups = text.split(',').map((group) => group.trim());
  return groups.every((group) => group.length > 0 && group.length <= 128) ? groups : null;
}

/** The groups with `$workflow` replaced; sorted, each once. Empty where nobody is meant. */
export function resolveGroups(groups: readonly string[], workflow: WorkflowFacts | null): string[] {
  const resolved = groups.flatMap((group) => (group === WORKFLOW_GROUPS ? (workflow?.approvers ?? []) : [group]));
  return [...new Set(resolved)].sort();
}

/** The remedy for one request, or `null` where it cannot lift anything there: a wrong kind of request, or nobody to ask. */
export function resolveRemedy(
  remedy: Remedy,
  kind: string,
  workflow: WorkflowFacts | null,
  principal?: Pick<Principal, 'kind'>,
): Remedy | null {
  if (!REMEDY_ACTIONS[remedy.kind].includes(kind)) return null;
  // A service or an agent that acts for nobody has no person behind it who could confirm.
  if (remedy.kind === 'confirm' && principal?.kind !== 'person') return null;
  if (remedy.kind !== 'approval') return remedy;
  const groups = resolveGroups(remedy.groups, workflow);
  return groups.length === 0 ? null : { ...remedy, groups };
}

/** All remedies as few: narrowings first, each once, then an approval for each set of groups with the largest quorum and the strongest signature of all, then a confirmation. */
export function mergeRemedies(remedies: readonly Remedy[]): Remedy[] {
  const profiles = new Set<string>();
  const demands: Demand[] = [];
  let signature: VerdictSignature = 'key';
  let deidentify = false;
  let confirm = false;
  for (const remedy of remedies) {
    if (remedy.kind === 'narrow') profiles.add(remedy.profile);
    else if (remedy.kind === 'deidentify') deidentify = true;
    else if (remedy.kind === 'confirm') confirm = true;
    else {
      demands.push(remedy);
      if (remedy.signature && signsAsWellAs(remedy.signature, signature)) signature = remedy.signature;
    }
  }
  return [
    ...[...profiles].sort().map((profile): Remedy => ({ kind: 'narrow', profile })),
    ...(deidentify ? [{ kind: 'deidentify' } as const] : []),
    ...mergeDemands(demands).map((demand): Remedy => ({ kind: 'approval', ...demand, ...strengthOf(signature) })),
    ...(confirm ? [{ kind: 'confirm' } as const] : []),
  ];
}

/** The member that says so, where more is asked for than any registered key. */
function strengthOf(signature: VerdictSignature | undefined): Pick<Extract<Remedy, { kind: 'approval' }>, 'signature'> {
  return signature === undefined || signature === 'key' ? {} : { signature };
}
