import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type EnvironmentName,
  newId,
  PortreeveError,
  type PrincipalId,
  type SessionId,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { principalOf } from './accounts.ts';
import type { Authenticated } from './authenticate.ts';
import type { Account, IdentityStore, Session } from './ports.ts';
import { newSecret, secretHash } from './secret.ts';
import type { SignedIn } from './sign-in.ts';

export type SessionInfo = Omit<Session, 'secret_hash'>;

export interface Sessions {
  /**
   * A new secret for the same person, in place of the one that was authenticated, which ends at once. The end of the
   * session does not move: nobody stays signed in by rotating. Throws `not_signed_in` where it had ended meanwhile.
   */
  rotateSession(who: Authenticated): Promise<SignedIn>;
  /** The open sessions of one's own account, or of any for an admin; others are `not_found`. */
  sessions(account: PrincipalId, by: Authenticated): Promise<SessionInfo[]>;
  /** Ends one session of one's own account, or any for an admin; others are `not_found`. Twice is no error. */
  endSession(id: SessionId, by: Authenticated): Promise<void>;
  /**
   * Ends all sessions of an account, and refuses the access tokens with which agents act for it. Gives how many sessions
   * ended. One's own, or any for an admin; others are `not_found`.
   */
  endSessions(account: PrincipalId, by: Authenticated): Promise<number>;
}

/** Opens a session inside a transaction; the caller records it. `proven_at`: when the person proved who they are. */
export async function openSession(
  deps: { store: IdentityStore; clock: Clock; environment: EnvironmentName },
  tx: Tx,
  account: Account,
  { expires_at, proven_at }: Pick<Session, 'expires_at' | 'proven_at'>,
): Promise<SignedIn> {
  const token = newSecret('session');
  const session: Session = {
    id: newId('session', deps.clock),
    account: account.id,
    environment: deps.environment,
    secret_hash: secretHash(token),
    created_at: deps.clock.now().toISOString(),
    expires_at,
    ended_at: null,
    proven_at,
  };
  await deps.store.insertSession(tx, session);
  return { token, session: session.id, principal: principalOf(account), expires_at };
}

export function createSessions(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  environment: EnvironmentName;
}): Sessions {
  const { store, uow, audit, clock } = deps;
  const now = () => clock.now().toISOString();
  const assertMay = (account: PrincipalId | undefined, by: Authenticated): void => {
    // An agent that acts for somebody does not manage their sessions, and neither does a workload.
    const direct = by.via.kind === 'session' || by.via.kind === 'token';
    if (!direct || account === undefined || (account !== by.principal.id && !by.principal.roles.includes('admin')))
      throw new PortreeveError('not_found', 'There is no such session.');
  };

  return {
    async rotateSession({ principal, via, expires_at }) {
      if (via.kind !== 'session') throw new PortreeveError('bad_request', 'Only a session can be rotated.');
      const account = await store.accountById(principal.id);
      if (!account) throw new PortreeveError('not_signed_in', 'The session has ended.');
      return uow.transaction(async (tx) => {
        // Of two rotations at once one finds it ended, so one session never becomes two.
        if (!(await store.endSession(tx, via.id, now())))
          throw new PortreeveError('not_signed_in', 'The session has ended.');
        const opened = await openSession(deps, tx, account, { expires_at, proven_at: via.proven_at });
        await audit.append(tx, [
          draft({
            type: 'identity.session_rotated',
            actor: actorOf(principal),
            data: { session: opened.session, replaces: via.id, expires_at },
          }),
        ]);
        return opened;
      });
    },

    async sessions(account, by) {
      assertMay(account, by);
      return (await store.listSessions(account, now())).map(({ secret_hash: _, ...info }) => info);
    },

    async endSession(id, by) {
      const session = await store.sessionById(id);
      assertMay(session?.account, by);
      await uow.transaction(async (tx) => {
        if (!(await store.endSession(tx, id, now()))) return;
        await audit.append(tx, [
          draft({
            type: 'identity.sessions_ended',
            actor: actorOf(by.principal),
            data: { account: session!.account, sessions: [id], access_tokens: false },
          }),
        ]);
      });
    },

    async endSessions(account, by) {
      assertMay(account, by);
      return uow.transaction(async (tx) => {
        const ended = await store.endSessionsOf(tx, account, now());
        await store.revokeAccess(tx, { kind: 'subject', value: account }, now());
        await audit.append(tx, [
          draft({
            type: 'identity.sessions_ended',
            actor: actorOf(by.principal),
            data: { account, sessions: ended, access_tokens: true },
          }),
        ]);
        return ended.length;
      });
    },
  };
}
