import {
  type ActionTier,
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type EnvironmentFacts,
  PortreeveError,
  type Principal,
  type RecordActor,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';

/** How much a freeze still stops, most first. A thaw goes down one or more steps; `lifted` stops nothing. */
export const FREEZE_STAGES = ['everything', 'effects', 'high-tiers', 'lifted'] as const;
export type FreezeStage = (typeof FREEZE_STAGES)[number];

/** `all`, `tool:NAME`, `workflow:NAME` or `principal:ID`. */
export const FREEZE_TARGET =
  /^(all|tool:[a-z][a-z0-9_-]{0,63}|workflow:[a-z][a-z0-9_-]{0,63}|principal:[a-z0-9:_-]{1,128})$/;

/** One line of the environment's history. The newest line of a subject is what holds. */
export interface EnvironmentChange {
  /** `freeze:<target>`, `maintenance:<target>`, `outage:<model endpoint>` or `incident`. */
  readonly subject: string;
  /** A freeze's stage; `on` or `off` of the others. */
  readonly state: FreezeStage | 'on' | 'off';
  /** The window of a maintenance; `null` for what holds at once and until it is changed. */
  readonly from: string | null;
  readonly until: string | null;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
}

export interface EnvironmentStore {
  append(tx: Tx, change: EnvironmentChange): Promise<void>;
  /** The newest change of each subject, and how many changes there are in all, from one look. */
  current(): Promise<{ changes: EnvironmentChange[]; count: number }>;
  /** Newest first. */
  history(limit: number): Promise<EnvironmentChange[]>;
  /** How many changes there are. None is added from then on until the transaction ends. */
  count(tx: Tx): Promise<number>;
}

/** What is asked for, as far as a half-thawed freeze looks at it. */
export interface Asked {
  readonly effect: 'read' | 'write' | 'external';
  readonly tier: ActionTier;
}

export interface EnvironmentService {
  /**
   * What holds now, for one kind of request: a freeze that no longer stops such requests is not in it. Where the state
   * could not be read for {@link STALE_MS} everything is frozen (requirement C4).
   */
  facts(asked?: Asked): EnvironmentFacts;
  /** Stops what the target names: new calls, grants that are not used yet, and verdicts. In force when this returns. */
  freeze(target: string, reason: string, by: Principal): Promise<void>;
  /**
   * The house itself stops what the target names, as {@link freeze} does; false where it is stopped already. Only a person
   * thaws it.
   */
  suspend(target: string, reason: string): Promise<boolean>;
  /** Lets through more, one stage at a time or at once; never less. */
  thaw(target: string, stage: FreezeStage, reason: string, by: Principal): Promise<void>;
  incident(state: 'on' | 'off', reason: string, by: Principal): Promise<void>;
  /** Plans a maintenance window, or moves the one that the target has: nothing is changed there while it is open. */
  maintain(target: string, window: { from: Date; until: Date }, reason: string, by: Principal): Promise<void>;
  /** Ends a maintenance window early, or calls it off. */
  endMaintenance(target: string, reason: string, by: Principal): Promise<void>;
  /** A model endpoint stopped answering, or answers again, as its circuit breaker tells. Saying it twice changes nothing. */
  outage(endpoint: string, state: 'on' | 'off', reason: string): Promise<void>;
  /** What holds, or is planned: the newest change of each subject that is not over. */
  current(): readonly EnvironmentChange[];
  history(limit: number): Promise<EnvironmentChange[]>;
  /**
   * Whether {@link facts} are those of the store. No change comes into force from then on until the transaction ends:
   * what was decided on these facts cannot be overtaken by a freeze.
   */
  isCurrent(tx: Tx): Promise<boolean>;
  /**
   * Reads the state again where it is too old to judge by. Rejects where it cannot be read: whoever can wait then waits,
   * and is not refused for a freeze that nobody ordered.
   */
  freshen(): Promise<void>;
  /** Reads the state again. Call it often, and when another process says that it has changed. */
  refresh(): Promise<void>;
}

/** Milliseconds without a successful look at the store after which everything counts as frozen. */
export const STALE_MS = 5000;
const REASON_CHARS_MAX = 2000;

/** The environment as data with history (requirement C5): freezes and their staged lifting, incidents, maintenance, outages. */
export function createEnvironment(deps: {
  readonly name: EnvironmentFacts['name'];
  readonly store: EnvironmentStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** Takes back the grants that a freeze stops and that are not used yet. */
  readonly revokeGrants: (tx: Tx, target: string) => Promise<void>;
}): EnvironmentService {
  let changesBySubject = new Map<string, EnvironmentChange>();
  let count = -1;
  let readAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    const at = deps.clock.now().getTime();
    const current = await deps.store.current();
    readAt = Math.max(readAt, at);
    // A slower, older look must not overwrite a newer one: changes are only ever added.
    if (current.count < count) return;
    changesBySubject = new Map(current.changes.map((change) => [change.subject, change]));
    count = current.count;
  }

  async function change(
    subject: string,
    state: EnvironmentChange['state'],
    reason: string,
    by: RecordActor,
    window: Pick<EnvironmentChange, 'from' | 'until'> = { from: null, until: null },
  ): Promise<void> {
    const text = reason.trim();
    if (text === '' || text.length > REASON_CHARS_MAX) {
      throw new PortreeveError('bad_request', `A reason of 1 to ${REASON_CHARS_MAX} characters is needed.`);
    }
    const at = deps.clock.now().toISOString();
    await deps.uow.transaction(async (tx) => {
      await deps.store.append(tx, { subject, state, ...window, reason: text, by: by.id, at });
      await deps.audit.append(tx, [
        draft({
          type: 'environment.changed',
          actor: by,
          outcome: state,
          data: { subject, state, ...window, reason: text },
        }),
      ]);
    });
    await refresh();
  }

  async function stop(target: string, reason: string, by: RecordActor): Promise<void> {
    await change(FREEZE + freezable(target), 'everything', reason, by);
    // INVARIANT: after the change has committed, not with it. From then on no grant is issued on what held before
    // (`isCurrent`), and every grant that was is there to be seen. An error here leaves the freeze in force: freeze again.
    await deps.uow.transaction((tx) => deps.revokeGrants(tx, target));
  }

  const isOver = (held: EnvironmentChange): boolean =>
    held.until !== null && Date.parse(held.until) <= deps.clock.now().getTime();
  const isOpen = (held: EnvironmentChange): boolean =>
    held.state === 'on' && !isOver(held) && (held.from === null || Date.parse(held.from) <= deps.clock.now().getTime());
  const holding = (prefix: string): string[] =>
    [...changesBySubject.values()].flatMap((held) =>
      held.subject.startsWith(prefix) && isOpen(held) ? [held.subject.slice(prefix.length)] : [],
    );

  const isStale = () => deps.clock.now().getTime() - readAt > STALE_MS;

  return {
    facts(asked) {
      const stale = isStale();
      const freezes = [...changesBySubject.values()].flatMap(({ subject, state }) =>
        subject.startsWith(FREEZE) && stops(state as FreezeStage, asked) ? [subject.slice(FREEZE.length)] : [],
      );
      return {
        name: deps.name,
        freezes: stale ? [...freezes, 'all'] : freezes,
        incident: changesBySubject.get('incident')?.state === 'on',
        maintenance: holding(MAINTENANCE),
        outages: holding(OUTAGE),
      };
    },

    async freeze(target, reason, by) {
      await stop(target, reason, actorOf(by));
    },

    async suspend(target, reason) {
      await refresh();
      if ((changesBySubject.get(FREEZE + freezable(target))?.state ?? 'lifted') !== 'lifted') return false;
      await stop(target, reason, SYSTEM_ACTOR);
      return true;
    },

    async thaw(target, stage, reason, by) {
      const subject = FREEZE + freezable(target);
      await refresh();
      const held = changesBySubject.get(subject)?.state as FreezeStage | undefined;
      if (!held || held === 'lifted') throw new PortreeveError('conflict', `${target} is not frozen.`);
      if (FREEZE_STAGES.indexOf(stage) <= FREEZE_STAGES.indexOf(held)) {
        throw new PortreeveError('conflict', `${target} is frozen at the stage ${held}: a thaw goes on from there.`, {
          next: `Choose a later stage (${FREEZE_STAGES.slice(FREEZE_STAGES.indexOf(held) + 1).join(', ')}), or freeze it anew.`,
        });
      }
      await change(subject, stage, reason, actorOf(by));
    },

    async incident(state, reason, by) {
      await change('incident', state, reason, actorOf(by));
    },

    async maintain(target, { from, until }, reason, by) {
      const fault = until <= from ? 'is not after `from`' : until <= deps.clock.now() ? 'is not in the future' : null;
      if (fault !== null) {
        throw new PortreeveError('bad_request', `The maintenance window cannot be: \`until\` ${fault}.`, {
          errors: [{ path: 'until', message: fault }],
        });
      }
      if (until.getTime() - from.getTime() > WINDOW_MAX_MS) {
        throw new PortreeveError('bad_request', 'A maintenance window is at most 31 days long.', {
          next: 'Freeze the target instead: a freeze holds until somebody lifts it.',
        });
      }
      const window = { from: from.toISOString(), until: until.toISOString() };
      await change(MAINTENANCE + maintainable(target), 'on', reason, actorOf(by), window);
    },

    async endMaintenance(target, reason, by) {
      await refresh();
      const held = changesBySubject.get(MAINTENANCE + maintainable(target));
      if (held?.state !== 'on' || isOver(held)) {
        throw new PortreeveError('conflict', `${target} has no maintenance window, open or planned.`);
      }
      await change(MAINTENANCE + target, 'off', reason, actorOf(by));
    },

    async outage(endpoint, state, reason) {
      await refresh();
      const held = changesBySubject.get(OUTAGE + endpoint)?.state ?? 'off';
      if (held !== state) await change(OUTAGE + endpoint, state, reason, SYSTEM_ACTOR);
    },

    current: () => [...changesBySubject.values()].filter((held) => !RELEASED.has(held.state) && !isOver(held)),
    isCurrent: async (tx) => (await deps.store.count(tx)) === count,
    history: (limit) => deps.store.history(limit),
    freshen: async () => {
      if (isStale()) await refresh();
    },
    refresh,
  };
}

