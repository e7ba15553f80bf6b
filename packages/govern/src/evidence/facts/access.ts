import { contrary, type Fact, gap, seen, shown } from '../found.ts';

/** Whether every active agent is reviewed in time, and that the register is on record. */
const agentsReviewed: Fact = async (look) => {
  const agents = await look.agents();
  if (agents.length === 0) return gap('No agent is registered, so no identity of an agent has a date of review.');
  const active = agents.filter(({ state }) => state === 'active');
  const overdue = active.filter(({ review_by }) => Date.parse(review_by) <= look.now.getTime());
  const told = [
    ...(await look.records('identity.agent_registered')),
    ...(await look.records('identity.agent_changed')),
  ];
  const figures = { agents: agents.length, active: active.length, overdue: overdue.length };
  const text = `Agents that are registered, each with an owner and a date of review: ${figures.agents}; active: ${figures.active}; reviews overdue: ${figures.overdue}.`;
  const ids: ReadonlySet<string> = new Set(overdue.map(({ id }) => id));
  if (overdue.length > 0)
    return contrary(
      text,
      told.filter(({ data }) => ids.has(data?.agent ?? '')),
      figures,
    );
  return told.length === 0
    ? gap(`${text} No record of this span tells of one: choose a longer span.`)
    : shown(text, told, figures);
};

export const ACCESS_FACTS = {
  'agents-reviewed': agentsReviewed,
  'agents-stopped': seen('identity.holdings_revoked', {
    what: 'times an agent was stopped and all that it held was taken back',
    none: 'No agent that was stopped is on record.',
  }),
  'calls-refused': seen('api.refused', {
    what: 'calls were refused by policy, with rule and reason on record',
    none: 'No refused call is on record.',
  }),
  'people-sign-in': seen('identity.signed_in', {
    what: 'sign-ins of accounts are on record, each with its session',
    none: 'No sign-in is on record.',
  }),
  'sign-ins-refused': seen(['identity.sign_in_failed', 'identity.refused'], {
    what: 'sign-ins or tokens were refused',
    none: 'No refused sign-in or token is on record.',
  }),
  'workloads-sign-in': seen('identity.workload_signed_in', {
    what: 'workloads signed in by a federated token, without a secret of ours',
    none: 'No workload that signed in by federation is on record.',
  }),
  'passkeys-enrolled': seen('identity.passkey_enrolled', {
    what: 'passkeys were enrolled',
    none: 'No enrolled passkey is on record.',
  }),
  'delegation-narrow': seen(['identity.token_exchanged', 'identity.delegated'], {
    what: 'times a person let an agent act for them, for a limited time and scope, both named on record',
    none: 'No delegation to an agent is on record.',
  }),
  'credentials-end': seen(['identity.token_revoked', 'identity.token_rotated', 'identity.access_revoked'], {
    what: 'credentials were rotated or taken back',
    none: 'No credential that was rotated or taken back is on record.',
  }),
  'accounts-made': seen(['identity.account_created', 'identity.account_changed'], {
    what: 'accounts were made, or got other roles or groups',
    none: 'No account that was made or changed is on record.',
  }),
  'agents-declare-intent': seen('agent.intent_declared', {
    what: 'intents were declared by agents outside before they read anything',
    none: 'No declared intent of an agent outside is on record.',
  }),
} as const satisfies Record<string, Fact>;
