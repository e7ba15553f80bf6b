import type { Decision, Digest, Outcome, PolicyRequest, Remedy, Role } from '@portreeve/contract';
import type { LayerVerdict } from './evaluate.ts';
import { nextStep, reasonsOf } from './explain.ts';
import { mergeRemedies } from './remedy.ts';

/** Makes one decision of the four layers' verdicts (SPEC.md, steps 5 to 8). */
export function conclude(from: {
  id: Decision['id'];
  version: Digest;
  digest: Digest;
  request: PolicyRequest;
  verdicts: readonly LayerVerdict[];
  /** The roles that would open the identity layer; asked only where that helps. */
  rolesFor: (request: PolicyRequest) => readonly Role[];
}): Decision {
  const { request, verdicts } = from;
  const denying = verdicts.filter((verdict) => verdict.effect !== 'permit');
  const deciding = denying.length > 0 ? denying : verdicts;
  const notify = denying.length > 0 ? [] : [...new Set(verdicts.flatMap((verdict) => verdict.notify))].sort();
  const remedies = liftable(denying) ?? [];
  const outcome = outcomeOf(denying, remedies, notify);
  const lacksRole = denying.some(({ layer, effect }) => layer === 'identity' && effect === 'default-deny');
  const roles = outcome === 'refuse' && lacksRole ? from.rolesFor(request) : [];
  return {
    id: from.id,
    outcome,
    layers: verdicts.map(({ layer, effect, applied, errors }) => ({
      layer,
      effect,
      rules: applied.map(({ rule }) => rule.id),
      errors: [...errors],
    })),
    reasons: deciding.flatMap((verdict) => reasonsOf(verdict, request)),
    remedies,
    notify,
    next: nextStep(outcome, request, deciding, { remedies, notify, roles }),
    policy_version: from.version,
    request_digest: from.digest,
  };
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
  return remedies.some((remedy) => remedy.kind !== 'approval') ? 'narrow' : 'approve';
}