const FREEZE = 'freeze:';
const MAINTENANCE = 'maintenance:';
const OUTAGE = 'outage:';
const RELEASED: ReadonlySet<EnvironmentChange['state']> = new Set(['lifted', 'off']);
const WINDOW_MAX_MS = 31 * 86_400_000;

function freezable(target: string): string {
  if (!FREEZE_TARGET.test(target)) {
    throw new PortreeveError('bad_request', `${JSON.stringify(target.slice(0, 100))} cannot be frozen.`, {
      next: 'Name all, tool:NAME, workflow:NAME or principal:ID.',
    });
  }
  return target;
}

function maintainable(target: string): string {
  if (!FREEZE_TARGET.test(target) || target.startsWith('principal:')) {
    throw new PortreeveError('bad_request', `${JSON.stringify(target.slice(0, 100))} cannot be under maintenance.`, {
      next: 'Name all, tool:NAME or workflow:NAME.',
    });
  }
  return target;
}

/** Whether a freeze at this stage stops what is asked for; without anything asked, whether it stops anything. */
function stops(stage: FreezeStage, asked: Asked | undefined): boolean {
  if (stage === 'lifted') return false;
  if (stage === 'everything' || !asked) return true;
  if (stage === 'effects') return asked.effect !== 'read';
  return asked.effect !== 'read' && asked.tier > 2;
}
