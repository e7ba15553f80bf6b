import type { Approval, Principal, Role, Run } from '@portreeve/contract';

/** Roles that see nothing of others: a requester sees what they asked for themselves, an enforcer no run at all. */
const OWN_ONLY: readonly Role[] = ['requester', 'enforcer'];

function seesAll(principal: Principal): boolean {
  return principal.roles.some((role) => !OWN_ONLY.includes(role));
}

/** Whose runs a principal may list: their own id, or null for everybody's. */
export function requesterOnly(principal: Principal): string | null {
  return seesAll(principal) ? null : principal.id;
}

export function seesRun(principal: Principal, run: Run): boolean {
  // What a shadow makes of a request is not for who made it.
  return run.shadow_of ? seesAll(principal) : seesPrincipal(principal, run.principal);
}

/** Whether one sees what was done for somebody. */
export function seesPrincipal(principal: Principal, whose: Principal): boolean {
  return seesAll(principal) || whose.id === principal.id;
}

/** An approval shows the arguments and the evidence of a run, so it is as visible as that. */
export function seesApproval(principal: Principal, approval: Approval): boolean {
  return seesAll(principal) || approval.requesters.includes(principal.id);
}
