import type { ApprovalEvent } from '@portreeve/approve';
import type { ErasureEvent, ErasureState, RevealEvent, RevealState } from '@portreeve/audit';
import type {
  ApprovalState,
  ChangeEvent,
  ChangeState,
  ExecutionState,
  GrantState,
  ProposalState,
  RecordType,
  ReleaseEvent,
  ReleaseState,
  RunState,
  UndoState,
  UnwindState,
} from '@portreeve/contract';
import type { ExecutionEvent, GrantEvent } from '@portreeve/execute';
import type { ProposalEvent, UndoEvent, UnwindEvent } from '@portreeve/gate';
import type { RunEvent } from '@portreeve/run';

/**
 * What a change of state leaves: the records that commit with it and the files that write them, or why it leaves none of
 * its own. How many leave none is pinned by the test, and only falls.
 */
export type Trace =
  | { readonly records: readonly RecordType[]; readonly by: readonly string[] }
  | { readonly silent: string };

/** A trace for each cell of a state table: `null` where the table refuses the event. A new state or event must be added. */
export type Traces<State extends string, Event extends string> = {
  readonly [S in State]: { readonly [E in Event]: Trace | null };
};

const leaves = (records: readonly RecordType[], ...by: string[]): Trace => ({ records, by });
const silent = (why: string): Trace => ({ silent: why });

const GATE = 'packages/gate/src/records.ts';
const HANDOFFS = 'packages/gate/src/handoffs.ts';
const NOTICES = 'packages/gate/src/notices.ts';
const ASK = 'packages/approve/src/request.ts';
const AMEND = 'packages/gate/src/amend-approval.ts';
const DECIDE = 'packages/approve/src/decide.ts';
const CLOSE = 'packages/approve/src/closing.ts';
const STOP_AGENT = 'packages/server/src/stop-agent.ts';
const GRANTS = 'packages/execute/src/grants.ts';
const OUTCOME = 'packages/execute/src/outcome.ts';
const ENDS = 'packages/run/src/transitions.ts';

const noVerdict = { quorum_met: null, deny: null, expire: null, withdraw: null, revoke: null, amend: null };

export const APPROVAL_TRACES: Traces<ApprovalState, ApprovalEvent> = {
  pending: {
    quorum_met: leaves(['approval.verdict', 'approval.closed'], DECIDE, CLOSE),
    deny: leaves(['approval.verdict', 'approval.closed'], DECIDE, CLOSE),
    expire: leaves(['approval.closed'], CLOSE),
    withdraw: leaves(['approval.closed'], CLOSE),
    revoke: leaves(['approval.closed', 'identity.holdings_revoked'], CLOSE, STOP_AGENT),
    amend: leaves(['approval.closed', 'approval.amended'], CLOSE, AMEND),
  },
  approved: noVerdict,
  denied: noVerdict,
  expired: noVerdict,
  withdrawn: noVerdict,
  amended: noVerdict,
};

const ERASE = 'packages/audit/src/erase/erasures.ts';
const decided = { confirm: null, refuse: null };

export const ERASURE_TRACES: Traces<ErasureState, ErasureEvent> = {
  requested: { confirm: leaves(['audit.erased'], ERASE), refuse: leaves(['audit.erasure_refused'], ERASE) },
  erased: decided,
  refused: decided,
};

const REVEAL = 'packages/audit/src/reveal/reveals.ts';
const noReveal = { allow: null, refuse: null, show: null };
const revealDecided = leaves(['audit.reveal_decided'], REVEAL);

export const REVEAL_TRACES: Traces<RevealState, RevealEvent> = {
  waiting: { ...noReveal, allow: revealDecided, refuse: revealDecided },
  allowed: { ...noReveal, refuse: revealDecided, show: leaves(['audit.revealed'], REVEAL) },
  refused: noReveal,
  shown: noReveal,
};

const noUse = { use: null, expire: null, revoke: null };

export const GRANT_TRACES: Traces<GrantState, GrantEvent> = {
  issued: {
    use: leaves(['execution.intent'], OUTCOME),
    expire: silent('the time of its end stands in `grant.issued`, and nothing happens at it'),
    revoke: silent(
      'only for a grant that nobody used: another, or the refusal, follows, or `identity.holdings_revoked` names it',
    ),
  },
  spent: noUse,
  expired: noUse,
  revoked: noUse,
};

