import { actorOf, PortreeveError, type Principal, type RunId, type Tx, type UnwindOutcome } from '@portreeve/contract';
import type { StoredProposal } from '../ports.ts';
import type { Left, StoredUnwinding, UnwindingStore } from './ports.ts';
import { begunRecord, unwindingEndedRecord } from './records.ts';
import { nextUnwinding } from './states.ts';
import type { UndoDeps, Undos } from './undo.ts';

export interface UnwindDeps extends UndoDeps {
  readonly unwindings: UnwindingStore;
  readonly undo: Undos;
  /** Told in the transaction that ends an unwinding, so that a run that waits for it is woken. */
  readonly onEnded?: (tx: Tx, run: RunId) => Promise<void>;
}

export interface UnwindAsk {
  readonly by: Principal;
  readonly reason: string;
  /** Where asking may be repeated after a crash: the same key is the same asking. */
  readonly key?: string;
}

/** Takes back all that a run did, latest first (requirement F10). SPEC.md 30 and 31. */
export interface Unwindings {
  /**
   * Begins, or goes on with one that had stopped; one that is under way is joined. `conflict` where nothing of the run
   * stands that could be taken back.
   */
  begin(run: RunId, ask: UnwindAsk): Promise<StoredUnwinding>;
  /** Carries one that is under way as far as it goes now. */
  advance(run: RunId): Promise<void>;
  get(run: RunId): Promise<StoredUnwinding | null>;
  sweep(limit?: number): Promise<readonly { readonly run: RunId; readonly error: unknown }[]>;
}

const EFFECTS_MAX = 1000;
const SWEEP_MAX = 50;

