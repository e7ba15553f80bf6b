import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  ESCALATIONS_MAX,
  type Handoff,
  type HandoffId,
  type HandoffKind,
  idSchema,
  type Json,
  type JsonObject,
  type Labelled,
  newId,
  PortreeveError,
  type Principal,
  type PrincipalId,
  type Procedure,
  type ProposalId,
  type RecordActor,
  type RecordRefs,
  type RunId,
  recordRefsSchema,
  requestersOf,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
  type WorkflowContract,
} from '@portreeve/contract';
import { checkedResult, type Finish, materialOf, resultFacts, resultOf, secrecyOf } from './handoff-result.ts';
import { nextHandoffState } from './handoff-states.ts';
import type { HandoffFilter, HandoffStore, ProposalStore } from './ports.ts';

export interface HandoffWish {
  /** Given where the same work may be opened twice, such as by a step that is repeated after a crash. */
  readonly id?: HandoffId;
  readonly kind: HandoffKind;
  readonly run: RunId | null;
  readonly proposal: ProposalId | null;
  readonly workflow: string;
  readonly release: string;
  /** The prompt, source or tool that it is about. */
  readonly about: string | null;
  readonly why: string;
  readonly context: JsonObject;
  /** How secret the context is; `public` where nobody says. */
  readonly label?: Handoff['label'];
  readonly tried?: readonly string[];
  /** Values that a person needs to see. */
  readonly material?: readonly { readonly name: string; readonly value: Labelled<unknown> }[];
  /** The JSON Schema of the result that the run waits for. */
  readonly awaits?: JsonObject;
  /** Of the release that the run is pinned to; else that of the workflow as it is now. */
  readonly procedures?: WorkflowContract['procedures'];
  readonly next: string;
  readonly actor: RecordActor;
}

export interface Handoffs {
  /** Opens work for a person, in the transaction of what made it necessary. Records it. */
  open(tx: Tx, wish: HandoffWish): Promise<HandoffId>;
  /** The person takes it, or takes it over from themselves. */
  take(id: HandoffId, by: Principal): Promise<Handoff>;
  /** Gives it to somebody, whoever had it. Throws `refused` where they could not have taken it themselves. */
  assign(id: HandoffId, to: PrincipalId, by: Principal): Promise<Handoff>;
  escalate(id: HandoffId, reason: string, by: Principal): Promise<Handoff>;
  /** A person says that it is done, and how. `first` is what else that changes, in the same transaction. */
  finish(
    id: HandoffId,
    done: { readonly note: string; readonly result: Finish },
    by: Principal,
    first?: (tx: Tx, handoff: Handoff) => Promise<void>,
  ): Promise<Handoff>;
  /** Work whose time is over goes up; gives what did. */
  escalateDue(limit?: number): Promise<readonly HandoffId[]>;
  get(id: HandoffId): Promise<Handoff | null>;
  list(filter: HandoffFilter): Promise<Handoff[]>;
  /** What a person gave back, as a trusted value of that person; null where nothing was. */
  result(id: HandoffId): Promise<Labelled<Json> | null>;
}

export interface HandoffsDeps {
  readonly store: HandoffStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** The procedures of a workflow as it is now. */
  readonly procedures: (workflow: string) => WorkflowContract['procedures'];
  /** Who somebody is now, with the groups of now; null where they may not act. */
  readonly whoIs: (id: PrincipalId) => Promise<Principal | null>;
  readonly proposals: Pick<ProposalStore, 'get'>;
  /** The release that a run is pinned to; null where there is no such run. */
  readonly releaseOf: (run: RunId) => Promise<string | null>;
  /** Wakes the run that waits, in the transaction that finishes the work. */
  readonly finished: (tx: Tx, handoff: Handoff) => Promise<void>;
}

const DUE_MINUTES = 24 * 60;

