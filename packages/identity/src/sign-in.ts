import {
  ANONYMOUS_ACTOR,
  type AuditWriter,
  accountNameSchema,
  actorOf,
  type Clock,
  draft,
  type EnvironmentName,
  fieldErrors,
  PortreeveError,
  type Principal,
  type SessionId,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import { localAccountsOff } from './accounts.ts';
import type { Authenticated } from './authenticate.ts';
import { charge, LOCKOUT } from './lockout.ts';
import { verifyPassword } from './password.ts';
import type { Account, IdentityStore } from './ports.ts';
import { Refused, recordRefused } from './refusal.ts';
import { openSession } from './sessions.ts';

const credentialsSchema = z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1024) });
export type Credentials = z.input<typeof credentialsSchema>;

export interface SignedIn {
  /** The bearer secret: shown here once and never again. */
  readonly token: string;
  readonly session: SessionId;
  readonly principal: Principal;
  readonly expires_at: string;
}

/** The record of a session that opened, whichever way. */
export function signedIn({ principal, session, expires_at }: SignedIn) {
  return draft({
    type: 'identity.signed_in',
    actor: actorOf(principal),
    data: { account: principal.id, session, expires_at },
  });
}

export interface SignIn {
  /**
   * Opens a session. Throws `sign_in_failed` alike, and after the same work, for an unknown name and a wrong password;
   * `refused` where local accounts are off; `too_many_attempts` with `extra.retry_after_s` while the name waits; `unavailable` under a flood. Every failure is
   * recorded.
   */
  signIn(credentials: Credentials): Promise<SignedIn>;
  /**
   * Proves anew, by the password, who is behind a session: `authenticate` says since when. Throws as `signIn` does, and
   * `bad_request` for what is no session.
   */
  prove(who: Authenticated, password: string): Promise<{ readonly proven_at: string }>;
  /** Ends the session that was authenticated. Ending it twice is no error. */
  signOut(who: Authenticated): Promise<void>;
  /** Forgets attempts that no longer count; returns how many names. Call it now and then. */
  forgetOldAttempts(): Promise<number>;
}

export function createSignIn(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  environment: EnvironmentName;
  session_ttl_minutes: number;
  allowLocalAccounts: boolean;
}): SignIn {
  const { store, uow, audit, clock } = deps;

  // What was typed as a name may be a password: only what has the form of a name is recorded.
  const failed = (name: string | null, reason: 'unknown_or_wrong' | 'locked') =>
    draft({
      type: 'identity.sign_in_failed',
      actor: ANONYMOUS_ACTOR,
      outcome: 'failed',
      data: { name: name ?? '(not a name)', reason },
    });

  /** Counts the attempt, or says how long this name waits. Unknown names count too, or the wait would tell them apart. */
  const admit = (name: string): Promise<number> =>
    uow.transaction(async (tx) => {
      const now = clock.now();
      const charged = charge(await store.lockAttempts(tx, name, now.toISOString()), now);
      if (charged.allowed) {
        await store.saveAttempts(tx, charged.next);
        return 0;
      }
      await audit.append(tx, [failed(name, 'locked')]);
      return charged.retry_after_s;
    });

  /** The account whose password this is. A failure is on record and told alike for an unknown name and a wrong password. */
  const checked = async (input: Credentials): Promise<Account> => {
    if (!deps.allowLocalAccounts) {
      await recordRefused(deps, 'local', new Refused('local_accounts_off'));
      throw localAccountsOff();
    }
    const parsed = credentialsSchema.safeParse(input);
    if (!parsed.success)
      throw new PortreeveError('bad_request', 'Send a name and a password.', { errors: fieldErrors(parsed.error) });
    const name = accountNameSchema.safeParse(parsed.data.name).data ?? null;
    if (name !== null) {
      const retry_after_s = await admit(name);
      if (retry_after_s > 0)
        throw new PortreeveError('too_many_attempts', `Try again in ${retry_after_s} s.`, {
          extra: { retry_after_s },
        });
    }
    const account = name === null ? null : await store.accountByName(name);
    const right = await verifyPassword(account?.password_hash ?? null, parsed.data.password);
    if (!account || !right) {
      await audit.record([failed(name, 'unknown_or_wrong')]);
      throw new PortreeveError('sign_in_failed', 'There is no account with this name and this password.');
    }
    return account;
  };

  return {
    async signIn(input) {
      const account = await checked(input);
      const now = clock.now();
      const expires_at = new Date(now.getTime() + deps.session_ttl_minutes * 60_000).toISOString();
      return uow.transaction(async (tx) => {
        await store.clearAttempts(tx, account.name);
        const opened = await openSession(deps, tx, account, { expires_at, proven_at: now.toISOString() });
        await audit.append(tx, [signedIn(opened)]);
        return opened;
      });
    },

    async prove({ principal, via }, password) {
      if (via.kind !== 'session') throw new PortreeveError('bad_request', 'Only a session can be proven anew.');
      const account = await checked({ name: principal.name, password });
      const proven_at = clock.now().toISOString();
      await uow.transaction(async (tx) => {
        await store.clearAttempts(tx, account.name);
        if (account.id !== principal.id || !(await store.proveSession(tx, via.id, proven_at)))
          throw new PortreeveError('not_signed_in', 'The session has ended.');
        await audit.append(tx, [
          draft({ type: 'identity.proven', actor: actorOf(principal), data: { session: via.id } }),
        ]);
      });
      return { proven_at };
    },

    async signOut({ principal, via }) {
      if (via.kind !== 'session')
        throw new PortreeveError('bad_request', 'Only a session can be signed out.', { next: 'Revoke the token.' });
      await uow.transaction(async (tx) => {
        if (!(await store.endSession(tx, via.id, clock.now().toISOString()))) return;
        await audit.append(tx, [
          draft({ type: 'identity.signed_out', actor: actorOf(principal), data: { session: via.id } }),
        ]);
      });
    },

    forgetOldAttempts() {
      const before = new Date(clock.now().getTime() - LOCKOUT.window_s * 1000).toISOString();
      return uow.transaction((tx) => store.forgetAttempts(tx, before));
    },
  };
}