const SETTLED = 'packages/gate/src/settle/records.ts';
const noOutcome = { succeed: null, fail: null, lose: null, confirm: null, rule_out: null };
const learned = leaves(['settlement.ended'], SETTLED);

export const EXECUTION_TRACES: Traces<ExecutionState, ExecutionEvent> = {
  started: {
    ...noOutcome,
    succeed: leaves(['execution.result'], OUTCOME),
    fail: leaves(['execution.result'], OUTCOME),
    lose: leaves(['execution.result'], OUTCOME),
  },
  succeeded: noOutcome,
  failed: noOutcome,
  unknown: { ...noOutcome, confirm: learned, rule_out: learned },
};

const noStep = {
  permit: null,
  ask: null,
  refuse: null,
  approve: null,
  deny: null,
  grant: null,
  regrant: null,
  succeed: null,
  fail: null,
  doubt: null,
  lose: null,
  confirm: null,
  rule_out: null,
  amend: null,
};
const refused = leaves(['decision.made', 'handoff.opened'], GATE, HANDOFFS);

export const PROPOSAL_TRACES: Traces<ProposalState, ProposalEvent> = {
  proposed: {
    ...noStep,
    permit: leaves(['proposal.submitted', 'decision.made'], GATE),
    ask: leaves(['proposal.submitted', 'decision.made', 'approval.requested'], GATE, ASK),
    refuse: leaves(['proposal.submitted', 'decision.made', 'handoff.opened'], GATE, HANDOFFS),
  },
  awaiting_approval: {
    ...noStep,
    approve: leaves(['decision.made'], GATE),
    deny: silent('it follows `approval.closed`, which says who denied it; where time did, `handoff.opened` follows'),
    refuse: refused,
    amend: leaves(['approval.amended', 'proposal.submitted', 'decision.made', 'approval.requested'], AMEND, GATE, ASK),
  },
  approved: {
    ...noStep,
    grant: leaves(['decision.made', 'notice.posted', 'grant.issued'], GATE, NOTICES, GRANTS),
    refuse: refused,
  },
  granted: {
    ...noStep,
    regrant: silent('the grant was never used; a decision and another grant follow'),
    succeed: silent('it follows `execution.result`'),
    fail: leaves(['handoff.opened'], HANDOFFS),
    doubt: leaves(['settlement.planned'], SETTLED),
    lose: leaves(['handoff.opened'], HANDOFFS),
  },
  settling: {
    ...noStep,
    grant: leaves(['decision.made', 'grant.issued'], GATE, GRANTS),
    refuse: leaves(['settlement.tried', 'settlement.ended', 'handoff.opened'], SETTLED, HANDOFFS),
    doubt: leaves(['settlement.tried'], SETTLED),
    lose: leaves(['settlement.tried', 'settlement.ended', 'handoff.opened'], SETTLED, HANDOFFS),
    confirm: leaves(['settlement.tried', 'settlement.ended'], SETTLED),
    rule_out: leaves(['settlement.tried', 'settlement.ended', 'handoff.opened'], SETTLED, HANDOFFS),
  },
  retrying: {
    ...noStep,
    succeed: leaves(['settlement.tried', 'settlement.ended'], SETTLED),
    doubt: leaves(['settlement.tried'], SETTLED),
    lose: leaves(['settlement.tried', 'settlement.ended', 'handoff.opened'], SETTLED, HANDOFFS),
  },
  refused: noStep,
  denied: noStep,
  amended: noStep,
  succeeded: noStep,
  failed: noStep,
  unknown: { ...noStep, confirm: learned, rule_out: learned },
};

const noMove = { start: null, wait: null, continue: null, complete: null, stop: null, hand_off: null, fail: null };
const ended = leaves(['run.ended'], ENDS);
const handedOff = leaves(['handoff.opened', 'run.ended'], HANDOFFS, ENDS);
const again = silent('a run that is taken over stands where it stood; `run.recovered` says who took it');

