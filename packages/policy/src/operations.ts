/**
 * Every operation of the server's faces that policy knows, by id, and whether it changes anything. An operation that is
 * not here cannot be permitted by any rule: add it here, then say in `baseline/identity.cedar` who may use it, then
 * review the change of `baseline/matrix.txt`.
 */
export const OPERATIONS = {
  'session.read': 'look',
  // Signing out only gives up a right, so that a frozen identity may do it too.
  'session.end': 'look',
  // Proving anew who one is gives no right by itself, and a freeze must not keep anybody from thawing.
  'session.prove': 'look',
  'session.rotate': 'change',
  // One's own sessions. As with signing out: to end one only gives up a right.
  'sessions.read': 'look',
  'sessions.end': 'look',
  // A person's first signing key.
  'signing_key.register': 'change',
  // One's own passkeys, and an administrator's leave for somebody to enrol one, or end of anybody's.
  'passkeys.read': 'look',
  'passkeys.enrol': 'change',
  'passkeys.revoke': 'look',
  'passkeys.manage': 'change',
  // A person's leave for one agent to act for them.
  'delegations.create': 'change',
  'system.read': 'look',
  // What is wrong with the house, and what mends it.
  'system.diagnose': 'look',
  // What a decision wanted one's groups to be told.
  'notices.read': 'look',
  // Freezes and incidents: everybody sees what holds, operators change it.
  'environment.read': 'look',
  'environment.freeze': 'change',
  'environment.thaw': 'change',
  'workflows.list': 'look',
  // What a workflow lacks before it goes live.
  'workflows.readiness': 'look',
  // Agents outside: the MCP endpoint, and their actions over HTTP.
  'mcp.use': 'look',
  'proposals.submit': 'change',
  'proposals.read': 'look',
  'intents.declare': 'change',
  // Which definitions of upstream tools there are, and which of them may be used.
  'definitions.read': 'look',
  'definitions.decide': 'change',
  // The register of releases: who brings one, attests one, moves one on or back, and bars one for ever.
  'releases.read': 'look',
  'releases.add': 'change',
  'releases.attest': 'change',
  'releases.move': 'change',
  'releases.bar': 'change',
  // Changes of what workflows rest on: who looks, who asks the owners to agree, who says no.
  'changes.read': 'look',
  'changes.approve': 'change',
  'changes.reject': 'change',
  'runs.submit': 'change',
  'runs.read': 'look',
  'approvals.read': 'look',
  'approvals.decide': 'change',
  // Proposing other arguments in place of those that wait for an approval.
  'approvals.amend': 'change',
  // Confirming what is done in one's own name.
  'approvals.confirm': 'change',
  // Taking back gives up a right, so that a frozen identity may do it too.
  'approvals.withdraw': 'look',
  // Letting another approver decide in one's place, until a day.
  'approvals.delegations': 'look',
  'approvals.delegate': 'change',
  // How people decide; a reviewer sees their own figures.
  'oversight.read': 'look',
  'queue.read': 'look',
  'queue.take': 'change',
  'queue.assign': 'change',
  'queue.escalate': 'change',
  'queue.finish': 'change',
  // Whether what was done can be taken back, and asking that it be.
  'executions.read': 'look',
  'executions.undo': 'change',
  // Counts over the record, for a dashboard and what watches it.
  'metrics.read': 'look',
  'audit.read': 'look',
  'audit.export': 'look',
  'audit.verify': 'look',
  // What the record shows of the controls of a framework.
  'evidence.read': 'look',
  // The registers that auditors ask for.
  'registers.read': 'look',
  // Erasing people's data: who asks, who confirms, what a legal hold keeps, and the root key under it all.
  'audit.erasures': 'look',
  'audit.erase': 'change',
  'audit.confirm_erasure': 'change',
  'audit.hold': 'change',
  'audit.lift_hold': 'change',
  'audit.rotate_keys': 'change',
  // The personal value behind a mark of the record: who asks, who allows.
  'audit.reveals': 'look',
  'audit.reveal': 'change',
  'audit.allow_reveal': 'change',
  // It reads everything, keys included, and writes it where the configuration says.
  'backups.make': 'change',
  // A message to a configured channel, to see whether it arrives.
  'notifications.try': 'change',
  // Which rules decided on a proposal, and recorded decisions for judging them anew by another policy.
  'policy.explain': 'look',
  'policy.replay': 'look',
  // What policy would say of somebody else (AuthZEN). It grants nothing.
  'authzen.evaluate': 'look',
  'accounts.create': 'change',
  'accounts.list': 'look',
  'accounts.end_sessions': 'change',
  'agents.register': 'change',
  'agents.read': 'look',
  'agents.change': 'change',
  'tokens.create': 'change',
  // One's own, and an administrator anybody's.
  'tokens.read': 'look',
  'tokens.rotate': 'change',
  // Those of anybody that nobody uses.
  'tokens.unused': 'look',
  'tokens.revoke': 'change',
} as const satisfies Record<string, 'look' | 'change'>;

export type Operation = keyof typeof OPERATIONS;

export const OPERATION_IDS = Object.keys(OPERATIONS) as Operation[];

export function isOperation(id: string): id is Operation {
  return Object.hasOwn(OPERATIONS, id);
}