export function createUnwindings(deps: UnwindDeps): Unwindings {
  const { store, undos, unwindings, handoffs, audit, uow } = deps;
  return { begin, advance, get: (run) => unwindings.get(run), sweep };

  async function begin(run: RunId, ask: UnwindAsk): Promise<StoredUnwinding> {
    const before = await unwindings.get(run);
    const isKnown = before !== null && ask.key !== undefined && before.key === ask.key;
    if (before?.state !== 'unwinding' && !isKnown) {
      const effects = await standing(run);
      if (effects.length === 0) {
        if (before) return before;
        throw new PortreeveError('conflict', `Nothing that ${run} did stands and could be taken back.`, {
          next: 'Nothing needs to be done.',
        });
      }
      const state = nextUnwinding(before?.state ?? 'none', 'begin') as StoredUnwinding['state'];
      const begun: StoredUnwinding = {
        ...{
          run,
          workflow: effects[0]!.proposal.workflow,
          state,
          number: (before?.number ?? 0) + 1,
          key: ask.key ?? null,
        },
        ...{ asked_by: ask.by, reason: ask.reason, handoff: null, undone: [], left: [] },
        ahead: effects.map(({ proposal }) => proposal.id),
      };
      await uow.transaction(async (tx) => {
        if (await unwindings.move(tx, before, begun))
          await audit.append(tx, [begunRecord(begun, effects[0]!.proposal.release)]);
      });
    }
    await advance(run);
    return (await unwindings.get(run))!;
  }

  /** What the run did and is not undone, latest first. */
  async function standing(run: RunId): Promise<StoredProposal[]> {
    const effects: StoredProposal[] = [];
    for (const each of await store.effectsIn(run, EFFECTS_MAX)) {
      if (each.serves || each.contract.effect === 'read') continue;
      const undo = await undos.get(each.proposal.id);
      if (undo?.state !== 'undone' && undo?.state !== 'impossible') effects.push(each);
    }
    return effects;
  }

  /** Undoes one after the other until one must be waited for. */
  async function advance(run: RunId): Promise<void> {
    for (;;) {
      const at = await unwindings.get(run);
      if (at?.state !== 'unwinding') return;
      const [head] = at.ahead;
      if (head === undefined) {
        await end(at, 'finish', at.left);
        continue;
      }
      const stored = (await store.get(head))!;
      const outcome = await undoOne(at, stored);
      if (outcome === 'wait') return;
      if (typeof outcome === 'object' && outcome.stop)
        await end(at, 'stop', [...at.left, ...(await unreached(at, outcome.why))]);
      else {
        const state = nextUnwinding(at.state, 'go_on') as StoredUnwinding['state'];
        const to: StoredUnwinding = {
          ...at,
          state,
          ahead: at.ahead.slice(1),
          ...(outcome === 'undone'
            ? { undone: [...at.undone, head] }
            : { left: [...at.left, leftOf(stored, outcome.why)] }),
        };
        await uow.transaction((tx) => unwindings.move(tx, at, to));
      }
    }
  }

  async function undoOne(
    at: StoredUnwinding,
    stored: StoredProposal,
  ): Promise<'undone' | 'wait' | { readonly stop: boolean; readonly why: string }> {
    if (stored.state === 'settling' || stored.state === 'retrying') return 'wait';
    if (stored.state === 'unknown') return { stop: true, why: 'it is not known whether it took effect' };
    // A person found meanwhile that it never happened.
    if (stored.state !== 'succeeded') return 'undone';
    const before = await undos.get(stored.proposal.id);
    const isOurs = before?.unwinding === at.number;
    if (!before || !isOurs || before.state === 'requested')
      await deps.undo.request(stored, { by: at.asked_by, reason: at.reason, unwinding: at.number });
    const undo = (await undos.get(stored.proposal.id))!;
    if (undo.state === 'requested') return 'wait';
    if (undo.state === 'undone') return 'undone';
    return { stop: undo.state !== 'impossible', why: undo.why ?? undo.state };
  }

  async function unreached(at: StoredUnwinding, why: string): Promise<Left[]> {
    const all = await Promise.all(at.ahead.map((id) => store.get(id)));
    return all.map((each, index) => leftOf(each!, index === 0 ? why : 'not reached: what was done after it stands'));
  }

  async function end(at: StoredUnwinding, event: 'finish' | 'stop', left: readonly Left[]): Promise<void> {
    const state = nextUnwinding(at.state, event) as StoredUnwinding['state'];
    // A run is pinned, so that any of its effects names the release; it has one, or nothing had begun.
    const [effect] = [...at.undone, ...left.map(({ proposal }) => proposal)];
    const { release } = (await store.get(effect!))!.proposal;
    await uow.transaction(async (tx) => {
      const ended: StoredUnwinding = { ...at, state, left };
      if (!(await unwindings.move(tx, at, ended))) return;
      const handoff = left.length > 0 ? await open(tx, ended, release) : null;
      const written = { ...ended, handoff };
      await unwindings.move(tx, ended, written);
      await deps.onEnded?.(tx, at.run);
      await audit.append(tx, [unwindingEndedRecord(written, release)]);
    });
  }

  function open(tx: Tx, { run, workflow, left, undone, reason, asked_by, state }: StoredUnwinding, release: string) {
    const stopped = state === 'stopped';
    return handoffs.open(tx, {
      kind: 'not_undone',
      run,
      proposal: null,
      workflow,
      release,
      about: null,
      why: `The run was to be unwound, and ${left.length} of ${left.length + undone.length} effects stand.`,
      context: { reason, left: left.map((each) => ({ ...each })), undone: [...undone] },
      next: stopped
        ? 'See to the first of what stands; then ask again, and the unwinding goes on from there.'
        : 'Take back by hand what stands, or let it stand; then close this with what you did.',
      actor: actorOf(asked_by),
    });
  }

  async function sweep(limit = SWEEP_MAX) {
    const failed: { run: RunId; error: unknown }[] = [];
    for (const { run } of await unwindings.open(limit))
      await advance(run).catch((error: unknown) => failed.push({ run, error }));
    return failed;
  }
}

function leftOf({ proposal, execution }: StoredProposal, why: string): Left {
  return { proposal: proposal.id, execution, tool: proposal.tool, why };
}

/** An ended unwinding as a workflow's code is told of it; null while it is under way. */
export function unwindOutcome(unwinding: StoredUnwinding): UnwindOutcome | null {
  const { state, undone, left, handoff } = unwinding;
  if (state === 'unwinding') return null;
  return {
    status: state,
    undone: undone.length,
    left: left.map(({ execution, tool, why }) => ({ execution, tool, why })),
    handoff,
  };
}