export const RUN_TRACES: Traces<RunState, RunEvent> = {
  queued: {
    ...noMove,
    start: silent('`run.admitted` let it begin, and its first step says that it did'),
    hand_off: handedOff,
    fail: ended,
  },
  running: {
    start: again,
    continue: again,
    wait: silent('it follows `approval.requested` or `question.waits`, which say for what'),
    complete: ended,
    stop: ended,
    hand_off: handedOff,
    fail: ended,
  },
  waiting: {
    start: again,
    wait: again,
    continue: silent(
      'it follows `approval.closed`, or the end of an execution elsewhere, or the question is asked again',
    ),
    complete: ended,
    stop: ended,
    hand_off: handedOff,
    fail: ended,
  },
  completed: noMove,
  refused: noMove,
  handed_off: noMove,
  failed: noMove,
};

const UNDO = 'packages/gate/src/undo/records.ts';
const noUndo = { request: null, exclude: null, succeed: null, decline: null, fail: null, lose: null };
const asked = leaves(['undo.requested'], UNDO);
const undoEnded = leaves(['undo.ended'], UNDO);
const excluded = leaves(['undo.ended', 'handoff.opened'], UNDO, HANDOFFS);

export const UNDO_TRACES: Traces<UndoState, UndoEvent> = {
  none: { ...noUndo, request: asked, exclude: excluded },
  requested: { ...noUndo, succeed: undoEnded, decline: undoEnded, fail: undoEnded, lose: undoEnded },
  declined: { ...noUndo, request: asked, exclude: excluded },
  failed: { ...noUndo, request: asked, exclude: excluded },
  unknown: { ...noUndo, succeed: undoEnded, fail: undoEnded },
  undone: noUndo,
  impossible: noUndo,
};

const noUnwinding = { begin: null, go_on: null, finish: null, stop: null };
const begun = leaves(['unwinding.begun'], UNDO);
const unwindingEnded = leaves(['unwinding.ended', 'handoff.opened'], UNDO, HANDOFFS);

export const UNWIND_TRACES: Traces<UnwindState, UnwindEvent> = {
  none: { ...noUnwinding, begin: begun },
  unwinding: { ...noUnwinding, go_on: undoEnded, finish: unwindingEnded, stop: unwindingEnded },
  unwound: { ...noUnwinding, begin: begun },
  stopped: { ...noUnwinding, begin: begun },
};

const START = 'packages/server/src/record-start.ts';
const EXECUTOR = 'packages/server/src/roles/executor.ts';
const REWRAP = 'packages/audit/src/erase/rewrap.ts';
const ACCESS = 'packages/server/src/http/access.ts';
const AUDIT_ROUTES = 'packages/server/src/http/routes/audit.ts';

/**
 * What happens to the house itself, besides its state machines (requirement G1): all that the process does or sees of its
 * configuration, keys, accounts and readers. To make it do another such thing, add a row here, and a record.
 */
const MOVE = 'packages/govern/src/release/move.ts';
const moved = leaves(['release.moved'], MOVE);
const stays = {
  test: null,
  stage: null,
  pilot: null,
  promote: null,
  withdraw: null,
  supersede: null,
  restore: null,
  retire: null,
} as const;

export const RELEASE_TRACES: Traces<ReleaseState, ReleaseEvent> = {
  added: { ...stays, test: moved, retire: moved, bar: moved },
  testing: { ...stays, stage: moved, retire: moved, bar: moved },
  staging: { ...stays, pilot: moved, promote: moved, retire: moved, bar: moved },
  pilot: { ...stays, pilot: moved, promote: moved, withdraw: moved, bar: moved },
  production: { ...stays, supersede: moved, bar: moved },
  retired: { ...stays, test: moved, restore: moved, bar: moved },
  barred: { ...stays, bar: null },
};

const changeMoved = leaves(['change.moved'], 'packages/govern/src/change/move.ts');
const changeDecided = { approve: changeMoved, reject: changeMoved, settle: changeMoved, withdraw: changeMoved };
const noMore = { approve: null, reject: null, settle: null, withdraw: null };

export const CHANGE_TRACES: Traces<ChangeState, ChangeEvent> = {
  open: changeDecided,
  rejected: { ...changeDecided, reject: null },
  approved: noMore,
  settled: noMore,
  withdrawn: noMore,
};

