import {
  type ApprovalId,
  type AuditWriter,
  actorOf,
  asId,
  type Clock,
  type Decision,
  type DeniedBy,
  type Digest,
  digestOf,
  draft,
  type ExecutionId,
  type HandoffId,
  type Json,
  type JsonObject,
  type Labelled,
  newId,
  PortreeveError,
  type Principal,
  type Proposal,
  type ProposalId,
  type ToolContract,
  type UnitOfWork,
  type WorkflowFacts,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import type { Gate } from '../gate.ts';
import type { GateResult } from '../result.ts';
import type { Intent } from '../session/intent.ts';
import type { SessionState } from '../session/states.ts';
import type { Judged } from '../session/types.ts';
import { argumentErrors } from '../wish.ts';
import { declare, liveSessions, noteRead, ownerDigest } from './live-session.ts';
import type { AgentSessionStore, StoredAgentCall } from './ports.ts';

/** Tools that agents outside may use together: to policy what a workflow is. */
export interface Toolset {
  readonly facts: WorkflowFacts;
  /** The digest of all its contracts. */
  readonly release: Digest;
  readonly approval_timeout_minutes: number;
  readonly tools: readonly ToolContract[];
}

/** An action that an agent outside asks for. */
export interface OutsideAsk {
  /** Of the credential, with whoever acts for it. The toolset's name is added as the hand that acts. */
  readonly who: Principal;
  readonly toolset: Toolset;
  readonly contract: ToolContract;
  readonly args: JsonObject;
  readonly rationale: string;
  /** The caller's own name for this action: the same again is the same proposal, whatever became of it. */
  readonly idempotency_key?: string;
  /** Told the proposal before it is decided, so that its progress can be followed. */
  readonly onProposal?: (id: ProposalId) => void;
}

export type OutsideAnswer = { readonly proposal: ProposalId } & (
  | {
      readonly status: 'succeeded';
      readonly execution: ExecutionId;
      readonly result: Json;
      readonly narrowed: readonly string[];
      /** Of a tool that its caller carries out: the arguments that it was let with (RFC 8785, SHA-256). */
      readonly args_digest?: Digest;
    }
  /** The leave to do it was given before, and is given once. */
  | { readonly status: 'given'; readonly execution: ExecutionId }
  /** People have approved it, or policy has; it is done when it is carried on. */
  | { readonly status: 'ready' }
  | { readonly status: 'waiting'; readonly approval: ApprovalId; readonly expires_at: string }
  | { readonly status: 'running'; readonly until: string | null }
  | { readonly status: 'failed'; readonly execution: ExecutionId; readonly reason: string; readonly handoff: HandoffId }
  | { readonly status: 'unknown'; readonly execution: ExecutionId; readonly handoff: HandoffId }
  | { readonly status: 'refused'; readonly decision: Decision }
  | { readonly status: 'denied'; readonly approval: ApprovalId; readonly by: DeniedBy }
);

export interface Followed {
  readonly contract: ToolContract;
  readonly answer: OutsideAnswer;
  /** Why it failed or is not known, in words of ours; null where it is neither. */
  readonly reason: string | null;
}

export interface Following {
  /** Which tools the credential may use now: of another nothing is told, and nothing is carried on. */
  readonly may: (contract: ToolContract) => boolean;
  /** Whether it is carried on: done, where people have approved it. Otherwise only how it stands is told. */
  readonly carry: boolean;
}

export interface SessionView {
  readonly id: string;
  readonly state: SessionState;
  readonly intent: Intent;
}

/**
 * The way in for agents whose code is not ours: MCP clients, hooks of an Agent SDK, anybody with a token. It adds to the
 * gate what they lack: a session that belongs to their credential, which remembers what they have read and what they said
 * that they would do.
 */
export interface Outside {
  /**
   * Submits an action. Where people must agree it says `waiting` at once; the same call of the same principal later goes on
   * with that proposal, and is told its end once. Throws `bad_input` for arguments that do not fit.
   */
  ask(ask: OutsideAsk): Promise<OutsideAnswer>;
  /**
   * Where a proposal of this principal stands. Null: there is none of theirs that the credential may use. May be asked again
   * and again: the leave of a tool that its caller carries out is in one answer alone, to one who carries on.
   */
  follow(who: Principal, proposal: ProposalId, how: Following): Promise<Followed | null>;
  /** Says what will be done, before anything untrusted is read; afterwards it can only become less (`conflict`). */
  declare(who: Principal, wish: { readonly task: string; readonly intent: unknown }): Promise<SessionView>;
  session(who: Principal): Promise<SessionView>;
  /** Forgets what was read: for a person alone. */
  end(who: Principal): Promise<void>;
}

export interface OutsideDeps {
  readonly gate: Pick<Gate, 'submit' | 'resume' | 'get' | 'standing'>;
  readonly store: AgentSessionStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly idle_minutes: number;
  /** How much a text looks as if it gave orders, per mille. */
  readonly score: (value: Labelled<Json>) => number;
}

export function createOutside(deps: OutsideDeps): Outside {
  const { gate, store, audit, uow, clock } = deps;
  const sessions = liveSessions(deps);
  const asking = new Map<string, Promise<unknown>>();

  async function ask(wanted: OutsideAsk): Promise<OutsideAnswer> {
    const owner = ownerDigest(wanted.who);
    const { contract, args, idempotency_key } = wanted;
    const same = { v: 1, tool: contract.name, version: contract.version, args };
    if (idempotency_key !== undefined)
      return askAs(wanted, owner, digestOf({ ...same, name: idempotency_key }), namedProposal(owner, idempotency_key));
    const key = digestOf(same);
    if (!hasEffect(contract)) return askAs(wanted, owner, key, null);
    // The same effect twice at once is one question to people, not two.
    return oneAtATime(`${owner} ${key}`, () => askAs(wanted, owner, key, null));
  }

  async function oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = asking.get(name);
    const now = (before ?? Promise.resolve()).catch(() => undefined).then(work);
    asking.set(name, now);
    return now.finally(() => {
      if (asking.get(name) === now) asking.delete(name);
    });
  }

  async function askAs(
    wanted: OutsideAsk,
    owner: Digest,
    key: Digest,
    named: ProposalId | null,
  ): Promise<OutsideAnswer> {
    const { who, contract } = wanted;
    const known = named === null ? await store.waiting(owner, key) : await store.call(owner, named);
    if (known) {
      if (known.key !== key)
        throw new PortreeveError('idempotency_mismatch', 'This idempotency key was used for another action.');
      wanted.onProposal?.(known.proposal);
      return settle(who, contract, known, await gate.resume(known.proposal));
    }
    const proposal = named ?? newId('proposal', clock);
    const { result, shown } = await submit(wanted, proposal);
    const call = { proposal, owner, key };
    if (hasEnded(result) && named === null) return settle(who, contract, { ...call, delivered: null }, result, shown);
    if (await uow.transaction((tx) => store.waits(tx, call)))
      return settle(who, contract, { ...call, delivered: false }, result);
    // Another process asked for the same at the same time, and was first.
    const other = (await store.waiting(owner, key)) ?? (await store.call(owner, proposal));
    if (!other) throw new PortreeveError('conflict', 'The same call ended meanwhile.', { next: 'Call it again.' });
    return settle(who, contract, other, await gate.resume(other.proposal));
  }

  async function submit(wanted: OutsideAsk, proposal: ProposalId): Promise<{ result: GateResult; shown: Shown }> {
    const { who, toolset, contract, args, rationale } = wanted;
    const errors = argumentErrors(contract, args);
    if (errors.length > 0)
      throw new PortreeveError('bad_input', `The arguments do not fit ${contract.name}.`, {
        errors,
        next: 'Correct the arguments by the tool’s schema and call it again.',
      });
    wanted.onProposal?.(proposal);
    const traced = await trace(who, proposal, contract, args);
    const result = await gate.submit({
      id: proposal,
      run: null,
      workflow: toolset.facts,
      approval_timeout_minutes: toolset.approval_timeout_minutes,
      history: {},
      release: toolset.release,
      principal: { ...who, act: [{ id: `agent:${toolset.facts.name}`, kind: 'agent' }, ...who.act] },
      contract,
      tools: toolset.tools,
      args,
      request: traced.request,
      rationale,
      evidence: null,
      session: { judge: () => traced.judged },
      stoodFor: [],
      injection: traced.injection,
    });
    return { result, shown: { id: proposal, args, provenance: traced.judged.provenance } };
  }

  /** What the session makes of a call. INVARIANT: a use of the intent is stored before anything is done with it. */
  async function trace(who: Principal, id: ProposalId, contract: ToolContract, args: JsonObject) {
    const judge = (at: Parameters<Parameters<typeof sessions.look>[1]>[0]) => {
      const judged = at.session.judge(id, contract, args);
      at.proposals++;
      return {
        judged: (at.full && hasEffect(contract) ? { ...judged, intent: 'unforeseen' } : judged) as Judged,
        request: at.session.snapshot().request,
        injection: at.injection,
      };
    };
    return hasEffect(contract) ? sessions.change(who, judge) : sessions.look(who, judge);
  }

  /** Keeps in the session what came of a proposal, and then tells it. INVARIANT: nothing is told that does not taint. */
  async function settle(
    who: Principal,
    contract: ToolContract,
    { proposal, delivered }: { readonly proposal: ProposalId; readonly delivered: boolean | null },
    result: GateResult,
    shown: Shown | null = null,
  ): Promise<OutsideAnswer> {
    if (result.status === 'waiting') return { proposal, ...result };
    if (result.status === 'running') return { proposal, status: 'running', until: null };
    if (result.status === 'settling') return { proposal, status: 'running', until: result.until };
    const output = result.status === 'succeeded' ? open(result.result) : null;
    const done = delivered === true ? null : await asDone(proposal, contract, shown);
    if (done) await note(who, contract, done, result, output);
    // After the note: who stops in between notes it twice, which says no less.
    const first = delivered === false ? await uow.transaction((tx) => store.deliver(tx, proposal)) : done !== null;
    if (result.status !== 'succeeded') return { proposal, ...result };
    const { execution, narrowed } = result;
    const told = { proposal, status: 'succeeded' as const, execution, narrowed, result: output as Json };
    if (!isByCaller(contract)) return told;
    // INVARIANT: a leave is told once. Who lost that answer does not know whether it was acted on, and asks anew.
    return first && done ? { ...told, args_digest: digestOf(done.args) } : { proposal, status: 'given', execution };
  }

  /** How it stands, as it is kept: nothing is done, and no leave is given. */
  async function look(who: Principal, contract: ToolContract, known: StoredAgentCall): Promise<OutsideAnswer> {
    const { proposal } = known;
    const result = await gate.standing(proposal);
    if (result.status === 'ready') return { proposal, status: 'ready' };
    if (isByCaller(contract) && result.status === 'succeeded' && !known.delivered) return { proposal, status: 'ready' };
    return settle(who, contract, known, result);
  }

  /** The arguments as they were used: policy may have narrowed those of an effect. */
  async function asDone(id: ProposalId, contract: ToolContract, shown: Shown | null): Promise<Shown> {
    if (shown && !hasEffect(contract) && !isByCaller(contract)) return shown;
    let stored = await gate.get(id);
    // The session knows it by the name that it was first proposed under, whoever amended it since.
    while (stored?.amended_by) stored = await gate.get(stored.amended_by);
    if (!stored) throw new TypeError(`proposal ${id} is missing`);
    return { ...stored.proposal, id };
  }

  async function note(
    who: Principal,
    contract: ToolContract,
    shown: Shown,
    result: GateResult,
    output: Json,
  ): Promise<void> {
    const nothing = result.status === 'refused' || result.status === 'denied' || result.status === 'failed';
    const score = result.status === 'succeeded' ? deps.score(result.result) : 0;
    await sessions.change(who, (at) => {
      at.session.settle(shown, contract, nothing || !hasEffect(contract) ? 'nothing' : 'done');
      if (result.status !== 'succeeded') return;
      at.injection = Math.max(at.injection, score);
      noteRead(at, {
        ...{ contract, args: shown.args, output },
        ...(contract.secrecy ? { secrecy: contract.secrecy } : {}),
      });
    });
  }

  return {
    ask,

    async follow(who, proposal, { may, carry }) {
      const known = await store.call(ownerDigest(who), proposal);
      if (!known) return null;
      const stored = await gate.get(proposal);
      if (!stored) throw new TypeError(`proposal ${proposal} is missing`);
      const { contract } = stored;
      if (!may(contract)) return null;
      const answer = carry ? settle(who, contract, known, await gate.resume(proposal)) : look(who, contract, known);
      const told = await answer;
      const outcome = (await gate.get(proposal))?.outcome;
      return { contract, answer: told, reason: outcome && 'reason' in outcome ? outcome.reason : null };
    },

    async declare(who, { task, intent }) {
      return sessions
        .change(who, (at) => {
          const change = declare(at, { task }, intent);
          return { ...viewOf(at), change };
        })
        .then(async ({ change, ...view }) => {
          await audit.record([
            draft({
              type: 'agent.intent_declared',
              actor: actorOf(who),
              data: {
                session: asId('agent_session', view.id),
                change,
                task: change === 'declared' ? digestOf({ task }) : null,
                calls: view.intent.calls.map(({ tool, times }) => ({ tool, times })),
              },
            }),
          ]);
          return view;
        });
    },

    session: (who) => sessions.look(who, viewOf),
    end: (who) => sessions.end(who, 'person'),
  };
}

const viewOf = ({
  id,
  session,
}: {
  id: string;
  session: { state(): SessionState; intent(): Intent };
}): SessionView => ({
  ...{ id, state: session.state(), intent: session.intent() },
});

const hasEffect = (contract: ToolContract): boolean => contract.effect !== 'read' || contract.egress === true;

const isByCaller = ({ binding }: ToolContract): boolean => binding.connector === 'caller';

const hasEnded = ({ status }: GateResult): boolean =>
  status !== 'waiting' && status !== 'running' && status !== 'settling';

/** What of a proposal a session must know once it has ended. */
type Shown = Pick<Proposal, 'id' | 'args' | 'provenance'>;

/** The proposal that a caller's own name stands for. */
const namedProposal = (owner: Digest, name: string): ProposalId =>
  asId('proposal', `prop_${digestOf({ owner, name }).slice('sha256:'.length, 'sha256:'.length + 48)}`);
