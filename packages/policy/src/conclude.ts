import type { Decision, Digest, Outcome, PolicyRequest, Remedy, Role } from '@portreeve/contract';
import { nextStep, reasonsOf } from './explain.ts';
import { resultOf } from './judge.ts';
import { mergeRemedies } from './remedy.ts';
import type { Rule } from './rules.ts';
import type { LayerVerdict } from './verdict.ts';

/** Makes one decision of the four layers' verdicts (SPEC.md, steps 5 to 8). */
export function conclude(from: {
  id: Decision['id'];
  version: Digest;
  digest: Digest;
  request: PolicyRequest;
  verdicts: readonly LayerVerdict[];
  /** The roles that would open the identity layer; asked only where that helps. */
  rolesFor: (request: PolicyRequest) => readonly Role[];
  /** The verdict of a layer if one of its rules in shadow mode decided too. */
  shadowed?: readonly { readonly rule: Rule; readonly verdict: LayerVerdict }[];
}): Decision {
  const { request, verdicts, shadowed = [] } = from;
  const { denying, notify, remedies, outcome } = weigh(verdicts);
  const deciding = denying.length > 0 ? denying : verdicts;
  const shadow = shadowed
    .map(({ rule, verdict }) => ({
      rule: rule.id,
      layer: rule.layer,
      would: weigh(verdicts.map((actual) => (actual.layer === rule.layer ? verdict : actual))).outcome,
    }))
    .filter(({ would }) => would !== outcome)
    .sort((a, b) => (a.rule < b.rule ? -1 : 1));
  const lacksRole = denying.some(({ layer, effect }) => layer === 'identity' && effect === 'default-deny');
  const roles = outcome === 'refuse' && lacksRole ? from.rolesFor(request) : [];
  return {
    id: from.id,
    outcome,
    layers: verdicts.map(resultOf),
    reasons: deciding.flatMap((verdict) => reasonsOf(verdict, request)),
    remedies,
    notify,
    next: nextStep(outcome, request, deciding, { remedies, notify, roles }),
    policy_version: from.version,
    request_digest: from.digest,
    ...(shadow.length === 0 ? {} : { shadow }),
  };
}

/** What the verdicts come to, before it is put into words. */
function weigh(verdicts: readonly LayerVerdict[]) {
  const denying = verdicts.filter((verdict) => verdict.effect !== 'permit');
  const notify = denying.length > 0 ? [] : [...new Set(verdicts.flatMap((verdict) => verdict.notify))].sort();
  const remedies = liftable(denying) ?? [];
  return { denying, notify, remedies, outcome: outcomeOf(denying, remedies, notify) };
}

/** What lifts every denial, or `null` where one cannot be lifted. INVARIANT: only forbids with remedies can. */
function liftable(denying: readonly LayerVerdict[]): Remedy[] | null {
  const remedies: Remedy[] = [];
  for (const { effect, applied } of denying) {
    if (effect !== 'forbid') return null;
    for (const { remedy } of applied) {
      if (remedy === null) return null;
      remedies.push(remedy);
    }
  }
  return mergeRemedies(remedies);
}

/** Narrowing comes before approval: it changes the proposal, and people must approve the one that is executed. */
function outcomeOf(denying: readonly LayerVerdict[], remedies: readonly Remedy[], notify: readonly string[]): Outcome {
  if (denying.length === 0) return notify.length > 0 ? 'notify' : 'permit';
  if (remedies.length === 0) return 'refuse';
  return remedies.every(({ kind }) => kind === 'approval' || kind === 'confirm') ? 'approve' : 'narrow';
}
