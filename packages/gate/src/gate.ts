import {
  type Approval,
  type ApprovalId,
  type AuditWriter,
  type Clock,
  type Decision,
  executableOf,
  isPortreeveError,
  type PolicyDecider,
  PortreeveError,
  type Preview,
  type Principal,
  type ProposalId,
  type RecordDraft,
  reasonCharsOf,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { Amendment } from './amend.ts';
import { createAmend } from './amend-approval.ts';
import { askedBy, newlyStored, successorOf, type Weighed } from './asking.ts';
import { expiryHandoff, refusalHandoff } from './handoff-wishes.ts';
import type { Handoffs } from './handoffs.ts';
import { entriesOf, type HistoryStore } from './history.ts';
import { type ApprovalFacts, createJudge, eventOf, withDeadline } from './judge.ts';
import { narrow } from './narrow.ts';
import { postNotice } from './notices.ts';
import { markPlanted, neverDone, ofShadow } from './planted.ts';
import type {
  ApprovalService,
  EnvironmentReader,
  Executed,
  ExecutionService,
  NoticeStore,
  PlantedMarks,
  ProposalStore,
  StoredProposal,
} from './ports.ts';
import { makePreview } from './preview.ts';
import { decisionRecord, narrowedRecord, refsOf, submittedRecord } from './records.ts';
import { type GateResult, resultOf } from './result.ts';
import { createAfterCall, isServant } from './settle/after-call.ts';
import { readAnswer, statusWish } from './settle/ask-status.ts';
import { type Standing, standingOf } from './standing.ts';
import { nextState } from './states.ts';
import { assertSameWish, type Submission, toSubmission, type Wish } from './wish.ts';

/** The one way to act. Every action from every entry goes through `submit`; nothing else reaches a connector. */
export interface Gate {
  /**
   * Decides a wish and carries it as far as it goes now. Safe to repeat with the same id: nothing is done twice. Throws
   * `idempotency_mismatch` where that id stands for another tool or other arguments.
   */
  submit(wish: Wish): Promise<GateResult>;
  /** Carries a proposal on: after a verdict, or after a crash. */
  resume(id: ProposalId): Promise<GateResult>;
  /**
   * Puts a proposal with other arguments in the place of one that waits for an approval, decided anew by policy and asked
   * about anew; gives its approval. Throws as a verdict does where the person may not decide on it, `refused` where policy
   * refuses the amendment (the first one waits on), `bad_input`, `bad_request`, `reason_required`.
   */
  amend(id: ApprovalId, amendment: Amendment): Promise<Approval>;
  get(id: ProposalId): Promise<StoredProposal | null>;
  /** Where a proposal stands as it is kept: nothing is decided, asked or done. Throws `not_found`. */
  standing(id: ProposalId): Promise<Standing>;
  /**
   * The refusal, with those reasons alone, where a freeze or a maintenance window stands against the proposal now,
   * whatever people say; null where none does.
   */
  frozen(id: ProposalId): Promise<Decision | null>;
  /** Goes on with up to `limit` (20) proposals whose outcome is to be found out by now; gives those that did not go on. */
  settleDue(limit?: number): Promise<readonly { readonly proposal: ProposalId; readonly error: unknown }[]>;
  /** Removes what no history fact asks for any more; gives how many entries. */
  forgetHistory(): Promise<number>;
}

export interface GateDeps {
  readonly policy: PolicyDecider;
  /** The rules of a release, where they are not `policy`. */
  readonly policyOf?: (release: string) => Promise<PolicyDecider | null>;
  readonly approvals: ApprovalService;
  /** Left out: nothing is planted here. */
  readonly planted?: PlantedMarks;
  readonly execution: ExecutionService;
  readonly handoffs: Handoffs;
  readonly store: ProposalStore;
  readonly history: HistoryStore;
  readonly notices: NoticeStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly environment: EnvironmentReader;
  readonly clock: Clock;
  /** Named instants where a crash test stops the process. */
  readonly debugpoint?: (name: string) => void;
}

/** Without a run: for how long a call counts as made before. */
const REPEATED_WITHIN_MS = 3_600_000;

/** Where a proposal stands after its first decision. */
interface Begun {
  /** As it was read a moment ago; null where it has not been. */
  readonly stored: StoredProposal | null;
  /** How many grants of it were lost. */
  readonly lost: number;
}

export function createGate(deps: GateDeps): Gate {
  const point = deps.debugpoint ?? (() => undefined);
  const after = createAfterCall(deps);
  const { judge, rulesOf, approvalFacts, frozen } = createJudge(deps);
  /** What this process is carrying out right now: to take its grant back would be to race with ourselves. */
  const performing = new Set<ProposalId>();

  async function submit(wish: Wish): Promise<GateResult> {
    const known = await deps.store.get(wish.id);
    const { stored, lost } = known ? { stored: known, lost: 0 } : await decideFirst(toSubmission(wish));
    if (stored) assertSameWish(stored, wish);
    return advance(wish.id, { stored, lost });
  }

  /** The way of a servant (a dry run, a question of status): like any other's, but that it asks nobody and hands nothing off. */
  async function carryServant(wanted: Submission): Promise<StoredProposal | null> {
    const { id } = wanted.proposal;
    if (!(await deps.store.get(id))) await decideFirst(wanted);
    const at = await walk(id);
    return 'status' in at ? null : at;
  }

  /** What policy says of a new proposal, narrowed as far as it says; and what its approvers are shown, where it asks some. */
  async function weigh(submission: Submission, by?: Principal): Promise<Weighed> {
    const { proposal: asked, tools: _tools, ...about } = submission;
    const { workflow, contract, history, injection } = about;
    const silent = isServant(submission);
    const since = new Date(deps.clock.now().getTime() - REPEATED_WITHIN_MS);
    // What the gate asks for itself, such as what became of a call, is asked as often as it must be.
    const repeated = !silent && (await deps.store.repeats(asked, since));
    const steps: RecordDraft[] = [];
    const profiles: string[] = [];
    let proposal = asked;
    let decision: Decision;
    for (;;) {
      const judged = await judge({ proposal, workflow, contract, history, injection }, null, null);
      decision = silent || about.shadow ? judged.decision : withDeadline(judged.decision, about);
      const { policy_version } = decision;
      if (steps.length === 0)
        steps.push(submittedRecord(asked, { preview_of: about.preview_of, repeated, policy_version }, by));
      steps.push(decisionRecord(proposal, judged.request, decision, 'submit'));
      const narrowed = decision.outcome === 'narrow' && !silent ? narrow(proposal, contract, decision.remedies) : null;
      // Each round applies a profile that was not applied before, so there is an end.
      if (!narrowed || narrowed.profiles.every((name) => profiles.includes(name))) break;
      steps.push(narrowedRecord(proposal, narrowed, policy_version));
      profiles.push(...narrowed.profiles);
      proposal = narrowed.proposal;
    }
    const event = silent && eventOf(decision) === 'ask' ? 'refuse' : eventOf(decision);
    const narrowed = profiles.length === 0 ? null : { profiles, asked: asked.args };
    return { proposal, decision, steps, narrowed, event };
  }

  /** Before the approval and outside its transaction: a call downstream holds no lock. */
  const previewed = (submission: Submission): Promise<Preview | null> =>
    makePreview(submission, { carry: carryServant, clock: deps.clock });

  /**
   * Decides on a new proposal and stores it where the decision leads; what may go at once is used in the same transaction.
   * Gives the proposal as it is stored by then, by this process or by another one, and how many grants of it were lost.
   */
  async function decideFirst(submission: Submission): Promise<Begun> {
    const { contract, workflow, approval_timeout_minutes: timeout_minutes } = submission;
    const { proposal, decision, steps, narrowed, event: judged } = await weigh(submission);
    // What policy would let go is shown to nobody, so that a planted one of it tests nobody.
    const unseen = submission.planted && (judged === 'permit' || submission.hidden);
    const event = unseen || submission.shadow ? 'refuse' : judged;
    const preview = event === 'ask' ? await previewed({ ...submission, proposal }) : null;
    const state = nextState('proposed', event);
    const kept = { proposal, decision: submission.shadow ? ofShadow(decision) : decision, narrowed, state };
    const fresh = newlyStored(submission, kept);
    const insert = async (tx: Tx) => {
      const inserted = await deps.store.insert(tx, fresh);
      if (inserted) await deps.audit.append(tx, steps);
      return inserted;
    };
    if (event === 'permit') {
      const { left, stored } = await perform(fresh, insert);
      const known = stored ?? (await deps.store.get(proposal.id));
      // A grant that is lost is taken back, and another one issued, by who walks on from here.
      if (known) return { stored: known, lost: isPortreeveError(left) ? 1 : 0 };
      if (isPortreeveError(left)) throw left;
      // Something changed meanwhile: it is stored first, and decided anew when it is used.
    }
    const stored = await deps.uow.transaction(async (tx) => {
      if (submission.planted && !(await deps.store.get(proposal.id)))
        await markPlanted(deps, tx, proposal, event === 'ask');
      if (!(await insert(tx))) return false;
      if (event === 'ask') {
        const approval = await deps.approvals.request(tx, {
          ...{ proposal, decision, timeout_minutes, preview, ...askedBy(decision) },
          reason_chars_min: reasonCharsOf(contract, workflow),
        });
        await deps.store.update(tx, proposal, { approval: approval.id });
      }
      if (event === 'refuse' && !isServant(submission) && !submission.planted && !submission.shadow)
        await deps.handoffs.open(tx, refusalHandoff(proposal, decision));
      return true;
    });
    return { stored: stored ? null : await deps.store.get(proposal.id), lost: 0 };
  }

  async function advance(id: ProposalId, begun?: Begun): Promise<GateResult> {
    const at = await walk(id, begun);
    return 'status' in at ? at : resultOf(at, at.approval ? await deps.approvals.get(at.approval) : null);
  }

  /** Walks the state table until it ends or must wait for somebody. */
  async function walk(
    from: ProposalId,
    begun: Begun = { stored: null, lost: 0 },
  ): Promise<GateResult | StoredProposal> {
    let id = from;
    let { stored: read, lost } = begun;
    for (;;) {
      const stored = read ?? (await deps.store.get(id));
      read = null;
      if (!stored) throw new PortreeveError('not_found', `There is no proposal ${id}.`);
      switch (stored.state) {
        case 'proposed':
          throw new TypeError('a proposal is stored decided or not at all');
        case 'amended':
          id = successorOf(stored);
          break;
        case 'awaiting_approval': {
          const waiting = await afterApproval(stored);
          if (waiting) return waiting;
          break;
        }
        case 'approved':
        case 'settling': {
          if (performing.has(id)) return { status: 'running' };
          const until = stored.settlement?.next?.at;
          if (until && Date.parse(until) > deps.clock.now().getTime()) return { status: 'settling', until };
          if (stored.settlement?.next?.way === 'ask') {
            const paused = await askStatus(stored);
            if (paused) return paused;
            break;
          }
          const { left, stored: now } = await perform(stored);
          read = now;
          if (left === 'elsewhere') return { status: 'running' };
          if (left && ++lost >= LOST_GRANTS_MAX) throw left;
          break;
        }
        case 'granted':
        case 'retrying': {
          if (performing.has(id)) return { status: 'running' };
          const running = await recover(stored);
          if (running) return running;
          break;
        }
        default:
          return stored;
      }
    }
  }

  /** Null once the approval is closed and the proposal has moved on. */
  async function afterApproval(stored: StoredProposal): Promise<GateResult | null> {
    const failure = await deps.approvals.expireDue().then(
      () => null,
      (error: unknown) => ({ error }),
    );
    const approval = await approvalOf(stored);
    if (approval.state === 'pending') {
      // Somebody else's approval that cannot be closed is no reason to stop here; this one's is.
      if (failure && Date.parse(approval.expires_at) <= deps.clock.now().getTime()) throw failure.error;
      return { status: 'waiting', approval: approval.id, expires_at: approval.expires_at };
    }
    // It was amended between our two looks: what took its place is looked at next.
    if (approval.state === 'amended') return null;
    if (approval.state !== 'approved') {
      await locked(stored, async (tx) => {
        await deps.store.update(tx, stored.proposal, { state: nextState(stored.state, 'deny') });
        // An undo that nobody approved is work of its own kind, which the undo opens.
        if (approval.state === 'expired' && stored.serves === null && !stored.planted)
          await deps.handoffs.open(tx, expiryHandoff(stored.proposal, approval));
      });
      return null;
    }
    if (stored.planted) {
      await move(stored, 'refuse', { decision: neverDone(stored.decision) });
      return null;
    }
    const { request, decision } = await judge(stored, await approvalFacts(stored, approval), null);
    const event = eventOf(decision) === 'permit' ? 'approve' : 'refuse';
    await move(stored, event, { decision }, [decisionRecord(stored.proposal, request, decision, 'after_approval')]);
    return null;
  }

  /**
   * Decides once more, issues the grant and uses it. One that is `insert`ed first is stored in the same transaction, or not
   * at all.
   */
  async function perform(stored: StoredProposal, insert?: Insert): Promise<Performed> {
    const approval = stored.approval ? await approvalOf(stored) : null;
    const facts = approval && (await approvalFacts(stored, approval));
    const rules = await rulesOf(stored);
    point('before-grant');
    const made: { granted: StoredProposal | null; ended: StoredProposal | null } = { granted: null, ended: null };
    performing.add(stored.proposal.id);
    try {
      await deps.execution.carry({
        async grant(tx) {
          const current = insert ? stored : await unchanged(tx, stored);
          const issued = current && (await decideAndGrant({ tx, rules, insert }, current, approval, facts));
          if (!issued) return null;
          made.granted = issued.stored;
          return { token: issued.token, proposal: stored.proposal, contract: stored.contract };
        },
        async ended(tx, settle) {
          made.ended = await finishIn(tx, made.granted!, settle);
        },
      });
      return { left: null, stored: made.ended };
    } catch (error) {
      if (error instanceof OutOfDate) {
        await deps.environment.refresh();
        return { left: null, stored: null };
      }
      // A process that was stopped in between: its grant is over, or was taken back by who took it for dead.
      if (!isPortreeveError(error, 'grant_expired') && !isPortreeveError(error, 'grant_invalid')) throw error;
      const current = await deps.store.get(stored.proposal.id);
      const ours = !current || current.grant === made.granted?.grant || current.grant === stored.grant;
      return { left: ours ? error : isUnderWay(current) ? 'elsewhere' : null, stored: null };
    } finally {
      performing.delete(stored.proposal.id);
    }
  }

  /**
   * The decision at the moment of use and all that follows from it, in one transaction: nobody can use up a limit, freeze
   * or carry the proposal on in between. Null where there is no grant to use, or where what was to be inserted is there.
   */
  async function decideAndGrant(
    { tx, rules, insert }: { readonly tx: Tx; readonly rules: PolicyDecider; readonly insert: Insert | undefined },
    current: StoredProposal,
    approval: Approval | null,
    facts: ApprovalFacts | null,
  ) {
    const { proposal, contract } = current;
    const { request, decision } = await judge(current, facts, { tx, rules });
    // A freeze that came since the decision is seen here; one that comes from now on waits for us. Both in one packet.
    const [inserted, isCurrent] = await Promise.all([insert?.(tx) ?? true, deps.environment.isCurrent(tx)]);
    if (!inserted) return null;
    await deps.audit.append(tx, [decisionRecord(proposal, request, decision, 'at_use')]);
    if (!isCurrent) throw new OutOfDate();
    if (eventOf(decision) !== 'permit') {
      if (current.state === 'settling') await after.undecided(tx, current, decision);
      else {
        await deps.store.update(tx, proposal, { state: nextState('approved', 'refuse'), decision });
        if (!isServant(current)) await deps.handoffs.open(tx, refusalHandoff(proposal, decision));
      }
      return null;
    }
    // The call with the same key is the same use: it was counted, and groups were told of it, the first time.
    if (current.state === 'approved') {
      await deps.history.take(tx, entriesOf(current, facts?.approvers ?? [], deps.clock.now()));
      await postNotice(deps, tx, proposal, decision, refsOf(proposal), deps.clock.now());
    }
    const { token, grant } = await deps.execution.issueGrant(tx, {
      ...{ proposal: executableOf(current), decision, contract },
      approvals: approval ? [approval] : [],
    });
    const granted = { state: nextState(current.state, 'grant'), decision, grant };
    await deps.store.update(tx, proposal, granted);
    return { token, stored: { ...current, ...granted } };
  }

  /** Locked, as it was seen; null where another process has carried it on meanwhile: then it is that one's to finish. */
  async function unchanged(tx: Tx, seen: Seen): Promise<StoredProposal | null> {
    const current = await deps.store.lock(tx, seen.proposal.id);
    return current?.state === seen.state && current.grant === seen.grant ? current : null;
  }

  /** A grant was issued and this call did not see what came of it. */
  async function recover(stored: StoredProposal): Promise<GateResult | null> {
    if (!stored.grant) throw new TypeError('a granted proposal has a grant');
    const found = await deps.execution.recover(stored.grant);
    if (found.state === 'running') return { status: 'running' };
    if (found.state === 'unused') {
      if (stored.state === 'granted') await move(stored, 'regrant', { grant: null });
      else await locked(stored, (tx, current) => after.notRetried(tx, current));
    }
    if (found.state === 'ended') {
      await deps.uow.transaction((tx) => finishIn(tx, stored, async () => found));
    }
    return null;
  }

  /** What follows from the end of the call of what was granted, where the proposal still waits for that one. */
  async function finishIn(
    tx: Tx,
    granted: StoredProposal,
    settle: () => Promise<Executed>,
  ): Promise<StoredProposal | null> {
    // In this order for everybody: the proposal's row, then the execution's.
    const [held, { execution, outcome }] = await Promise.all([deps.store.hold(tx, granted.proposal.id), settle()]);
    if (held?.state !== granted.state || held.grant !== granted.grant) return null;
    return after.callEnded(tx, granted, execution, outcome);
  }

  /** Asks the status tool by a proposal of its own, and takes what it says. */
  async function askStatus(stored: StoredProposal): Promise<GateResult | null> {
    const wanted = toSubmission(statusWish(stored));
    const asked = await carryServant(wanted);
    if (!asked) return { status: 'running' };
    const { outcome, ...answer } = readAnswer(stored, asked);
    const made = {
      way: 'ask' as const,
      at: deps.clock.now().toISOString(),
      execution: null,
      asked: asked.proposal.id,
      ...answer,
    };
    await locked(stored, async (tx, current) => {
      if (current.settlement?.tries.length !== stored.settlement?.tries.length) return;
      await after.found(tx, current, made, outcome);
    });
    return null;
  }

  /**
   * Works under the proposal's lock, on what was looked at. INVARIANT: the same state under another grant is another state.
   * A move on what was read before would free a proposal that is being executed.
   */
  async function locked(seen: Seen, work: (tx: Tx, current: StoredProposal) => Promise<void>): Promise<void> {
    await deps.uow.transaction(async (tx) => {
      const current = await unchanged(tx, seen);
      if (current) await work(tx, current);
    });
  }

  async function move(
    stored: StoredProposal,
    event: Parameters<typeof nextState>[1],
    patch: { decision?: Decision; grant?: null },
    records: readonly RecordDraft[] = [],
  ): Promise<void> {
    await locked(stored, async (tx) => {
      await deps.store.update(tx, stored.proposal, { ...patch, state: nextState(stored.state, event) });
      if (event === 'regrant') await deps.history.release(tx, stored.proposal.id);
      await deps.audit.append(tx, records);
      if (event === 'refuse' && patch.decision && !isServant(stored) && !stored.planted)
        await deps.handoffs.open(tx, refusalHandoff(stored.proposal, patch.decision));
    });
  }

  async function approvalOf(stored: StoredProposal): Promise<Approval> {
    const approval = stored.approval && (await deps.approvals.get(stored.approval));
    if (!approval) throw new TypeError(`the approval of ${stored.proposal.id} is missing`);
    return approval;
  }

  async function settleDue(limit = 20) {
    const failed: { proposal: ProposalId; error: unknown }[] = [];
    // All at once: one whose executor is slow would hold up the others, and who stops would wait for each in turn.
    await Promise.all(
      (await deps.store.settlingBy(deps.clock.now(), limit)).map((proposal) =>
        walk(proposal).catch((error: unknown) => failed.push({ proposal, error })),
      ),
    );
    return failed;
  }

  return {
    submit,
    resume: advance,
    amend: createAmend({ ...deps, weigh, previewed }),
    get: (id) => deps.store.get(id),
    standing: (id) => standingOf(deps, id),
    frozen,
    settleDue,
    forgetHistory: () => deps.history.forget(deps.clock.now().toISOString()),
  };
}

/** Stores a proposal; false where one of its id is there. */
type Insert = (tx: Tx) => Promise<boolean>;

/** What came of carrying a proposal out. */
interface Performed {
  /** Why its grant could not be used, in which case nothing was called; `elsewhere`: another process has taken it over. */
  readonly left: PortreeveError | 'elsewhere' | null;
  /** As it is stored now, where that is known without a look. */
  readonly stored: StoredProposal | null;
}

type Seen = Pick<StoredProposal, 'proposal' | 'state' | 'grant'>;

/** The environment changed between a decision and its grant: it is decided again. */
class OutOfDate extends Error {
  override readonly name = 'OutOfDate';
}

function isUnderWay(stored: StoredProposal | null): boolean {
  return stored !== null && ['approved', 'granted', 'settling', 'retrying'].includes(stored.state);
}

/** Grants that one walk may lose before something must be wrong with all of them. */
const LOST_GRANTS_MAX = 3;
