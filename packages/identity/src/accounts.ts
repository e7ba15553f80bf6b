import {
  type AuditWriter,
  accountNameSchema,
  actorOf,
  type Clock,
  draft,
  fieldErrors,
  groupSchema,
  newId,
  PortreeveError,
  type Principal,
  type PrincipalId,
  type RecordActor,
  ROLES,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Authenticated } from './authenticate.ts';
import { hashPassword, passwordSchema } from './password.ts';
import type { Account, AccountOrder, IdentityPage, IdentityStore } from './ports.ts';
import { type SigningKey, signingKeySchema } from './signing-key.ts';

/** Names that records already give a meaning to. */
const RESERVED = ['anonymous', 'portreeve', 'system'];

/** A name that a new account may have. */
export const freeNameSchema = accountNameSchema.refine((name) => !RESERVED.includes(name), 'this name is reserved');

const groupsSchema = z.array(groupSchema).max(64);

export const newAccountSchema = z
  .strictObject({
    name: freeNameSchema,
    kind: z.enum(['person', 'service']),
    /** Without one the account cannot sign in; API tokens are its only credential. */
    password: passwordSchema.optional(),
    roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
    groups: groupsSchema.default([]),
    /** Made by `makeSigningKey` where the person sits. */
    signing_key: signingKeySchema.optional(),
  })
  .refine((account) => account.kind === 'person' || account.signing_key === undefined, {
    path: ['signing_key'],
    message: 'only a person signs',
  })
  .refine((account) => account.password?.toLowerCase().includes(account.name) !== true || account.name.length < 4, {
    path: ['password'],
    message: 'the password must not contain the name',
  });
export type NewAccount = z.input<typeof newAccountSchema>;

export interface Accounts {
  /**
   * Makes an account and records it. Who may do so is for the caller's policy. Throws `bad_request`, or `conflict`
   * where the name or the signing key is taken, or `refused` for a person where local accounts are off.
   */
  createAccount(input: NewAccount, by: RecordActor): Promise<Principal>;
  /** Puts somebody into groups besides their own, and records it where there is something new. Who may do so is for the caller. */
  joinGroups(id: PrincipalId, groups: readonly string[], by: RecordActor): Promise<void>;
  account(id: PrincipalId): Promise<Principal | null>;
  /** By id, ascending; `limit` 1 to 200. */
  accounts(page?: Partial<IdentityPage<AccountOrder>>): Promise<Principal[]>;
  /** A person's public and wrapped private signing key. Show it only to that person. */
  signingKeyOf(id: PrincipalId): Promise<SigningKey | null>;
  /**
   * Registers the signing key of a signed-in person who has none yet, as at a first sign-in through an identity
   * provider. Throws `bad_request`, `refused` without a session, or `conflict` where the person has a key or the key is
   * somebody's.
   */
  registerSigningKey(key: SigningKey, who: Authenticated): Promise<void>;
  /** What `approve` verifies verdicts with. */
  publicKeyOf(id: PrincipalId): Promise<string | null>;
}

/** The record of a new account, whoever made it. */
export function accountCreated(account: Account, by: RecordActor) {
  return draft({
    type: 'identity.account_created',
    actor: by,
    data: {
      account: account.id,
      name: account.name,
      kind: account.kind,
      roles: [...account.roles],
      groups: [...account.groups],
      signing_key: account.signing_key?.public_key ?? null,
    },
  });
}

export function createAccounts(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  allowLocalAccounts: boolean;
}): Accounts {
  const { store, uow, audit, clock, allowLocalAccounts } = deps;
  const signingKeyOf = async (id: PrincipalId) => (await store.accountById(id))?.signing_key ?? null;
  return {
    async createAccount(input, by) {
      const parsed = newAccountSchema.safeParse(input);
      if (!parsed.success)
        throw new PortreeveError('bad_request', 'The account cannot be made from this.', {
          errors: fieldErrors(parsed.error),
        });
      const wanted = parsed.data;
      if (wanted.kind === 'person' && !allowLocalAccounts) throw localAccountsOff();
      const account: Account = {
        id: newId('principal', clock),
        name: wanted.name,
        kind: wanted.kind,
        roles: ROLES.filter((role) => wanted.roles.includes(role)),
        groups: [...new Set(wanted.groups)].sort(),
        password_hash: wanted.password === undefined ? null : await hashPassword(wanted.password),
        signing_key: wanted.signing_key ?? null,
        external: null,
        created_at: clock.now().toISOString(),
      };
      await uow.transaction(async (tx) => {
        if (!(await store.insertAccount(tx, account)))
          throw new PortreeveError('conflict', `The name ${account.name}, or the signing key, is already in use.`, {
            next: 'Choose another name, and a new signing key.',
          });
        await audit.append(tx, [accountCreated(account, by)]);
      });
      return principalOf(account);
    },

    async joinGroups(id, more, by) {
      const account = await store.accountById(id);
      if (!account) throw new PortreeveError('not_found', 'There is no such account.');
      const { roles } = account;
      const groups = [...new Set([...account.groups, ...groupsSchema.parse(more)])].sort();
      if (groups.length === account.groups.length) return;
      await uow.transaction(async (tx) => {
        await store.setRights(tx, id, { roles, groups });
        await audit.append(tx, [
          draft({ type: 'identity.account_changed', actor: by, data: { account: id, roles: [...roles], groups } }),
        ]);
      });
    },

    async account(id) {
      const account = await store.accountById(id);
      return account && principalOf(account);
    },

    async accounts(page = {}) {
      const limit = Math.min(Math.max(Math.trunc(page.limit ?? 100), 1), 200);
      return (await store.listAccounts({ limit, after: page.after ?? null, order: page.order })).map(principalOf);
    },

    signingKeyOf,

    async registerSigningKey(input, { principal, via }) {
      const parsed = signingKeySchema.safeParse(input);
      if (!parsed.success)
        throw new PortreeveError('bad_request', 'This is no signing key.', { errors: fieldErrors(parsed.error) });
      if (via.kind !== 'session' || principal.kind !== 'person')
        throw new PortreeveError('refused', 'Only a signed-in person registers a signing key.', {
          next: 'Sign in first.',
        });
      const key = parsed.data;
      await uow.transaction(async (tx) => {
        if (!(await store.setSigningKey(tx, principal.id, key)))
          throw new PortreeveError('conflict', 'You have a signing key, or this one is somebody\u2019s.');
        await audit.append(tx, [
          draft({
            type: 'identity.signing_key_registered',
            actor: actorOf(principal),
            data: { account: principal.id, public_key: key.public_key },
          }),
        ]);
      });
    },

    async publicKeyOf(id) {
      return (await signingKeyOf(id))?.public_key ?? null;
    },
  };
}

export function localAccountsOff(): PortreeveError {
  return new PortreeveError('refused', 'Local accounts of people are off here.', {
    next: 'Sign in through the identity provider.',
  });
}

export function principalOf(account: Account): Principal {
  return {
    id: account.id,
    kind: account.kind,
    name: account.name,
    roles: [...account.roles],
    groups: [...account.groups],
    act: [],
  };
}
