import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  fieldErrors,
  idSchema,
  newId,
  PortreeveError,
  type PrincipalId,
  ROLES,
  type TokenId,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Authenticated } from './authenticate.ts';
import type { ApiToken, IdentityStore } from './ports.ts';
import { newSecret, secretHash } from './secret.ts';

export const TOKEN_TTL_MINUTES_MAX = 365 * 24 * 60;

const newTokenSchema = z.strictObject({
  /** Whose token it becomes: one's own account, or (for an admin) a service. */
  account: idSchema('principal'),
  label: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\p{L}\p{N}\p{P} ]+$/u, 'use letters, digits, spaces and punctuation'),
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  ttl_minutes: z.int().min(1).max(TOKEN_TTL_MINUTES_MAX),
});
export type NewToken = z.input<typeof newTokenSchema>;

export interface CreatedToken {
  /** The bearer secret: shown here once and never again. */
  readonly token: string;
  readonly id: TokenId;
  readonly expires_at: string;
}

export type TokenInfo = Omit<ApiToken, 'secret_hash'>;

export interface Tokens {
  /**
   * Makes an API token (requirement B2). It may carry only roles that its account has and, on one's own account, that
   * the maker has at this moment. Throws `bad_request`, or `refused`: a token cannot make a token (it would outlive its
   * own expiry), and a person's token is made by that person alone.
   */
  createToken(input: NewToken, by: Authenticated): Promise<CreatedToken>;
  /** One's own, or any for an admin; others are `not_found`. Revoking twice is no error. */
  revokeToken(id: TokenId, by: Authenticated): Promise<void>;
  tokens(account: PrincipalId): Promise<TokenInfo[]>;
}

export function createTokens(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
}): Tokens {
  const { store, uow, audit, clock } = deps;
  return {
    async createToken(input, by) {
      const parsed = newTokenSchema.safeParse(input);
      if (!parsed.success)
        throw new PortreeveError('bad_request', 'The token cannot be made from this.', {
          errors: fieldErrors(parsed.error),
        });
      const wanted = parsed.data;
      if (by.via.kind !== 'session')
        throw refused('An API token cannot make another.', 'Sign in, then make the token.');
      const account = await store.accountById(wanted.account);
      const own = by.principal.id === wanted.account;
      if (!own && !(by.principal.roles.includes('admin') && account?.kind === 'service'))
        throw refused(
          'You may make tokens for yourself, and as an admin for services.',
          'Ask the account\u2019s owner.',
        );
      if (!account) throw new PortreeveError('not_found', 'There is no such account.');
      const allowed = own ? account.roles.filter((role) => by.principal.roles.includes(role)) : account.roles;
      if (!wanted.roles.every((role) => allowed.includes(role)))
        throw refused('A token cannot carry a role that its account lacks.', `Choose among: ${allowed.join(', ')}.`);

      const secret = newSecret('token');
      const now = clock.now();
      const token: ApiToken = {
        id: newId('token', clock),
        account: account.id,
        label: wanted.label,
        roles: ROLES.filter((role) => wanted.roles.includes(role)),
        secret_hash: secretHash(secret),
        created_at: now.toISOString(),
        expires_at: new Date(now.getTime() + wanted.ttl_minutes * 60_000).toISOString(),
        revoked_at: null,
        last_used_at: null,
      };
      await uow.transaction(async (tx) => {
        await store.insertToken(tx, token);
        await audit.append(tx, [
          draft({
            type: 'identity.token_created',
            actor: actorOf(by.principal),
            data: { token: token.id, label: token.label, roles: [...token.roles], expires_at: token.expires_at },
          }),
        ]);
      });
      return { token: secret, id: token.id, expires_at: token.expires_at };
    },

    async revokeToken(id, by) {
      const token = await store.tokenById(id);
      if (!token || !mayRevoke(token, by)) throw new PortreeveError('not_found', 'There is no such token.');
      await uow.transaction(async (tx) => {
        if (!(await store.revokeToken(tx, id, clock.now().toISOString()))) return;
        await audit.append(tx, [
          draft({ type: 'identity.token_revoked', actor: actorOf(by.principal), data: { token: id } }),
        ]);
      });
    },

    async tokens(account) {
      return (await store.listTokens(account)).map(({ secret_hash: _, ...info }) => info);
    },
  };
}

function mayRevoke(token: ApiToken, by: Authenticated): boolean {
  return token.account === by.principal.id || by.principal.roles.includes('admin');
}

function refused(detail: string, next: string): PortreeveError {
  return new PortreeveError('refused', detail, { next });
}
