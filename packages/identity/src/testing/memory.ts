import type { PrincipalId, SessionId, TokenId } from '@portreeve/contract';
import type { Account, ApiToken, Attempts, IdentityStore, Session } from '../ports.ts';

/** An {@link IdentityStore} in memory. Pass it to `memoryUnitOfWork`, so that a failed transaction leaves nothing. */
export function memoryIdentityStore(): IdentityStore & { snapshot(): () => void } {
  let accounts = new Map<PrincipalId, Account>();
  let sessions = new Map<SessionId, Session>();
  let tokens = new Map<TokenId, ApiToken>();
  let attempts = new Map<string, Attempts>();
  const find = <T>(items: Map<unknown, T>, test: (item: T) => boolean) => [...items.values()].find(test) ?? null;
  const byId = (left: { id: string }, right: { id: string }) => (left.id < right.id ? -1 : 1);

  return {
    snapshot() {
      const before = { accounts: new Map(accounts), sessions: new Map(sessions), tokens: new Map(tokens) };
      const attemptsBefore = new Map(attempts);
      return () => {
        ({ accounts, sessions, tokens } = before);
        attempts = attemptsBefore;
      };
    },

    async insertAccount(_tx, account) {
      const key = account.signing_key?.public_key;
      const taken = find(
        accounts,
        (other) => other.name === account.name || (key !== undefined && other.signing_key?.public_key === key),
      );
      if (taken) return false;
      accounts.set(account.id, account);
      return true;
    },
    accountById: async (id) => accounts.get(id) ?? null,
    accountByName: async (name) => find(accounts, (account) => account.name === name),
    listAccounts: async ({ limit, after }) =>
      [...accounts.values()]
        .filter((account) => after === null || account.id > after)
        .sort(byId)
        .slice(0, limit),

    async insertSession(_tx, session) {
      sessions.set(session.id, session);
    },
    sessionByHash: async (hash) => find(sessions, (session) => session.secret_hash === hash),
    async endSession(_tx, id, at) {
      const session = sessions.get(id);
      if (!session || session.ended_at !== null) return false;
      sessions.set(id, { ...session, ended_at: at });
      return true;
    },

    async insertToken(_tx, token) {
      tokens.set(token.id, token);
    },
    tokenByHash: async (hash) => find(tokens, (token) => token.secret_hash === hash),
    tokenById: async (id) => tokens.get(id) ?? null,
    listTokens: async (account) => [...tokens.values()].filter((token) => token.account === account).sort(byId),
    async revokeToken(_tx, id, at) {
      const token = tokens.get(id);
      if (!token || token.revoked_at !== null) return false;
      tokens.set(id, { ...token, revoked_at: at });
      return true;
    },
    async touchToken(_tx, id, at) {
      const token = tokens.get(id);
      if (token && (token.last_used_at === null || token.last_used_at < at))
        tokens.set(id, { ...token, last_used_at: at });
    },

    lockAttempts: async (_tx, name, now) =>
      attempts.get(name) ?? { name, failures: 0, last_at: now, locked_until: null },
    async saveAttempts(_tx, saved) {
      attempts.set(saved.name, saved);
    },
    async clearAttempts(_tx, name) {
      attempts.delete(name);
    },
    async forgetAttempts(_tx, before) {
      const old = [...attempts.values()].filter(
        ({ last_at, locked_until }) => last_at < before && (locked_until === null || locked_until < before),
      );
      for (const { name } of old) attempts.delete(name);
      return old.length;
    },
  };
}
