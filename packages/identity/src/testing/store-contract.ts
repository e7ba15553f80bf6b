import { randomBytes } from 'node:crypto';
import { type Clock, fixedClock, newId, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, AgentRecord, ApiToken, IdentityStore, PublishedKey, Session } from '../ports.ts';
import type { SigningKey } from '../signing-key.ts';

export interface IdentityStoreHarness {
  readonly store: IdentityStore;
  readonly uow: UnitOfWork;
  close(): Promise<void>;
}

const AT = '2026-11-02T09:00:00.000Z';
const LATER = '2026-11-02T10:00:00.000Z';
const clock: Clock = fixedClock(AT);

let serial = 0;

function account(fields: Partial<Account> = {}): Account {
  serial += 1;
  return {
    id: newId('principal', clock),
    name: `account-${serial}`,
    kind: 'person',
    roles: ['requester', 'approver'],
    groups: ['security', 'a "quoted", {odd} group'],
    password_hash: '$argon2id$\u2026',
    signing_key: null,
    external: null,
    created_at: AT,
    ...fields,
  };
}

function signingKey(): SigningKey {
  const random = (bytes: number) => randomBytes(bytes).toString('base64url');
  return {
    public_key: random(32),
    wrapped: {
      kdf: 'argon2id',
      params: { m: 19_456, t: 2, p: 1 },
      salt: random(16),
      nonce: random(12),
      ciphertext: random(48),
    },
  };
}

function session(of: Account): Session {
  serial += 1;
  return {
    id: newId('session', clock),
    account: of.id,
    environment: 'staging',
    secret_hash: `session-hash-${serial}`,
    created_at: AT,
    expires_at: LATER,
    ended_at: null,
    proven_at: null,
  };
}

function apiToken(of: Account, fields: Partial<ApiToken> = {}): ApiToken {
  serial += 1;
  return {
    id: newId('token', clock),
    account: of.id,
    environment: 'test',
    label: "it's a 'label'; --",
    roles: ['requester'],
    tools: ['publish_case_summary'],
    secret_hash: `token-hash-${serial}`,
    created_at: AT,
    expires_at: LATER,
    revoked_at: null,
    last_used_at: null,
    replaced_by: null,
    ...fields,
  };
}

function agentOf(account: Account, owner: Account, fields: Partial<AgentRecord> = {}): AgentRecord {
  return {
    id: account.id,
    owner: owner.id,
    purpose: "prepares 'access' changes; --",
    tools: ['prepare_access_change'],
    data: { confidentiality: 'confidential', categories: ['customer'] },
    environment: 'production',
    state: 'active',
    review_by: LATER,
    created_at: AT,
    changed_at: AT,
    ...fields,
  };
}

