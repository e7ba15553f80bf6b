import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type EnvironmentName,
  fieldErrors,
  idSchema,
  nameSchema,
  newId,
  PortreeveError,
  type PrincipalId,
  ROLES,
  type Role,
  type TokenId,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Authenticated } from './authenticate.ts';
import type { Account, ApiToken, IdentityStore } from './ports.ts';
import { newSecret, secretHash } from './secret.ts';

export const TOKEN_TTL_MINUTES_MAX = 365 * 24 * 60;
/** How long a replaced token may work beside its successor: a week. */
export const TOKEN_OVERLAP_MINUTES_MAX = 7 * 24 * 60;

const newTokenSchema = z.strictObject({
  /** Whose token it becomes: one's own account, or (for an admin) a service or an agent. */
  account: idSchema('principal'),
  label: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\p{L}\p{N}\p{P} ]+$/u, 'use letters, digits, spaces and punctuation'),
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  /** The tools that it is good for; left out: all that policy permits to the account. */
  tools: z.array(nameSchema).max(64).optional(),
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
  /**
   * Makes a token in the place of one, with the same label, tools and length of life and the roles that the account
   * still has. The replaced one works for `overlap_minutes` more (0 to 10080), but no longer than it would have. Who may
   * make such a token may rotate it; to others it is `not_found`. Throws `conflict` for one that is revoked, expired or
   * replaced already.
   */
  rotateToken(id: TokenId, overlap_minutes: number, by: Authenticated): Promise<CreatedToken>;
  /** Tokens still good, made before `since` and not used since then: at most 200, for a person to look at. */
  unusedTokens(since: Date): Promise<TokenInfo[]>;
}

export function createTokens(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  environment: EnvironmentName;
}): Tokens {
  const { store, uow, audit, clock, environment } = deps;

  const make = (of: Pick<ApiToken, 'account' | 'label' | 'roles' | 'tools'> & { readonly ttl_ms: number }) => {
    const secret = newSecret('token');
    const now = clock.now();
    const token: ApiToken = {
      id: newId('token', clock),
      account: of.account,
      environment,
      label: of.label,
      roles: of.roles,
      tools: of.tools,
      secret_hash: secretHash(secret),
      created_at: now.toISOString(),
      expires_at: new Date(now.getTime() + of.ttl_ms).toISOString(),
      revoked_at: null,
      last_used_at: null,
      replaced_by: null,
    };
    return { secret, token };
  };

  return {
    async createToken(input, by) {
      const parsed = newTokenSchema.safeParse(input);
      if (!parsed.success)
        throw new PortreeveError('bad_request', 'The token cannot be made from this.', {
          errors: fieldErrors(parsed.error),
        });
      const wanted = parsed.data;
      assertSignedIn(by);
      const account = await store.accountById(wanted.account);
      if (!mayMake(account, by))
        throw refused(
          'You may make tokens for yourself, and as an admin for services and agents.',
          'Ask the account\u2019s owner.',
        );
      const allowed = rolesFor(account, by);
      if (!wanted.roles.every((role) => allowed.includes(role)))
        throw refused('A token cannot carry a role that its account lacks.', `Choose among: ${allowed.join(', ')}.`);

      const { secret, token } = make({
        account: account.id,
        label: wanted.label,
        roles: ROLES.filter((role) => wanted.roles.includes(role)),
        tools: wanted.tools === undefined ? null : [...new Set(wanted.tools)].sort(),
        ttl_ms: wanted.ttl_minutes * 60_000,
      });
      await uow.transaction(async (tx) => {
        await store.insertToken(tx, token);
        await audit.append(tx, [created(token, by)]);
      });
      return { token: secret, id: token.id, expires_at: token.expires_at };
    },

    async rotateToken(id, overlap_minutes, by) {
      if (!Number.isInteger(overlap_minutes) || overlap_minutes < 0 || overlap_minutes > TOKEN_OVERLAP_MINUTES_MAX)
        throw new PortreeveError('bad_request', `The overlap is from 0 to ${TOKEN_OVERLAP_MINUTES_MAX} minutes.`);
      assertSignedIn(by);
      const old = await store.tokenById(id);
      const account = old && (await store.accountById(old.account));
      if (!old || !account || !mayMake(account, by)) throw new PortreeveError('not_found', 'There is no such token.');
      const allowed = rolesFor(account, by);
      const roles = old.roles.filter((role) => allowed.includes(role));
      const now = clock.now().getTime();
      const gone = () => new PortreeveError('conflict', 'This token is revoked, expired or replaced already.');
      if (now >= Date.parse(old.expires_at) || old.environment !== environment) throw gone();
      if (roles.length === 0) throw refused('The account has none of its roles any more.', 'Make a new token.');

      // A token that was not replaced still has the end that it was made with.
      const ttl_ms = Date.parse(old.expires_at) - Date.parse(old.created_at);
      const { secret, token } = make({ ...old, roles, ttl_ms });
      const replaced_until = new Date(
        Math.min(now + overlap_minutes * 60_000, Date.parse(old.expires_at)),
      ).toISOString();
      await uow.transaction(async (tx) => {
        await store.insertToken(tx, token);
        if (!(await store.replaceToken(tx, id, { replaced_by: token.id, expires_at: replaced_until }))) throw gone();
        await audit.append(tx, [
          created(token, by),
          draft({
            type: 'identity.token_rotated',
            actor: actorOf(by.principal),
            data: { token: token.id, replaces: id, expires_at: token.expires_at, replaced_until },
          }),
        ]);
      });
      return { token: secret, id: token.id, expires_at: token.expires_at };
    },

    async unusedTokens(since) {
      return (await store.listUnusedTokens(since.toISOString(), clock.now().toISOString())).map(infoOf);
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
      return (await store.listTokens(account)).map(infoOf);
    },
  };
}

function infoOf({ secret_hash: _, ...info }: ApiToken): TokenInfo {
  return info;
}

function created(token: ApiToken, by: Authenticated) {
  return draft({
    type: 'identity.token_created',
    actor: actorOf(by.principal),
    data: { token: token.id, label: token.label, roles: [...token.roles], expires_at: token.expires_at },
  });
}

function assertSignedIn(by: Authenticated): void {
  if (by.via.kind !== 'session') throw refused('An API token cannot make another.', 'Sign in, then make the token.');
}

/** One's own account, or (for an admin) one that nobody can sign in to. */
function mayMake(account: Account | null, by: Authenticated): account is Account {
  if (!account) return false;
  return account.id === by.principal.id || (by.principal.roles.includes('admin') && account.kind !== 'person');
}

function rolesFor(account: Account, by: Authenticated): readonly Role[] {
  const own = account.id === by.principal.id;
  return own ? account.roles.filter((role) => by.principal.roles.includes(role)) : account.roles;
}

/** An agent that acts for somebody does not manage their credentials. */
function mayRevoke(token: ApiToken, by: Authenticated): boolean {
  if (by.via.kind !== 'session' && by.via.kind !== 'token') return false;
  return token.account === by.principal.id || by.principal.roles.includes('admin');
}

function refused(detail: string, next: string): PortreeveError {
  return new PortreeveError('refused', detail, { next });
}