/** The queue of work that a person must finish (requirement I8). Its states are in `handoff-states.ts`. */
export function createHandoffs(deps: HandoffsDeps): Handoffs {
  const { store, audit, uow, clock } = deps;
  const dueAfter = (procedure: Procedure | null) =>
    new Date(clock.now().getTime() + (procedure?.due_minutes ?? DUE_MINUTES) * 60_000).toISOString();

  /** Changes one hand-off under its lock, and records that. */
  async function change(
    id: HandoffId,
    work: (tx: Tx, handoff: Handoff, refs: RecordRefs) => Promise<Partial<Handoff>>,
  ): Promise<Handoff> {
    const release = await releaseOf(await store.get(id));
    return uow.transaction(async (tx) => {
      const handoff = await store.lock(tx, id);
      if (!handoff) throw new PortreeveError('not_found', `There is no hand-off ${id}.`);
      const patch = await work(tx, handoff, refsOf(handoff, release));
      return { ...handoff, ...patch };
    });
  }

  /** Read before the transaction, which holds a connection. */
  async function releaseOf(handoff: Handoff | null): Promise<string | null> {
    const stored = handoff?.proposal ? await deps.proposals.get(handoff.proposal) : null;
    if (stored) return stored.proposal.release;
    return handoff?.run ? deps.releaseOf(handoff.run) : null;
  }

  /**
   * Who may not do it, as they asked for what it is about (four eyes): a review of one's own is none, and what one finds
   * out of one's own unknown outcome decides whether it counts. Read before the transaction, which holds a connection.
   */
  async function askersOf(id: HandoffId): Promise<readonly string[]> {
    const handoff = await store.get(id);
    if (!handoff || !FOUR_EYES.has(handoff.kind)) return [];
    const stored = handoff.proposal && (await deps.proposals.get(handoff.proposal));
    return [...(handoff.requester ? [handoff.requester] : []), ...(stored ? requestersOf(stored.proposal) : [])];
  }

  async function assigned(
    tx: Tx,
    { handoff, refs }: { readonly handoff: Handoff; readonly refs: RecordRefs },
    to: PrincipalId,
    by: Principal,
  ): Promise<Partial<Handoff>> {
    const patch = { state: nextHandoffState(handoff.state, 'assign'), assignee: to };
    if (handoff.assignee === to) return patch;
    await store.update(tx, handoff, patch);
    await audit.append(tx, [
      draft({
        type: 'handoff.assigned',
        actor: actorOf(by),
        refs,
        data: { to, from: handoff.assignee },
      }),
    ]);
    return patch;
  }

  async function goneUp(
    tx: Tx,
    { handoff, refs }: { readonly handoff: Handoff; readonly refs: RecordRefs },
    how: { readonly by: 'time' | 'person'; readonly reason: string; readonly actor: RecordActor },
  ): Promise<Partial<Handoff>> {
    const patch = {
      state: nextHandoffState(handoff.state, 'escalate'),
      level: handoff.level + 1,
      group: handoff.procedure?.escalate_to ?? handoff.group,
      due_at: dueAfter(handoff.procedure),
    };
    if (patch.level > ESCALATIONS_MAX)
      throw new PortreeveError('conflict', 'The hand-off has gone up as far as it can.');
    await store.update(tx, handoff, patch);
    const { level, group, due_at } = patch;
    await audit.append(tx, [
      draft({
        type: 'handoff.escalated',
        actor: how.actor,
        refs,
        outcome: how.by,
        data: { level, by: how.by, group, due_at, reason: how.reason },
      }),
    ]);
    return patch;
  }

  return {
    async open(tx, wish) {
      if (wish.id && (await store.get(wish.id))) return wish.id;
      const id = wish.id ?? newId('handoff', clock);
      const procedures = wish.procedures ?? deps.procedures(wish.workflow);
      const procedure = procedureFor(procedures, wish.about);
      const { kind, run, proposal, workflow, about, why, context, next, actor } = wish;
      const handoff: Handoff = {
        ...{ id, kind, state: 'open', run, proposal, workflow, about, why, context, next },
        label: wish.label ?? { confidentiality: 'public', categories: [] },
        tried: (wish.tried ?? []).map((each) => each.slice(0, 1000)).slice(0, 100),
        material: materialOf(wish.material ?? []),
        procedure,
        awaits: wish.awaits ?? null,
        result: null,
        requester: idSchema('principal').safeParse(actor.id).data ?? null,
        group: procedure?.group ?? null,
        assignee: null,
        level: 0,
        due_at: dueAfter(procedure),
        created_at: clock.now().toISOString(),
        closed_at: null,
      };
      await store.insert(tx, handoff);
      await audit.append(tx, [
        draft({
          type: 'handoff.opened',
          actor,
          refs: { ...refsOf(handoff, wish.release), ...(proposal ? { proposal } : {}) },
          outcome: kind,
          data: { kind, why },
        }),
      ]);
      return id;
    },

    async take(id, by) {
      const askers = await askersOf(id);
      return change(id, async (tx, handoff, refs) => {
        mustMayWork(handoff, by, askers);
        if (handoff.assignee !== null && handoff.assignee !== by.id)
          throw new PortreeveError('conflict', 'Somebody else has this hand-off.', {
            next: 'Have it assigned to you, or leave it to them.',
          });
        return assigned(tx, { handoff, refs }, by.id, by);
      });
    },

    async assign(id, to, by) {
      const [askers, other] = [await askersOf(id), await deps.whoIs(to)];
      return change(id, async (tx, handoff, refs) => {
        if (!other) throw new PortreeveError('refused', `There is no ${to} who could do it.`);
        mustMayWork({ ...handoff, assignee: null }, other, askers);
        return assigned(tx, { handoff, refs }, to, by);
      });
    },

    escalate: (id, reason, by) =>
      change(id, (tx, handoff, refs) => goneUp(tx, { handoff, refs }, { by: 'person', reason, actor: actorOf(by) })),

    async finish(id, { note, result }, by, first) {
      const askers = await askersOf(id);
      return change(id, async (tx, handoff, refs) => {
        const state = nextHandoffState(handoff.state, 'finish');
        mustMayWork(handoff, by, askers);
        const closed_at = clock.now().toISOString();
        const given = checkedResult(handoff, result, by, closed_at);
        // What it was shown is needed no longer. How secret that was stays with the result.
        const patch = {
          ...{ state, closed_at, result: given, material: [] },
          label: secrecyOf(handoff),
        };
        await store.update(tx, handoff, patch);
        await deps.finished(tx, { ...handoff, ...patch });
        await first?.(tx, handoff);
        const facts = given && resultFacts(handoff, given);
        await audit.append(tx, [
          draft({
            type: 'handoff.closed',
            actor: actorOf(by),
            refs,
            outcome: result && 'declined' in result ? 'declined' : facts?.changed ? 'changed' : 'done',
            data: { note, ...(facts ? { result: facts } : {}) },
          }),
        ]);
        return patch;
      });
    },

    async escalateDue(limit = 100) {
      const due = await store.due(clock.now().toISOString(), limit);
      const moved: HandoffId[] = [];
      for (const id of due) {
        await change(id, async (tx, handoff, refs) => {
          // Another process may have looked at it meanwhile.
          if (handoff.state === 'done' || Date.parse(handoff.due_at) > clock.now().getTime()) return {};
          moved.push(id);
          return goneUp(tx, { handoff, refs }, { by: 'time', reason: 'Its time was over.', actor: SYSTEM_ACTOR });
        });
      }
      return moved;
    },

    get: (id) => store.get(id),
    list: (filter) => store.list(filter),

    async result(id) {
      const handoff = await store.get(id);
      return handoff && resultOf(handoff);
    },
  };
}