/** What every {@link IdentityStore} promises. The tests make their own names and ids, so one store may serve them all. */
export function identityStoreContract(name: string, make: () => Promise<IdentityStoreHarness>): void {
  describe(`identity store: ${name}`, () => {
    let harness: IdentityStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close());

    const insert = (added: Account) => harness.uow.transaction((tx) => harness.store.insertAccount(tx, added));
    const inserted = async (fields: Partial<Account> = {}) => {
      const added = account(fields);
      expect(await insert(added)).toBe(true);
      return added;
    };

    test('an account comes back as it went in, by id and by name', async () => {
      const person = await inserted({ signing_key: signingKey() });
      const service = await inserted({ kind: 'service', password_hash: null, groups: [] });
      expect(await harness.store.accountById(person.id)).toEqual(person);
      expect(await harness.store.accountByName(person.name)).toEqual(person);
      expect(await harness.store.accountById(service.id)).toEqual(service);
      expect(await harness.store.accountByName('nobody')).toBeNull();
      expect(await harness.store.accountById(newId('principal', clock))).toBeNull();
    });

    test('a name and a public signing key belong to one account', async () => {
      const first = await inserted({ signing_key: signingKey() });
      expect(await insert(account({ name: first.name }))).toBe(false);
      const second = account({ signing_key: first.signing_key });
      expect(await insert(second)).toBe(false);
      expect(await harness.store.accountById(second.id)).toBeNull();
    });

    test('of two accounts made at once with one name, one is kept', async () => {
      const name = account().name;
      const results = await Promise.all([insert(account({ name })), insert(account({ name }))]);
      expect(results.sort()).toEqual([false, true]);
    });

    test('accounts are listed by id, page by page', async () => {
      const made = [await inserted(), await inserted(), await inserted()];
      const ids = made.map(({ id }) => id).sort();
      const seen: string[] = [];
      let after: Account['id'] | null = null;
      for (;;) {
        const page: Account[] = await harness.store.listAccounts({ limit: 2, after });
        seen.push(...page.map(({ id }) => id));
        if (page.length < 2) break;
        after = page.at(-1)!.id;
      }
      expect(seen).toEqual([...seen].sort());
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(ids));
      const order = { by: 'name', descending: true } as const;
      const [first, second] = await harness.store.listAccounts({ limit: 2, after: null, order });
      expect(first!.name > second!.name).toBe(true);
      expect(await harness.store.listAccounts({ limit: 1, after: first!.id, order })).toEqual([second]);
    });

    test('a session is found by its hash and ends once', async () => {
      const made = session(await inserted());
      await harness.uow.transaction((tx) => harness.store.insertSession(tx, made));
      expect(await harness.store.sessionByHash(made.secret_hash)).toEqual(made);
      expect(await harness.store.sessionByHash('another')).toBeNull();
      const end = () => harness.uow.transaction((tx) => harness.store.endSession(tx, made.id, LATER));
      expect(await end()).toBe(true);
      expect(await end()).toBe(false);
      expect((await harness.store.sessionByHash(made.secret_hash))?.ended_at).toBe(LATER);
    });

    test('a token is found, listed, touched forward only, and revoked once', async () => {
      const owner = await inserted();
      const made = apiToken(owner);
      await harness.uow.transaction((tx) => harness.store.insertToken(tx, made));
      expect(await harness.store.tokenByHash(made.secret_hash)).toEqual(made);
      expect(await harness.store.tokenById(made.id)).toEqual(made);
      expect(await harness.store.listTokens(owner.id)).toEqual([made]);
      expect(await harness.store.listTokens((await inserted()).id)).toEqual([]);
      await harness.uow.transaction((tx) => harness.store.touchToken(tx, made.id, LATER));
      await harness.uow.transaction((tx) => harness.store.touchToken(tx, made.id, AT));
      expect((await harness.store.tokenById(made.id))?.last_used_at).toBe(LATER);
      const revoke = () => harness.uow.transaction((tx) => harness.store.revokeToken(tx, made.id, LATER));
      expect(await revoke()).toBe(true);
      expect(await revoke()).toBe(false);
      expect((await harness.store.tokenById(made.id))?.revoked_at).toBe(LATER);
    });

    test('B1: a subject of an issuer is one account, and the same subject elsewhere is another', async () => {
      serial += 1;
      const external = { issuer: 'https://idp.example', subject: `subject-${serial}` };
      const made = await inserted({ external });
      expect(await harness.store.accountBySubject(external)).toEqual(made);
      expect(await harness.store.accountBySubject({ ...external, issuer: 'https://other.example' })).toBeNull();
      expect(await insert(account({ external }))).toBe(false);
      const other = await inserted({ external: { ...external, issuer: 'https://other.example' } });
      expect(other.id).not.toBe(made.id);
      await harness.uow.transaction((tx) =>
        harness.store.setRights(tx, made.id, { roles: ['auditor'], groups: ['g'] }),
      );
      expect(await harness.store.accountById(made.id)).toEqual({ ...made, roles: ['auditor'], groups: ['g'] });
    });

    test('a signing key is set once, and is one account\u2019s', async () => {
      const [first, second] = [await inserted(), await inserted({ external: null })];
      const key = signingKey();
      const set = (id: Account['id'], wanted = key) =>
        harness.uow.transaction((tx) => harness.store.setSigningKey(tx, id, wanted));
      expect(await set(first.id)).toBe(true);
      expect(await set(first.id, signingKey())).toBe(false);
      expect(await set(second.id)).toBe(false);
      expect(await set(newId('principal', clock), signingKey())).toBe(false);
      expect((await harness.store.accountById(first.id))?.signing_key).toEqual(key);
      expect((await harness.store.accountById(second.id))?.signing_key).toBeNull();
    });

    test('all sessions of one account end, and of no other', async () => {
      const { store, uow } = harness;
      const [owner, other] = [await inserted(), await inserted()];
      const [first, second, foreign] = [session(owner), session(owner), session(other)];
      await uow.transaction(async (tx) => {
        for (const made of [first, second, foreign]) await store.insertSession(tx, made);
      });
      expect(await store.sessionById(first.id)).toEqual(first);
      const ids = (sessions: Session[]) => sessions.map(({ id }) => id);
      expect(ids(await store.listSessions(owner.id, AT))).toEqual(ids([first, second]).sort());
      expect(await store.listSessions(owner.id, LATER)).toEqual([]);
      await uow.transaction((tx) => store.endSession(tx, first.id, AT));
      const end = () => uow.transaction((tx) => store.endSessionsOf(tx, owner.id, LATER));
      expect(await end()).toEqual([second.id]);
      expect(await end()).toEqual([]);
      expect((await store.sessionById(first.id))?.ended_at).toBe(AT);
      expect(ids(await store.listSessions(other.id, AT))).toEqual([foreign.id]);
    });

    test('B2: a token is replaced once, not when revoked, and all of an account are revoked together', async () => {
      const { store, uow } = harness;
      const owner = await inserted({ kind: 'service' });
      const [old, heir, other] = [apiToken(owner), apiToken(owner, { tools: null }), apiToken(await inserted())];
      await uow.transaction(async (tx) => {
        for (const made of [old, heir, other]) await store.insertToken(tx, made);
      });
      expect(await store.tokenById(heir.id)).toEqual(heir);
      const by = { replaced_by: heir.id, expires_at: '2026-11-02T09:30:00.000Z' };
      const replace = () => uow.transaction((tx) => store.replaceToken(tx, old.id, by));
      expect((await Promise.all([replace(), replace()])).sort()).toEqual([false, true]);
      expect(await store.tokenById(old.id)).toEqual({ ...old, ...by });
      const revoke = () => uow.transaction((tx) => store.revokeTokensOf(tx, owner.id, LATER));
      expect(await revoke()).toEqual([old.id, heir.id].sort());
      expect(await revoke()).toEqual([]);
      expect((await store.tokenById(other.id))?.revoked_at).toBeNull();
      expect(await uow.transaction((tx) => store.replaceToken(tx, heir.id, { ...by, replaced_by: old.id }))).toBe(
        false,
      );
    });

    test('B2: unused tokens are those that are good, older than asked, and not used since', async () => {
      const { store, uow } = harness;
      const owner = await inserted({ kind: 'service' });
      const at = '2026-12-01T00:00:00.000Z';
      const long = { expires_at: '2027-01-01T00:00:00.000Z' };
      const heir = apiToken(owner, { ...long, created_at: at });
      const unused = apiToken(owner, long);
      const old = apiToken(owner, { ...long, last_used_at: LATER });
      const rest = [
        apiToken(owner, { ...long, last_used_at: at }),
        apiToken(owner),
        apiToken(owner, { ...long, revoked_at: LATER }),
        apiToken(owner, { ...long, replaced_by: heir.id }),
      ];
      await uow.transaction(async (tx) => {
        for (const made of [heir, unused, old, ...rest]) await store.insertToken(tx, made);
      });
      const found = (await store.listUnusedTokens('2026-11-30T00:00:00.000Z', at)).filter(
        (token) => token.account === owner.id,
      );
      expect(found.map(({ id }) => id)).toEqual([unused.id, old.id].sort());
    });

    test('B1: a sign-in that has begun is taken once, and forgotten in time', async () => {
      const { store, uow } = harness;
      serial += 1;
      const begun = {
        state_hash: `state-${serial}`,
        browser_hash: 'b',
        nonce: 'n',
        code_verifier: 'v',
        expires_at: LATER,
      };
      const take = () => uow.transaction((tx) => store.takeBegunSignIn(tx, begun.state_hash));
      await uow.transaction((tx) => store.insertBegunSignIn(tx, begun));
      const taken = await Promise.all([take(), take()]);
      expect(taken.filter((one) => one !== null)).toEqual([begun]);
      await uow.transaction((tx) => store.insertBegunSignIn(tx, begun));
      expect(await uow.transaction((tx) => store.forgetBegunSignIns(tx, LATER))).toBe(0);
      expect(await uow.transaction((tx) => store.forgetBegunSignIns(tx, '2026-11-02T10:00:00.001Z'))).toBe(1);
      expect(await take()).toBeNull();
    });

    test('B5: an agent comes back as it went in; only state, review and time of change are written anew', async () => {
      const { store, uow } = harness;
      const owner = await inserted();
      const made = agentOf(await inserted({ kind: 'agent', password_hash: null }), owner);
      await uow.transaction((tx) => store.insertAgent(tx, made));
      expect(await store.agentById(made.id)).toEqual(made);
      expect(await store.agentById(owner.id)).toBeNull();
      const changes = { state: 'suspended', review_by: AT, changed_at: LATER } as const;
      await uow.transaction(async (tx) => {
        expect(await store.lockAgent(tx, made.id)).toEqual(made);
        await store.saveAgent(tx, { ...made, ...changes, purpose: 'another', tools: [], owner: made.id });
      });
      expect(await store.agentById(made.id)).toEqual({ ...made, ...changes });
      const listed = await store.listAgents({ limit: 200, after: null });
      expect(listed).toContainEqual({ ...made, ...changes });
      expect(await store.listAgents({ limit: 200, after: listed.at(-1)!.id })).toEqual([]);
      for (const by of ['state', 'review_by'] as const) {
        const sorted = await store.listAgents({ limit: 200, after: null, order: { by, descending: true } });
        expect(sorted.map((agent) => agent[by])).toEqual(
          listed
            .map((agent) => agent[by])
            .sort()
            .reverse(),
        );
      }
      await expect(uow.transaction((tx) => store.insertAgent(tx, agentOf(account(), owner)))).rejects.toThrow();
    });

    test('B5: agents to review are active and due', async () => {
      const { store, uow } = harness;
      const owner = await inserted();
      const add = async (fields: Partial<AgentRecord>) => {
        const made = agentOf(await inserted({ kind: 'agent' }), owner, fields);
        await uow.transaction((tx) => store.insertAgent(tx, made));
        return made.id;
      };
      const due = await add({ review_by: AT });
      const others = [
        await add({ review_by: LATER }),
        await add({ review_by: AT, state: 'proposed' }),
        await add({ review_by: AT, state: 'suspended' }),
        await add({ review_by: AT, state: 'retired' }),
      ];
      const listed = await store.agentsToReview(AT, 200);
      expect(listed).toContain(due);
      for (const other of others) expect(listed).not.toContain(other);
      expect(await store.agentsToReview(AT, 0)).toEqual([]);
    });

    test('B4: the latest revocation counts, and none goes back', async () => {
      const { store, uow } = harness;
      serial += 1;
      const jti = { kind: 'jti', value: `one-${serial}` } as const;
      const agent = { kind: 'agent', value: `one-${serial}` } as const;
      expect(await store.accessRevokedAt([jti, agent])).toBeNull();
      await uow.transaction((tx) => store.revokeAccess(tx, jti, LATER));
      await uow.transaction((tx) => store.revokeAccess(tx, jti, AT));
      expect(await store.accessRevokedAt([jti, agent])).toBe(LATER);
      expect(await store.accessRevokedAt([agent])).toBeNull();
      await uow.transaction((tx) => store.revokeAccess(tx, agent, AT));
      expect(await store.accessRevokedAt([agent])).toBe(AT);
      expect(await uow.transaction((tx) => store.forgetRevocations(tx, LATER))).toBe(1);
      expect(await store.accessRevokedAt([jti, agent])).toBe(LATER);
    });

    test('B3: what is good once is used once, also by many at the same moment', async () => {
      const { store, uow } = harness;
      serial += 1;
      const key = `key-${serial}`;
      const use = () => uow.transaction((tx) => store.useOnce(tx, key, LATER));
      const answers = await Promise.all(Array.from({ length: 8 }, use));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await uow.transaction((tx) => store.forgetUsed(tx, LATER))).toBe(0);
      expect(await uow.transaction((tx) => store.forgetUsed(tx, '2026-11-02T10:00:00.001Z'))).toBe(1);
      expect(await use()).toBe(true);
    });

    test('J2 B4: a published key is found in its environment until it is over, and its id is of no other key', async () => {
      const { store, uow } = harness;
      const x = randomBytes(32).toString('base64url');
      // What others have published does not come between.
      const environment = 'staging' as const;
      await uow.transaction((tx) => store.withdrawKeys(tx, '2030-01-01T00:00:00.000Z'));
      const key: PublishedKey = { kid: 'at-one', x, environment, not_after: AT, instance: 'api/1' };
      const publish = (fields: Partial<PublishedKey> = {}) =>
        uow.transaction((tx) => store.publishKey(tx, { ...key, ...fields }));
      const BEFORE = '2026-11-02T08:59:59.999Z';
      const found = async (after: string, until: string, limit = 10) =>
        (await store.publishedKeys(environment, { after, until }, limit)).map(({ kid }) => kid);
      expect(await publish()).toBe(true);
      expect(await store.publishedKeys(environment, { after: BEFORE, until: AT }, 10)).toEqual([key]);
      expect(await store.publishedKeys('production', { after: BEFORE, until: LATER }, 10)).toEqual([]);
      expect(await found(AT, LATER)).toEqual([]);
      expect(await found(BEFORE, BEFORE)).toEqual([]);

      const foreign = [{ x: randomBytes(32).toString('base64url') }, { environment: 'production' as const }];
      for (const other of foreign) expect(await publish({ ...other, not_after: LATER })).toBe(false);
      expect(await store.publishedKeys(environment, { after: BEFORE, until: LATER }, 10)).toEqual([key]);
      const again = { not_after: LATER, instance: 'api/2' };
      expect(await publish(again)).toBe(true);
      expect(await store.publishedKeys(environment, { after: AT, until: LATER }, 10)).toEqual([{ ...key, ...again }]);

      for (const [kid, not_after] of [
        ['at-three', LATER],
        ['at-two', AT],
      ] as const)
        expect(await publish({ kid, x: randomBytes(32).toString('base64url'), not_after })).toBe(true);
      expect(await found(BEFORE, LATER)).toEqual(['at-one', 'at-three', 'at-two']);
      expect(await found(BEFORE, LATER, 2)).toEqual(['at-one', 'at-three']);
      expect(await uow.transaction((tx) => store.withdrawKeys(tx, AT))).toBe(1);
      expect(await found(BEFORE, LATER)).toEqual(['at-one', 'at-three']);
    });

    test('J2 B4: of two keys that are published under one id at once, one is', async () => {
      const { store, uow } = harness;
      serial += 1;
      const row = { kid: `at-${serial}`, environment: 'test', not_after: LATER, instance: 'api/1' } as const;
      const publish = () =>
        uow.transaction((tx) => store.publishKey(tx, { ...row, x: randomBytes(32).toString('base64url') }));
      const answers = await Promise.all(Array.from({ length: 8 }, publish));
      expect(answers.filter(Boolean)).toHaveLength(1);
    });

    test('attempts start at none, are kept, cleared and forgotten', async () => {
      const { name } = account();
      const { store, uow } = harness;
      const read = () => uow.transaction((tx) => store.lockAttempts(tx, name, AT));
      expect(await read()).toEqual({ name, failures: 0, last_at: AT, locked_until: null });
      const saved = { name, failures: 6, last_at: AT, locked_until: LATER };
      await uow.transaction((tx) => store.saveAttempts(tx, saved));
      expect(await read()).toEqual(saved);
      await uow.transaction((tx) => store.forgetAttempts(tx, LATER));
      expect(await read()).toEqual(saved);
      expect(await uow.transaction((tx) => store.forgetAttempts(tx, '2026-11-03T00:00:00.000Z'))).toBeGreaterThan(0);
      expect((await read()).failures).toBe(0);
      await uow.transaction((tx) => store.saveAttempts(tx, saved));
      await uow.transaction((tx) => store.clearAttempts(tx, name));
      expect((await read()).failures).toBe(0);
    });

    test('attempts counted at the same moment are all counted', async () => {
      const { name } = account();
      const { store, uow } = harness;
      const count = () =>
        uow.transaction(async (tx) => {
          const before = await store.lockAttempts(tx, name, AT);
          await store.saveAttempts(tx, { ...before, failures: before.failures + 1 });
        });
      await Promise.all(Array.from({ length: 8 }, count));
      expect((await uow.transaction((tx) => store.lockAttempts(tx, name, AT))).failures).toBe(8);
    });

    test('what a failed transaction wrote is gone', async () => {
      const added = account();
      const failing = harness.uow.transaction(async (tx) => {
        await harness.store.insertAccount(tx, added);
        throw new Error('stop');
      });
      await expect(failing).rejects.toThrow('stop');
      expect(await harness.store.accountById(added.id)).toBeNull();
    });
  });
}
