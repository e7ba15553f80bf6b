import {
  type AuditWriter,
  type Clock,
  draft,
  type EnvironmentName,
  newId,
  type Principal,
  type RecordActor,
  type TokenId,
  type UnitOfWork,
} from '@portreeve/contract';
import { type JSONWebKeySet, SignJWT } from 'jose';
import type { z } from 'zod';
import { peekJwt } from '../compact-jwt.ts';
import type { AccessKeyStore, AccessStore, Revocation } from '../ports.ts';
import { Refused } from '../refusal.ts';
import { verifyJwt } from '../verify-jwt.ts';
import {
  ACCESS_TOKEN_TYPE,
  type AccessClaims,
  accessClaimsSchema,
  DELEGATION_TYPE,
  type DelegationClaims,
  delegationClaimsSchema,
  SUBJECT_TYPE,
} from './claims.ts';
import { ACCESS_TOKEN_TTL_MAX_S, type AccessTokenKey, accessKeys, publicX } from './keys.ts';
import { publishedKeys } from './published-keys.ts';

export interface AccessTokenOptions {
  /** The `iss` of our tokens: an address or URN of this Portreeve. */
  readonly issuer: string;
  /** The `aud` of access tokens: this Portreeve as a resource (RFC 8707). */
  readonly audience: string;
  /** Resources of ours besides, such as the MCP endpoint: a token is good for the one that it was asked for. */
  readonly resources?: readonly string[];
  readonly environment: EnvironmentName;
  readonly keys: readonly AccessTokenKey[] | (() => readonly AccessTokenKey[]);
  /** The name of this process, under which its keys are published. */
  readonly instance: string;
  readonly clock: Clock;
  readonly store: AccessStore & AccessKeyStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
}

/** Seconds that a statement of who somebody is may be used. */
const SUBJECT_TTL_S = 60;

type Made = 'iss' | 'aud' | 'jti' | 'iat' | 'nbf' | 'environment';
export interface Signed {
  readonly token: string;
  readonly id: TokenId;
  readonly expires_at: string;
}

export interface AccessTokens {
  readonly issuer: string;
  readonly audience: string;
  readonly resources: readonly string[];
  readonly environment: EnvironmentName;
  /**
   * Tells the other processes of this environment our public keys, so that what we sign is good there as well. They are told for
   * minutes: call it before anybody can ask, and then every minute.
   */
  publish(): Promise<void>;
  /** RFC 7517, for `/.well-known/jwks.json`: the public keys of every process of this environment, ours first. */
  jwks(): Promise<JSONWebKeySet>;
  /** `resource`: one of ours; left out: `audience`. */
  signAccess(claims: Omit<AccessClaims, Made> & { readonly iat: number }, resource?: string): Promise<Signed>;
  signDelegation(claims: Omit<DelegationClaims, Made>): Promise<Signed>;
  /**
   * Says to another's token endpoint who somebody is, for a minute: the `subject_token` of a token exchange (RFC 8693). Of a
   * type of its own, so that nobody takes it for an access token.
   */
  signSubject(principal: Pick<Principal, 'id' | 'name'>, audience: string): Promise<Signed>;
  /** Signature, type, issuer, audience, time, environment and revocation. Throws `Refused`. */
  verifyAccess(token: string, resource?: string): Promise<AccessClaims>;
  /** As above; whoever uses it must also see to it that it is used once. */
  verifyDelegation(token: string): Promise<DelegationClaims>;
  /** Refuses from now on what was issued up to now. Who may do so is for the caller's policy. */
  revokeAccess(revocation: Revocation, by: RecordActor): Promise<void>;
  /** Forgets revocations, used tokens and published keys that no longer count; returns how many. Call it now and then. */
  forgetOld(): Promise<number>;
}