function refsOf(handoff: Handoff, release: string | null): RecordRefs {
  const { id, workflow, run } = handoff;
  const refs = { handoff: id, workflow, ...subjectOf(handoff) };
  if (run === null) return { ...refs, ...(release ? { release } : {}) };
  if (release === null) throw new TypeError(`the hand-off ${id} is of a run that is not stored`);
  return { ...refs, run, release };
}

/** What the work is about: a tool, or a question to a model, with the model whose answer it is and the policy that sent it. */
function subjectOf({ about, proposal, context }: Handoff) {
  if (about === null) return {};
  if (proposal !== null) return { tool: about };
  if (context.prompt !== about) return {};
  // A model's name comes from outside, and not each has a form that the record is searched by.
  const told = FROM.flatMap((name) => {
    const { data } = recordRefsSchema.shape[name].safeParse(context[name]);
    return data === undefined ? [] : [[name, data] as const];
  });
  return { prompt: about, ...Object.fromEntries(told) };
}

const FROM = ['prompt_version', 'model', 'policy_version'] as const;

/** The procedure for what the work is about, or the one for all others. */
export function procedureFor(procedures: WorkflowContract['procedures'], about: string | null): Procedure | null {
  const found = about !== null && Object.hasOwn(procedures, about) ? procedures[about] : procedures.default;
  return found ?? null;
}

const FOUR_EYES: ReadonlySet<HandoffKind> = new Set(['review', 'unknown_outcome']);

/** Only a person finishes a person's work: one of the group whose it is, or the one who was given it. */
function mustMayWork(handoff: Handoff, by: Principal, askers: readonly string[]): void {
  const refuse = (detail: string, next: string) => {
    throw new PortreeveError('refused', detail, { next });
  };
  if (by.kind !== 'person' || by.act.length > 0)
    refuse('This is work for a person, and nobody does it on their behalf.', 'A person does it, as themselves.');
  if (handoff.assignee !== null && handoff.assignee !== by.id)
    refuse('Somebody else has this hand-off.', 'Have it assigned to you, or leave it to them.');
  if (handoff.assignee !== by.id && handoff.group !== null && !by.groups.includes(handoff.group))
    refuse(`This is the work of ${handoff.group}.`, 'Leave it to one of them, or send it up.');
  if (askers.includes(by.id)) refuse('Whoever asked for it does not settle it.', 'Leave it to somebody else.');
}