export const HOUSE_TRACES: Readonly<Record<string, Trace>> = {
  'a client of an older revision of MCP opens or ends its connection': leaves(
    ['mcp.connection'],
    'packages/server/src/wire-mcp.ts',
  ),
  'an upstream shows a tool that nobody has approved as it is': leaves(
    ['mcp.definition_withheld'],
    'packages/server/src/mcp/upstream.ts',
  ),
  'a person lets a definition of an upstream be used, or no longer': leaves(
    ['mcp.definition_decided'],
    'packages/server/src/mcp/review-definitions.ts',
  ),
  'a server starts': leaves(['system.started'], START),
  'a server stops': leaves(['system.stopped'], 'packages/server/src/start.ts'),
  'an executor apart starts': leaves(['executor.started'], EXECUTOR),
  'an executor apart stops': leaves(['executor.stopped'], EXECUTOR),
  'a reasoner apart starts': leaves(['reasoner.started'], 'packages/server/src/roles/reasoner.ts'),
  'a reasoner apart stops': leaves(['reasoner.stopped'], 'packages/server/src/roles/reasoner.ts'),
  'another configuration, tool contract, source, policy or schema is in force': leaves(
    ['config.changed'],
    'packages/server/src/record-config.ts',
  ),
  'a stream, an anchor, a witness or a reader’s scope is added, changed or taken out': leaves(
    ['config.changed'],
    'packages/server/src/record-config.ts',
  ),
  'a policy is loaded': leaves(['policy.loaded'], START),
  'a release comes into the register, or is turned away; a report is attached to it, or is turned away': leaves(
    ['release.added', 'release.evidence', 'release.turned_away'],
    'packages/govern/src/release/register.ts',
  ),
  'a run begins on a release that is in a pilot': leaves(
    ['release.piloted'],
    'packages/server/src/releases/standing-pilots.ts',
  ),
  'a release is loaded': leaves(['release.loaded'], START),
  'a change of what workflows rest on is opened': leaves(['change.opened'], 'packages/govern/src/change/open.ts'),
  'a signing key is made': leaves(['key.created'], START),
  'an executor’s key is made': leaves(['key.created'], EXECUTOR),
  'a key of access tokens is made': leaves(['key.created'], 'packages/server/src/wire-identity.ts'),
  'a backup begins, is made or fails': leaves(
    ['backup.begun', 'backup.ended'],
    'packages/server/src/backup/make-backup.ts',
  ),
  'a backup is put back, and freezes everything': leaves(
    ['audit.restored', 'environment.changed'],
    'packages/server/src/backup/settle-restored.ts',
  ),
  'people are told of something, or could not be told': leaves(
    ['notification.sent', 'notification.failed'],
    'packages/server/src/notify/notifier.ts',
  ),
  'the root key is rotated': leaves(['audit.root_rotated'], REWRAP),
  'subject keys are wrapped anew, also by another keeper': leaves(['audit.keys_rewrapped'], REWRAP),
  'subject keys are erased, or end with their retention': leaves(['audit.erased'], ERASE),
  'a secret of the keystore changes': leaves(['secret.changed'], 'packages/server/src/config/secret-changes.ts'),
  'an anchor or a witness fails, or works again': leaves(['audit.place'], 'packages/server/src/wire-audit.ts'),
  'a workflow does not meet a threshold of its own, and is frozen': leaves(
    ['workflow.suspended'],
    'packages/server/src/governance/thresholds.ts',
  ),
  'what a workflow does has shifted': leaves(['drift.alarm'], 'packages/server/src/governance/drift.ts'),
  'a report of evidence is made': leaves(['evidence.reported'], 'packages/server/src/governance/evidence.ts'),
  'what was read and answered is over its days': leaves(['values.removed'], 'packages/server/src/forget-kept.ts'),
  'how somebody decides looks like stamping': leaves(
    ['oversight.alarm'],
    'packages/server/src/governance/watch-oversight.ts',
  ),
  'a call is read': leaves(['api.read'], ACCESS),
  'a call is refused': leaves(['api.refused'], ACCESS),
  'the record is searched, shown, proved, replayed or exported': leaves(['audit.read'], AUDIT_ROUTES),
  'the record is verified': leaves(['audit.verified'], AUDIT_ROUTES),
};
