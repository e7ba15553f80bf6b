import { generateKeyPairSync } from 'node:crypto';
import {
  type EnvironmentName,
  fixedClock,
  isPortreeveError,
  newId,
  type Role,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import type { NewAgent } from '../agents/agents.ts';
import type { Authenticated } from '../authenticate.ts';
import { looksLikeJwt } from '../compact-jwt.ts';
import { createAccessTokens } from '../delegation/access-tokens.ts';
import { ACCESS_TOKEN_TOKEN_TYPE, EXCHANGE_GRANT_TYPE, JWT_TOKEN_TYPE } from '../delegation/exchange.ts';
import type { AccessTokenKey } from '../delegation/keys.ts';
import { createIdentity, type IdentityOptions } from '../identity.ts';
import type { Account } from '../ports.ts';
import { openSession } from '../sessions.ts';
import { memoryIdentityStore } from './memory.ts';

export const ISSUER = 'https://portreeve.example';
export const AUDIENCE = 'urn:portreeve:api';

export function accessTokenKey(
  kid: string,
  environment: EnvironmentName = 'development',
  times: { not_before?: string; not_after?: string } = {},
): AccessTokenKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { kid, key: privateKey, environment, not_after: '2027-01-01T00:00:00.000Z', ...times };
}

/** Identity in memory with everything wired, and short ways to make people and agents. */
export function identityHouse(
  options: {
    environment?: EnvironmentName;
    keys?: AccessTokenKey[];
    more?: (deps: Pick<IdentityOptions, 'store' | 'uow' | 'audit' | 'clock'>) => Partial<IdentityOptions>;
  } = {},
) {
  const { environment = 'development' } = options;
  const clock = fixedClock('2026-11-02T09:00:00.000Z');
  const store = memoryIdentityStore();
  const audit = memoryAuditWriter();
  const uow = memoryUnitOfWork(store, audit);
  const keys = options.keys ?? [accessTokenKey('first', environment)];
  const deps = { store, uow, audit, clock };
  const accessTokens = createAccessTokens({
    ...deps,
    issuer: ISSUER,
    audience: AUDIENCE,
    environment,
    instance: 'api/1',
    keys: () => keys,
  });
  const identity = createIdentity({ ...deps, environment, accessTokens, ...options.more?.(deps) });

  /** A session without a password: hashing one is slow on purpose, and most tests are about something else. */
  const signIn = async (account: Account) => {
    const expires_at = new Date(clock.now().getTime() + 12 * 3_600_000).toISOString();
    const { token } = await uow.transaction((tx) =>
      openSession({ store, clock, environment }, tx, account, { expires_at, proven_at: null }),
    );
    return { secret: token, who: await identity.authenticate(token) };
  };
  return {
    ...deps,
    keys,
    accessTokens,
    identity,
    delegation: identity.delegation!,
    signIn,
    async person(name: string, roles: Role[] = ['requester'], groups: string[] = []) {
      const account: Account = {
        id: newId('principal', clock),
        name,
        kind: 'person',
        roles,
        groups,
        password_hash: null,
        signing_key: null,
        external: { issuer: 'https://idp.example', subject: name },
        created_at: clock.now().toISOString(),
      };
      await uow.transaction((tx) => store.insertAccount(tx, account));
      const session = await signIn(account);
      return { principal: session.who.principal, account, ...session };
    },
    /** An active agent with an API token of its own. `by` is an admin's session. */
    async agent(by: Authenticated, fields: Partial<NewAgent> & Pick<NewAgent, 'name' | 'owner'>) {
      const agent = await identity.registerAgent(
        {
          purpose: 'prepares access changes',
          roles: ['requester'],
          tools: ['prepare_access_change'],
          data: { confidentiality: 'internal' },
          review_by: '2026-12-01T00:00:00.000Z',
          ...fields,
        },
        SYSTEM_ACTOR,
      );
      await identity.changeAgent(agent.id, { event: 'activate', reason: 'reviewed' }, SYSTEM_ACTOR);
      const { token, id } = await identity.createToken(
        { account: agent.id, label: 'deployment', roles: [...agent.roles], ttl_minutes: 24 * 60 },
        by,
      );
      return { id: agent.id, secret: token, token: id };
    },
    exchange(subject_token: string, actor_token: string, more: Record<string, unknown> = {}) {
      const typeOf = (token: string) => (looksLikeJwt(token) ? JWT_TOKEN_TYPE : ACCESS_TOKEN_TOKEN_TYPE);
      return identity.delegation!.exchangeToken({
        grant_type: EXCHANGE_GRANT_TYPE,
        subject_token,
        subject_token_type: typeOf(subject_token),
        actor_token,
        actor_token_type: typeOf(actor_token),
        ...more,
      });
    },
    refusals: () => audit.of('identity.refused').map(({ data }) => `${data.way} ${data.reason}`),
  };
}

/** The code of the error that `work` ends with; throws where it ends otherwise. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}