/** Our access tokens (RFC 9068) and delegations: EdDSA, minutes long, of one environment (requirements B4, B6). */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { issuer, audience, resources = [], environment, clock, store, uow, audit, instance } = options;
  const keys = accessKeys(options.keys, environment, clock);
  const published = publishedKeys({ store, uow, clock, environment, instance });

  const sign = async (
    type: string,
    aud: string,
    given: { readonly exp: number; readonly iat?: number },
  ): Promise<Signed> => {
    const { kid, key } = keys.signer();
    const id = newId('token', clock);
    const iat = given.iat ?? Math.floor(clock.now().getTime() / 1000);
    if (given.exp <= iat || given.exp > iat + ACCESS_TOKEN_TTL_MAX_S)
      throw new TypeError(`a token lives from 1 to ${ACCESS_TOKEN_TTL_MAX_S} seconds`);
    const token = await new SignJWT({ ...given, iss: issuer, aud, jti: id, iat, nbf: iat, environment })
      .setProtectedHeader({ alg: 'EdDSA', typ: type, kid })
      .sign(key);
    return { token, id, expires_at: new Date(given.exp * 1000).toISOString() };
  };

  const verify = async <T extends AccessClaims | DelegationClaims>(
    token: string,
    type: string,
    aud: string,
    schema: z.ZodType<T>,
  ): Promise<T> => {
    const { header } = peekJwt(token);
    if (header.alg !== 'EdDSA') throw new Refused('algorithm');
    const { kid } = header;
    const key = kid === undefined ? null : (keys.verifier(kid) ?? (await published.find(kid)));
    if (!key) throw new Refused('key_unknown');
    const payload = await verifyJwt(token, key as never, {
      algorithms: ['EdDSA'],
      typ: type,
      issuer,
      audience: aud,
      currentDate: clock.now(),
      requiredClaims: ['exp', 'nbf', 'iat', 'jti', 'sub'],
    });
    if (payload.environment !== environment) throw new Refused('environment');
    const claims = schema.safeParse(payload);
    if (!claims.success) throw new Refused('claims', { cause: claims.error });
    return claims.data;
  };

  const assertNotRevoked = async (claims: AccessClaims | DelegationClaims, agent: string): Promise<void> => {
    const at = await store.accessRevokedAt([
      { kind: 'jti', value: claims.jti },
      { kind: 'subject', value: claims.sub },
      { kind: 'agent', value: agent },
    ]);
    // `iat` is in whole seconds: what was issued within the second of the revocation is refused with it.
    if (at !== null && claims.iat * 1000 <= Date.parse(at)) throw new Refused('revoked');
  };

  return {
    issuer,
    audience,
    resources,
    environment,
    publish: () => published.publish(keys.verifiers()),
    async jwks() {
      const all = new Map(
        [...keys.verifiers(), ...(await published.list())].map(({ kid, key }) => [kid, publicX(key)]),
      );
      return {
        keys: [...all].map(([kid, x]) => ({ kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' })),
      };
    },
    signAccess: (claims, resource = audience) => sign(ACCESS_TOKEN_TYPE, resource, claims),
    signDelegation: (claims) => sign(DELEGATION_TYPE, issuer, claims),

    signSubject({ id, name }, aud) {
      const iat = Math.floor(clock.now().getTime() / 1000);
      const claims = { sub: id, preferred_username: name, iat, exp: iat + SUBJECT_TTL_S };
      return sign(SUBJECT_TYPE, aud, claims);
    },

    async verifyAccess(token, resource = audience) {
      const claims = await verify(token, ACCESS_TOKEN_TYPE, resource, accessClaimsSchema);
      // Only the present actor counts; who acted before is information (RFC 8693, 4.1).
      await assertNotRevoked(claims, claims.act.sub);
      return claims;
    },

    async verifyDelegation(token) {
      const claims = await verify(token, DELEGATION_TYPE, issuer, delegationClaimsSchema);
      await assertNotRevoked(claims, claims.may_act.sub);
      return claims;
    },

    async revokeAccess(revocation, by) {
      await uow.transaction(async (tx) => {
        await store.revokeAccess(tx, revocation, clock.now().toISOString());
        await audit.append(tx, [draft({ type: 'identity.access_revoked', actor: by, data: { ...revocation } })]);
      });
    },

    forgetOld() {
      const now = clock.now();
      const before = new Date(now.getTime() - 2 * ACCESS_TOKEN_TTL_MAX_S * 1000).toISOString();
      const over = new Date(now.getTime() - ACCESS_TOKEN_TTL_MAX_S * 1000).toISOString();
      return uow.transaction(
        async (tx) =>
          (await store.forgetRevocations(tx, before)) +
          (await store.forgetUsed(tx, now.toISOString())) +
          (await store.withdrawKeys(tx, over)),
      );
    },
  };
}
