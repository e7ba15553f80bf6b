import {
  type ApprovalDelegationId,
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  newId,
  PortreeveError,
  type Principal,
  type PrincipalId,
  type RecordDraft,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { StandingFor } from './judge.ts';
import type { DelegationStore, StoredApproval, StoredDelegation } from './ports.ts';

/** The longest that somebody may decide in another's place. */
export const DELEGATION_DAYS_MAX = 31;
const DAY_MS = 86_400_000;

export interface DelegationDeps {
  readonly delegations: DelegationStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  /** Who somebody is now, with the groups and roles of now; null where they may not act. */
  readonly whoIs: (id: PrincipalId) => Promise<Principal | null>;
  /** Whether somebody is frozen now; left out: nobody is. */
  readonly isFrozen?: IsFrozen;
}

export type IsFrozen = (id: PrincipalId) => Promise<boolean>;

export interface DelegationWish {
  readonly delegate: PrincipalId;
  /** Of one's own. */
  readonly groups: readonly string[];
  readonly until: string;
  readonly reason: string;
}

/** Deciding in another's place, with an end (requirement F4). The rules are in SPEC.md. */
export interface ApprovalDelegations {
  /** Throws `refused` where the delegate is no approver or a group is not one's own, `bad_request` for a wrong time. */
  delegate(wish: DelegationWish, by: Principal): Promise<StoredDelegation>;
  /** Ends one that one has given, or was given. */
  end(id: ApprovalDelegationId, by: Principal): Promise<void>;
  /** Those that somebody gave or was given, ended ones too; by id, ascending. */
  of(principal: PrincipalId): Promise<StoredDelegation[]>;
}

export function createApprovalDelegations(deps: DelegationDeps): ApprovalDelegations {
  const { delegations, uow, audit, clock, whoIs } = deps;
  return {
    async delegate({ delegate, groups, until, reason }, by) {
      assertMayDelegate(by, groups);
      const now = clock.now();
      const end = Date.parse(until);
      if (!(end > now.getTime()) || end > now.getTime() + DELEGATION_DAYS_MAX * DAY_MS)
        throw new PortreeveError('bad_request', `It ends within ${DELEGATION_DAYS_MAX} days, and not before now.`);
      const other = await whoIs(delegate);
      if (delegate === by.id || other?.kind !== 'person' || !other.roles.includes('approver'))
        throw new PortreeveError('refused', 'Only another person who is an approver can decide in your place.');
      const made: StoredDelegation = {
        id: newId('approval_delegation', clock),
        delegator: by.id,
        delegate,
        groups: [...new Set(groups)].sort(),
        reason,
        from_at: now.toISOString(),
        until: new Date(end).toISOString(),
        ended_at: null,
      };
      await uow.transaction(async (tx) => {
        await delegations.insert(tx, made);
        const data = { delegation: made.id, delegate, groups: [...made.groups], until: made.until, reason };
        await audit.append(tx, [draft({ type: 'approval.delegated', actor: actorOf(by), outcome: 'delegated', data })]);
      });
      return made;
    },

    async end(id, by) {
      const found = (await delegations.of(by.id)).find((each) => each.id === id);
      if (!found) throw new PortreeveError('not_found', `There is no delegation ${id} of yours.`);
      await uow.transaction(async (tx) => {
        if (!(await delegations.end(tx, id, clock.now().toISOString())))
          throw new PortreeveError('conflict', 'It had ended before.');
        const data = { delegation: id };
        await audit.append(tx, [
          draft({ type: 'approval.delegation_ended', actor: actorOf(by), outcome: 'ended', data }),
        ]);
      });
    },

    of: (principal) => delegations.of(principal),
  };
}

function assertMayDelegate(by: Principal, groups: readonly string[]): void {
  if (by.kind !== 'person' || by.act.length > 0 || !by.roles.includes('approver'))
    throw new PortreeveError('refused', 'Only an approver can let another decide in their place, and directly.');
  const foreign = groups.filter((group) => !by.groups.includes(group));
  if (groups.length === 0 || foreign.length > 0)
    throw new PortreeveError('refused', 'You can pass on only what is your own: name groups that you are a member of.');
}

/**
 * In whose place somebody may decide now, and for which groups: of people who are still approvers of these groups, and not
 * frozen. What is found before a transaction is looked at again in it, with {@link stillStanding}.
 */
export async function standingFor(
  { delegations, whoIs, isFrozen, clock }: Pick<DelegationDeps, 'delegations' | 'whoIs' | 'isFrozen' | 'clock'>,
  delegate: PrincipalId,
): Promise<StandingFor> {
  const active = await delegations.activeFor(delegate, clock.now().toISOString());
  const standing = await Promise.all(
    active.map(async ({ id, delegator, groups }) => {
      const now = (await isFrozen?.(delegator)) ? null : await whoIs(delegator);
      const still = now?.roles.includes('approver') ? groups.filter((group) => now.groups.includes(group)) : [];
      return { delegation: id, delegator, groups: still };
    }),
  );
  return standing.filter(({ groups }) => groups.length > 0);
}

/** Those that nobody has ended meanwhile, read in the transaction that decides on them, after its lock. */
export async function stillStanding(
  { delegations, clock }: { readonly delegations?: Pick<DelegationDeps, 'delegations'>; readonly clock: Clock },
  tx: Tx,
  delegate: PrincipalId,
  standing: StandingFor,
): Promise<StandingFor> {
  if (standing.length === 0 || !delegations) return [];
  const active = await delegations.delegations.activeFor(delegate, clock.now().toISOString(), tx);
  return standing.filter(({ delegation }) => active.some(({ id }) => id === delegation));
}

/** The record that somebody decided in another's place; none where they did so as themselves. */
export function stoodInRecords(
  in_place_of: PrincipalId | null,
  verdict: string,
  { refs }: Pick<StoredApproval, 'refs'>,
  by: Principal,
): RecordDraft[] {
  if (in_place_of === null) return [];
  const data = { in_place_of, verdict };
  return [draft({ type: 'approval.stood_in', actor: actorOf(by), refs, outcome: verdict, data })];
}
