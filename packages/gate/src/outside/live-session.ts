import {
  type AgentSessionId,
  type AuditWriter,
  actorOf,
  BOTTOM,
  type Clock,
  type Digest,
  digestOf,
  draft,
  isPortreeveError,
  type JsonObject,
  join,
  newId,
  PortreeveError,
  type Principal,
  type UnitOfWork,
} from '@portreeve/contract';
import { openSession, restoreSession } from '../session/session.ts';
import type { Observation, Session } from '../session/types.ts';
import type { AgentSessionHead, AgentSessionStore, SessionOwner, StoredAgentSession } from './ports.ts';

/** A session that is open in this process. */
export interface LiveSession {
  readonly id: AgentSessionId;
  readonly owner: Digest;
  session: Session;
  injection: number;
  full: boolean;
  proposals: number;
  /** As it is stored. */
  version: number;
  saved: number;
  /** One more each time that what it has read begins anew: a save of before says nothing of what is stored of it. */
  generation: number;
  used_at: string;
  /** The save that covers all that was changed up to now. */
  saving: Promise<void> | null;
  next: Promise<void> | null;
}

/** Another process has changed the session: what was looked at is old. */
class SessionMoved extends Error {
  override readonly name = 'SessionMoved';
}

export const ownerDigest = ({ id, act }: SessionOwner): Digest =>
  digestOf({ v: 1, principal: id, act: act.map((actor) => actor.id) });

/** Sessions that one process keeps open at once. Others are read again when they are used. */
const LIVE_MAX = 512;
const RETRIES = 20;

export interface LiveSessionDeps {
  readonly store: AgentSessionStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly idle_minutes: number;
}

/**
 * The sessions of agents: one for each owner, kept in the database, changed by one change at a time. A change counts once it
 * is stored; where another process was faster it is made again on what is there then.
 */
