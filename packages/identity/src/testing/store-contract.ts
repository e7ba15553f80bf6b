import { randomBytes } from 'node:crypto';
import { type Clock, fixedClock, newId, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, ApiToken, IdentityStore, Session } from '../ports.ts';
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
    secret_hash: `session-hash-${serial}`,
    created_at: AT,
    expires_at: LATER,
    ended_at: null,
  };
}

function apiToken(of: Account): ApiToken {
  serial += 1;
  return {
    id: newId('token', clock),
    account: of.id,
    label: "it's a 'label'; --",
    roles: ['requester'],
    secret_hash: `token-hash-${serial}`,
    created_at: AT,
    expires_at: LATER,
    revoked_at: null,
    last_used_at: null,
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
