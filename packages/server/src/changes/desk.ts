import {
  type AuditWriter,
  actorOf,
  approveChange,
  type ChangeId,
  type Clock,
  type Digest,
  IN_FORCE_KINDS,
  isPortreeveError,
  newId,
  PortreeveError,
  type Principal,
  type UnitOfWork,
} from '@portreeve/contract';
import type { Gate, GateResult } from '@portreeve/gate';
import {
  type ChangeEvidence,
  type ChangeMove,
  type ChangeStore,
  evidenceOf,
  moveChange,
  type ReleaseStore,
  restsOn,
  type StoredChange,
  saidOf,
} from '@portreeve/govern';
import { type Asked, askedOf, askOwners, goesOn, NEVER_ASKED_MS } from '../releases/ask-owners.ts';

/** A change with all that its owners decide by. */
export interface ShownChange extends StoredChange {
  readonly evidence: readonly ChangeEvidence[];
  readonly moves: readonly ChangeMove[];
}

export interface ChangeAnswer extends Asked {
  readonly change: ChangeId;
}

export interface ChangeDeskDeps {
  readonly changes: ChangeStore;
  readonly store: Pick<ReleaseStore, 'get' | 'evidence'>;
  readonly gate: Pick<Gate, 'submit' | 'resume' | 'get'>;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly evidence_hours_max: number;
  /** What runs of each workflow now. */
  readonly inForce: () => Promise<ReadonlyMap<string, Digest>>;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}

/** So long people may think about it. */
const TIMEOUT_MINUTES = 7 * 24 * 60;
const DUE_MAX = 50;

/**
 * Where people look at changes of what workflows rest on and decide on them (requirement H2). Approving is a tool of the
 * house, so that policy, the owners, the grant and the record are those of every action. What a release or a definition
 * changes is approved there, and nowhere else.
 */
export function createChangeDesk(deps: ChangeDeskDeps) {
  const { changes, gate, clock } = deps;

  /** Throws `not_found`. */
  async function get(change: string): Promise<StoredChange> {
    const found = await changes.get(change as ChangeId);
    if (!found) throw new PortreeveError('not_found', `There is no change ${change}.`);
    return found;
  }

  async function evidence(change: StoredChange): Promise<ChangeEvidence[]> {
    const running = await deps.inForce();
    return evidenceOf(deps, change, (workflow) => running.get(workflow) ?? null);
  }

  async function show(change: string): Promise<ShownChange> {
    const found = await get(change);
    const [of, moves] = await Promise.all([evidence(found), changes.moves(found.change)]);
    return { ...found, evidence: of, moves };
  }

  /**
   * Asks the owners to agree. Throws `release_not_ready` with all that was not run again since, and `conflict` for what is
   * approved elsewhere, decided, or asked already.
   */
  async function approve(change: string, reason: string, by: Principal): Promise<ChangeAnswer> {
    const found = await decidable(change);
    const of = await evidence(found);
    const errors = of.flatMap(({ workflow, lacks }) =>
      lacks.map(({ path, message }) => ({ path: `${workflow}.${path}`, message })),
    );
    if (errors.length > 0)
      throw new PortreeveError('release_not_ready', `${change} cannot be approved: ${errors[0]?.message}.`, { errors });
    const proposal = newId('proposal', clock);
    // Before the proposal: who stops in between leaves a note of nothing, and no proposal that nobody carries on.
    if (!(await changes.ask(found.change, proposal, clock.now().toISOString())))
      throw new PortreeveError('conflict', 'Its owners are asked already.', {
        next: 'They decide in the inbox: `portreeve approvals list`.',
      });
    const { kind, subject, from, to, risk, workflows, pieces } = found;
    const args = {
      ...{ change: found.change, kind, subject, from, to, risk, workflows: [...workflows], reason },
      ...{ says: saidOf(pieces), looser: pieces.filter(({ loosens }) => loosens).length, rests_on: restsOn(of) },
    };
    const wish = { proposal, tool: approveChange, args, reason, by, owners: found.owners };
    try {
      const result = await askOwners(gate, { ...wish, timeout_minutes: TIMEOUT_MINUTES });
      return { ...(await settled(found.change, proposal, result)), change: found.change };
    } catch (error) {
      if (!(await gate.get(proposal))) await changes.answered(found.change, proposal);
      throw error;
    }
  }

  /** Throws `conflict` for what is approved and turned down where it comes from, and for what is decided. */
  async function decidable(change: string): Promise<StoredChange> {
    const found = await get(change);
    if (!IN_FORCE_KINDS.some((kind) => kind === found.kind))
      throw new PortreeveError('conflict', `A change by a ${found.kind} is decided with it.`, {
        next: found.kind === 'release' ? RELEASE_NEXT : DEFINITION_NEXT,
      });
    if (found.state !== 'open' && found.state !== 'rejected')
      throw new PortreeveError('conflict', `The change is ${found.state} already.`);
    return found;
  }

  async function settled(change: ChangeId, proposal: Asked['proposal'], result: GateResult): Promise<Asked> {
    if (!goesOn(result)) await changes.answered(change, proposal);
    return askedOf({ proposal, tool: approveChange.name }, result);
  }

  /** Says no for its owners; what is in force stays, and counts as not reviewed. Throws as {@link approve}. */
  async function reject(change: string, reason: string, by: Principal): Promise<ShownChange> {
    const { owners } = await decidable(change);
    const operates = by.roles.some((role) => role === 'operator' || role === 'admin');
    if (!operates && !by.groups.some((group) => owners.includes(group)))
      throw new PortreeveError('approver_not_eligible', `${owners.join(', ')} speak for what it touches.`);
    await deps.uow.transaction(async (tx) => {
      const locked = await changes.lock(tx, change as ChangeId);
      if (!locked) throw new TypeError(`${change} is gone`);
      const no = { change: locked, event: 'reject', reason, actor: actorOf(by) } as const;
      await deps.audit.append(tx, await moveChange(deps, tx, no));
    });
    return show(change);
  }

  /** Carries on what people have answered, and forgets what was never proposed. */
  async function settleDue(): Promise<void> {
    for (const { change, asked } of await changes.asked(DUE_MAX)) {
      if (!asked) continue;
      try {
        if (await gate.get(asked.proposal)) await settled(change, asked.proposal, await gate.resume(asked.proposal));
        else if (clock.now().getTime() - Date.parse(asked.at) > NEVER_ASKED_MS)
          await changes.answered(change, asked.proposal);
      } catch (error) {
        if (!isPortreeveError(error, 'unavailable')) deps.log('error', `${asked.proposal} cannot be carried on`, error);
      }
    }
  }

  return { list: changes.list, unreviewed: changes.unreviewed, show, approve, reject, settleDue };
}

export type ChangeDesk = ReturnType<typeof createChangeDesk>;

const RELEASE_NEXT = 'Let it go on by `portreeve release promote`, or give it up by `portreeve release retire`.';
const DEFINITION_NEXT = 'Decide on the definition: `portreeve tool approve`, or `portreeve tool withdraw`.';