export function liveSessions(deps: LiveSessionDeps) {
  const { store, clock } = deps;
  const live = new Map<Digest, Promise<LiveSession>>();

  /** Makes a change and returns when it is stored. `change` may be called more than once. */
  async function change<T>(who: Principal, make: (at: LiveSession) => T): Promise<T> {
    const owner = ownerDigest(who);
    for (let tries = 0; ; tries++) {
      const at = await current(who, owner);
      const made = make(at);
      at.used_at = clock.now().toISOString();
      try {
        await save(at, who);
        return made;
      } catch (error) {
        forget(owner);
        if (!(error instanceof SessionMoved) || tries >= RETRIES) throw error;
      }
    }
  }

  /** Looks at it without a change. */
  async function look<T>(who: Principal, read: (at: LiveSession) => T): Promise<T> {
    return read(await current(who, ownerDigest(who)));
  }

  function forget(owner: Digest): void {
    live.delete(owner);
  }

  async function current(who: Principal, owner: Digest): Promise<LiveSession> {
    let found = live.get(owner);
    if (!found) {
      found = load(who, owner);
      live.set(owner, found);
      found.catch(() => forget(owner));
      if (live.size > LIVE_MAX) live.delete(live.keys().next().value as Digest);
    }
    const at = await found;
    if (clock.now().getTime() - Date.parse(at.used_at) <= deps.idle_minutes * 60_000) return at;
    await end(who, at, 'idle');
    return current(who, owner);
  }

  async function load(who: Principal, owner: Digest): Promise<LiveSession> {
    const stored = (await store.find(owner)) ?? (await open(who, owner));
    const { injection, full, proposals, ...snapshot } = stored.head;
    return {
      ...{ id: stored.id, owner, injection, full, proposals, version: stored.version, used_at: stored.used_at },
      session: restoreSession({ ...snapshot, sources: stored.sources }),
      saved: stored.sources.length,
      generation: 0,
      saving: null,
      next: null,
    };
  }

  async function open(who: Principal, owner: Digest): Promise<StoredAgentSession> {
    const { sources, ...snapshot } = openSession({}).snapshot();
    const session: StoredAgentSession = {
      id: newId('agent_session', clock),
      principal: who.id,
      head: { ...snapshot, injection: 0, full: false, proposals: 0 },
      sources,
      version: 1,
      used_at: clock.now().toISOString(),
    };
    const inserted = await deps.uow.transaction(async (tx) => {
      if (!(await store.insert(tx, owner, session))) return false;
      await deps.audit.append(tx, [
        draft({ type: 'agent.session_opened', actor: actorOf(who), data: { session: session.id } }),
      ]);
      return true;
    });
    if (inserted) return session;
    const other = await store.find(owner);
    if (!other) throw new PortreeveError('conflict', 'The session has ended meanwhile.');
    return other;
  }

  async function end(who: Principal, at: LiveSession, why: 'idle' | 'person'): Promise<void> {
    forget(at.owner);
    const { influence } = at.session.snapshot();
    await deps.uow.transaction(async (tx) => {
      if (!(await store.end(tx, at.id, clock.now().toISOString()))) return;
      await deps.audit.append(tx, [
        draft({
          type: 'agent.session_ended',
          actor: actorOf(who),
          data: { session: at.id, why, integrity: influence.integrity, proposals: at.proposals },
        }),
      ]);
    });
  }

  /** Changes that come while one save is under way are stored together by the next. */
  async function save(at: LiveSession, who: Principal): Promise<void> {
    if (at.saving === null) {
      at.saving = write(at, who).finally(() => {
        at.saving = null;
      });
      return at.saving;
    }
    at.next ??= at.saving
      .catch(() => undefined)
      .then(() => {
        at.next = null;
        return save(at, who);
      });
    return at.next;
  }

  async function write(at: LiveSession, who: Principal): Promise<void> {
    const { sources, ...snapshot } = at.session.snapshot();
    const { id, version, used_at, injection, full, proposals, saved, generation } = at;
    const head: AgentSessionHead = { ...snapshot, injection, full, proposals };
    const read = { from: saved, sources: sources.slice(saved) };
    const stored = await deps.uow.transaction((tx) =>
      store.save(tx, { id, principal: who.id, version, head, used_at }, read),
    );
    if (!stored) throw new SessionMoved();
    at.version = version + 1;
    if (at.generation === generation) at.saved = sources.length;
  }

  return {
    change,
    look,
    end: (who: Principal, why: 'person') => look(who, (at) => at).then((at) => end(who, at, why)),
  };
}

/**
 * Notes what was read. A session that is full keeps the label of it and no more, and foresees nothing from then on: what
 * cannot be traced is never trusted.
 */
export function noteRead(at: LiveSession, observation: Observation): void {
  try {
    at.session.observe(observation);
  } catch (error) {
    if (!isPortreeveError(error, 'bad_input')) throw error;
    const snapshot = at.session.snapshot();
    const { confidentiality = 'internal', categories = [] } = observation.secrecy ?? {};
    const label = { ...BOTTOM, integrity: 'untrusted' as const, confidentiality, categories };
    at.full = true;
    at.session = restoreSession({ ...snapshot, state: 'tainted', influence: join(snapshot.influence, label) });
  }
}

/** Says what the session will do: a new request where nothing was done yet, else what its state still allows. */
export function declare(at: LiveSession, task: JsonObject, intent: unknown): 'declared' | 'narrowed' {
  const before = at.session.snapshot();
  if (before.state === 'open' && before.sources.length === 1 && before.uses.length === 0) {
    const begun = openSession(task);
    begun.declare(intent);
    at.session = begun;
    // The first source is the request: it is written anew.
    at.saved = 0;
    at.generation++;
    return 'declared';
  }
  if (before.state === 'open') {
    at.session.declare(intent);
    return 'declared';
  }
  at.session.narrow(intent);
  return 'narrowed';
}
