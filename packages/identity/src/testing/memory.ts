import type { PrincipalId, SessionId, TokenId } from '@portreeve/contract';
import { pageOf } from '@portreeve/contract/testing';
import type {
  Account,
  AgentRecord,
  ApiToken,
  Attempts,
  BegunSignIn,
  ExternalSubject,
  IdentityStore,
  PublishedKey,
  Session,
} from '../ports.ts';

/** An {@link IdentityStore} in memory. Pass it to `memoryUnitOfWork`, so that a failed transaction leaves nothing. */
export function memoryIdentityStore(): IdentityStore & { snapshot(): () => void } {
  const empty = () => ({
    accounts: new Map<PrincipalId, Account>(),
    sessions: new Map<SessionId, Session>(),
    tokens: new Map<TokenId, ApiToken>(),
    attempts: new Map<string, Attempts>(),
    begun: new Map<string, BegunSignIn>(),
    agents: new Map<PrincipalId, AgentRecord>(),
    revocations: new Map<string, string>(),
    used: new Map<string, string>(),
    keys: new Map<string, PublishedKey>(),
  });
  let tables = empty();
  const find = <T>(items: Map<unknown, T>, test: (item: T) => boolean) => [...items.values()].find(test) ?? null;
  const byId = (left: { id: string }, right: { id: string }) => (left.id < right.id ? -1 : 1);

  return {
    snapshot() {
      const before = Object.fromEntries(
        Object.entries(tables).map(([name, table]) => [name, new Map<unknown, unknown>(table)]),
      ) as unknown as ReturnType<typeof empty>;
      return () => {
        tables = before;
      };
    },

    async insertAccount(_tx, account) {
      const key = account.signing_key?.public_key;
      const taken = find(
        tables.accounts,
        (other) =>
          other.name === account.name ||
          (key !== undefined && other.signing_key?.public_key === key) ||
          (account.external !== null && sameSubject(account.external, other.external)),
      );
      if (taken) return false;
      tables.accounts.set(account.id, account);
      return true;
    },
    accountById: async (id) => tables.accounts.get(id) ?? null,
    accountByName: async (name) => find(tables.accounts, (account) => account.name === name),
    accountBySubject: async (subject) => find(tables.accounts, (account) => sameSubject(subject, account.external)),
    async setSigningKey(_tx, id, signing_key) {
      const account = tables.accounts.get(id);
      const taken = find(tables.accounts, (other) => other.signing_key?.public_key === signing_key.public_key);
      if (!account || account.signing_key !== null || taken) return false;
      tables.accounts.set(id, { ...account, signing_key });
      return true;
    },
    async setRights(_tx, id, { roles, groups }) {
      const account = tables.accounts.get(id);
      if (account) tables.accounts.set(id, { ...account, roles: [...roles], groups: [...groups] });
    },
    listAccounts: async (page) => pageOf([...tables.accounts.values()], page),

    async insertSession(_tx, session) {
      tables.sessions.set(session.id, session);
    },
    sessionByHash: async (hash) => find(tables.sessions, (session) => session.secret_hash === hash),
    sessionById: async (id) => tables.sessions.get(id) ?? null,
    listSessions: async (account, now) =>
      [...tables.sessions.values()]
        .filter((one) => one.account === account && isOpen(one) && one.expires_at > now)
        .sort(byId),
    async endSessionsOf(_tx, account, at) {
      const open = [...tables.sessions.values()].filter((one) => one.account === account && isOpen(one)).sort(byId);
      for (const one of open) tables.sessions.set(one.id, { ...one, ended_at: at });
      return open.map(({ id }) => id);
    },
    async proveSession(_tx, id, at) {
      const found = tables.sessions.get(id);
      if (!found || !isOpen(found)) return false;
      tables.sessions.set(id, { ...found, proven_at: at });
      return true;
    },
    async endSession(_tx, id, at) {
      const session = tables.sessions.get(id);
      if (!session || session.ended_at !== null) return false;
      tables.sessions.set(id, { ...session, ended_at: at });
      return true;
    },

    async insertToken(_tx, token) {
      tables.tokens.set(token.id, token);
    },
    tokenByHash: async (hash) => find(tables.tokens, (token) => token.secret_hash === hash),
    tokenById: async (id) => tables.tokens.get(id) ?? null,
    listTokens: async (account) => [...tables.tokens.values()].filter((token) => token.account === account).sort(byId),
    async revokeToken(_tx, id, at) {
      const token = tables.tokens.get(id);
      if (!token || token.revoked_at !== null) return false;
      tables.tokens.set(id, { ...token, revoked_at: at });
      return true;
    },
    async revokeTokensOf(_tx, account, at) {
      const good = [...tables.tokens.values()]
        .filter((token) => token.account === account && token.revoked_at === null)
        .sort(byId);
      for (const token of good) tables.tokens.set(token.id, { ...token, revoked_at: at });
      return good.map(({ id }) => id);
    },
    listUnusedTokens: async (since, now) =>
      [...tables.tokens.values()]
        .filter((token) => token.revoked_at === null && token.replaced_by === null && token.expires_at > now)
        .filter(({ created_at, last_used_at }) => created_at < since && (last_used_at === null || last_used_at < since))
        .sort(byId)
        .slice(0, 200),
    async replaceToken(_tx, id, by) {
      const token = tables.tokens.get(id);
      if (!token || token.revoked_at !== null || token.replaced_by !== null) return false;
      tables.tokens.set(id, { ...token, ...by });
      return true;
    },
    async touchToken(_tx, id, at) {
      const token = tables.tokens.get(id);
      if (token && (token.last_used_at === null || token.last_used_at < at))
        tables.tokens.set(id, { ...token, last_used_at: at });
    },

    lockAttempts: async (_tx, name, now) =>
      tables.attempts.get(name) ?? { name, failures: 0, last_at: now, locked_until: null },
    async saveAttempts(_tx, saved) {
      tables.attempts.set(saved.name, saved);
    },
    async clearAttempts(_tx, name) {
      tables.attempts.delete(name);
    },
    async forgetAttempts(_tx, before) {
      const old = [...tables.attempts.values()].filter(
        ({ last_at, locked_until }) => last_at < before && (locked_until === null || locked_until < before),
      );
      for (const { name } of old) tables.attempts.delete(name);
      return old.length;
    },

    async insertBegunSignIn(_tx, begun) {
      tables.begun.set(begun.state_hash, begun);
    },
    async takeBegunSignIn(_tx, state_hash) {
      const begun = tables.begun.get(state_hash) ?? null;
      tables.begun.delete(state_hash);
      return begun;
    },
    forgetBegunSignIns: async (_tx, before) => forget(tables.begun, ({ expires_at }) => expires_at < before),

    async insertAgent(_tx, agent) {
      if (!tables.accounts.has(agent.id)) throw new Error('the agent has no account');
      tables.agents.set(agent.id, agent);
    },
    agentById: async (id) => tables.agents.get(id) ?? null,
    lockAgent: async (_tx, id) => tables.agents.get(id) ?? null,
    async saveAgent(_tx, { id, state, review_by, changed_at }) {
      const agent = tables.agents.get(id);
      if (agent) tables.agents.set(id, { ...agent, state, review_by, changed_at });
    },
    listAgents: async (page) => pageOf([...tables.agents.values()], page),
    agentsToReview: async (now, limit) =>
      [...tables.agents.values()]
        .filter(({ state, review_by }) => state === 'active' && review_by <= now)
        .sort(byId)
        .slice(0, limit)
        .map(({ id }) => id),

    async revokeAccess(_tx, { kind, value }, at) {
      const key = `${kind} ${value}`;
      const before = tables.revocations.get(key);
      if (before === undefined || before < at) tables.revocations.set(key, at);
    },
    accessRevokedAt: async (revocations) =>
      revocations
        .flatMap(({ kind, value }) => tables.revocations.get(`${kind} ${value}`) ?? [])
        .sort()
        .at(-1) ?? null,
    forgetRevocations: async (_tx, before) => forget(tables.revocations, (at) => at < before),
    async useOnce(_tx, key, expires_at) {
      if (tables.used.has(key)) return false;
      tables.used.set(key, expires_at);
      return true;
    },
    forgetUsed: async (_tx, before) => forget(tables.used, (expires_at) => expires_at < before),

    async publishKey(_tx, key) {
      const there = tables.keys.get(key.kid);
      if (there && (there.x !== key.x || there.environment !== key.environment)) return false;
      tables.keys.set(key.kid, key);
      return true;
    },
    publishedKeys: async (environment, { after, until }, limit) =>
      [...tables.keys.values()]
        .filter((key) => key.environment === environment && key.not_after > after && key.not_after <= until)
        .sort((left, right) =>
          left.not_after === right.not_after
            ? left.kid < right.kid
              ? -1
              : 1
            : left.not_after < right.not_after
              ? 1
              : -1,
        )
        .slice(0, limit),
    withdrawKeys: async (_tx, before) => forget(tables.keys, ({ not_after }) => not_after <= before),
  };
}

function forget<T>(table: Map<string, T>, old: (item: T) => boolean): number {
  const keys = [...table].filter(([, item]) => old(item)).map(([key]) => key);
  for (const key of keys) table.delete(key);
  return keys.length;
}

function isOpen(session: Session): boolean {
  return session.ended_at === null;
}

function sameSubject(left: ExternalSubject, right: ExternalSubject | null): boolean {
  return left.issuer === right?.issuer && left.subject === right.subject;
}
