import type { RecordType } from './records.ts';

/**
 * What keys are made for: the classes of records, and what other tables hold about people. Each can have a retention of
 * its own. `custody` tells what became of everything else, and is kept as long as the log.
 */
export const PURPOSES = ['access', 'work', 'house', 'custody', 'runs'] as const;
export type Purpose = (typeof PURPOSES)[number];
/** Those that a retention may end. */
export const EXPIRING_PURPOSES = ['access', 'work', 'house', 'runs'] as const;

/**
 * Whom a record is about, and so whose keys seal its payload. `actor`: who did it. `run`: besides, who asked for its run
 * and whom that run declares. `account`: besides, the account that it names. `house`: nobody.
 */
export type About = 'actor' | 'run' | 'account' | 'house';

interface RecordClass {
  readonly purpose: Extract<Purpose, 'access' | 'work' | 'house' | 'custody'>;
  readonly about: About;
}

const HOUSE: RecordClass = { purpose: 'house', about: 'house' };
const BY_OPERATOR: RecordClass = { purpose: 'house', about: 'actor' };
const CUSTODY: RecordClass = { purpose: 'custody', about: 'house' };
const ACCESS: RecordClass = { purpose: 'access', about: 'actor' };
const ACCOUNT: RecordClass = { purpose: 'access', about: 'account' };
const WORK: RecordClass = { purpose: 'work', about: 'run' };
const VERDICT: RecordClass = { purpose: 'work', about: 'actor' };

/** Total, so that a new type of record breaks compilation until it is decided whose it is. */
export const RECORD_CLASSES: Readonly<Record<RecordType, RecordClass>> = {
  'system.started': HOUSE,
  'system.stopped': HOUSE,
  'config.changed': HOUSE,
  'executor.started': HOUSE,
  'executor.stopped': HOUSE,
  'reasoner.started': HOUSE,
  'reasoner.stopped': HOUSE,
  'policy.loaded': HOUSE,
  'release.loaded': HOUSE,
  'release.added': BY_OPERATOR,
  'release.evidence': BY_OPERATOR,
  'release.turned_away': BY_OPERATOR,
  'release.moved': BY_OPERATOR,
  'change.opened': BY_OPERATOR,
  'change.moved': BY_OPERATOR,
  'release.piloted': WORK,
  'environment.changed': BY_OPERATOR,
  'key.created': CUSTODY,
  'secret.changed': HOUSE,
  'credential.lease': HOUSE,
  'identity.account_created': ACCOUNT,
  'identity.signed_in': ACCOUNT,
  'identity.sign_in_failed': ACCESS,
  'identity.proven': ACCESS,
  'identity.signed_out': ACCESS,
  'identity.token_created': ACCESS,
  'identity.token_revoked': ACCESS,
  'identity.account_changed': ACCOUNT,
  'identity.signing_key_registered': ACCOUNT,
  'identity.passkey_invited': ACCOUNT,
  'identity.passkey_challenged': ACCESS,
  'identity.passkey_enrolled': ACCOUNT,
  'identity.passkey_revoked': ACCOUNT,
  'identity.session_rotated': ACCESS,
  'identity.sessions_ended': ACCOUNT,
  'identity.token_rotated': ACCESS,
  'identity.workload_signed_in': ACCOUNT,
  'identity.delegated': ACCOUNT,
  'identity.token_exchanged': ACCOUNT,
  'identity.access_revoked': ACCOUNT,
  'identity.agent_registered': ACCESS,
  'identity.agent_changed': ACCESS,
  'identity.holdings_revoked': ACCESS,
  'identity.refused': ACCESS,
  'api.read': ACCESS,
  'api.refused': ACCESS,
  'authzen.evaluated': ACCESS,
  'run.submitted': WORK,
  'run.admitted': WORK,
  'run.refused': WORK,
  'run.recovered': WORK,
  'run.ended': WORK,
  'source.read': WORK,
  'source.refused': WORK,
  'tool.answered': WORK,
  'tool.refused': WORK,
  'prompt.refused': WORK,
  'source.failed': WORK,
  'prompt.assembled': WORK,
  'endpoint.refused': WORK,
  'endpoint.passed_over': WORK,
  'question.waits': WORK,
  'question.degraded': WORK,
  'deidentification.failed': WORK,
  'model.answered': WORK,
  'model.attempt_failed': WORK,
  'model.failed': WORK,
  'output.validated': WORK,
  'output.rejected': WORK,
  'step.judged': WORK,
  'outcome.seen': WORK,
  'arguments.restored': WORK,
  'pseudonyms.erased': WORK,
  'values.removed': HOUSE,
  'proposal.submitted': WORK,
  'proposal.narrowed': WORK,
  'decision.made': WORK,
  'approval.requested': WORK,
  'approval.verdict': VERDICT,
  'approval.stood_in': VERDICT,
  'approval.nudged': WORK,
  'approval.delegated': VERDICT,
  'approval.delegation_ended': VERDICT,
  'oversight.planted': WORK,
  'oversight.opened': WORK,
  'oversight.alarm': { purpose: 'work', about: 'account' },
  'approval.viewed': WORK,
  'approval.refused_verdict': VERDICT,
  'approval.amended': VERDICT,
  'approval.closed': WORK,
  'grant.issued': WORK,
  'grant.refused': WORK,
  'execution.intent': WORK,
  'execution.result': WORK,
  'settlement.planned': WORK,
  'settlement.tried': WORK,
  'settlement.ended': WORK,
  'undo.requested': WORK,
  'undo.refused': WORK,
  'undo.ended': WORK,
  'unwinding.begun': WORK,
  'unwinding.ended': WORK,
  'notice.posted': WORK,
  'notification.sent': HOUSE,
  'notification.failed': HOUSE,
  'handoff.opened': WORK,
  'handoff.assigned': WORK,
  'handoff.escalated': WORK,
  'handoff.closed': WORK,
  'agent.session_opened': WORK,
  'agent.intent_declared': WORK,
  'agent.session_ended': WORK,
  'mcp.connection': ACCESS,
  'mcp.definition_withheld': HOUSE,
  'mcp.definition_decided': BY_OPERATOR,
  'audit.read': ACCESS,
  'audit.detached': CUSTODY,
  'audit.erasure_requested': CUSTODY,
  'audit.erasure_refused': CUSTODY,
  'audit.erased': CUSTODY,
  'audit.hold_set': CUSTODY,
  'audit.hold_lifted': CUSTODY,
  'audit.root_rotated': CUSTODY,
  'audit.keys_rewrapped': CUSTODY,
  'audit.reveal_requested': CUSTODY,
  'audit.reveal_decided': CUSTODY,
  'audit.revealed': CUSTODY,
  'audit.verified': BY_OPERATOR,
  'audit.place': HOUSE,
  'drift.alarm': HOUSE,
  'workflow.suspended': HOUSE,
  'evidence.reported': ACCESS,
  'backup.begun': CUSTODY,
  'backup.ended': CUSTODY,
  'audit.restored': CUSTODY,
};
