import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SYSTEM_ACTOR } from '@portreeve/contract';
import { decodeJwt, type JWTPayload, SignJWT } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createIdentity } from '../identity.ts';
import { Refused } from '../refusal.ts';
import { AUDIENCE, accessTokenKey, codeOf, ISSUER, identityHouse } from '../testing/house.ts';
import { createAccessTokens } from './access-tokens.ts';

const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

let house: ReturnType<typeof identityHouse>;
let token: string;
let claims: JWTPayload;
let key: KeyObject;
let manager: Awaited<ReturnType<typeof house.person>>;
let agent: Awaited<ReturnType<typeof house.agent>>;

beforeEach(async () => {
  house = identityHouse();
  const root = await house.person('root-admin', ['admin']);
  manager = await house.person('mira');
  agent = await house.agent(root.who, { name: 'access-agent', owner: root.principal.id });
  token = await exchanged();
  claims = decodeJwt(token);
  key = house.keys[0]!.key;
});

async function exchanged(): Promise<string> {
  const answer = await house.exchange(manager.secret, agent.secret);
  if (!answer.ok) throw new Error(answer.body.error);
  return answer.body.access_token;
}

const sign = (payload: JWTPayload, header: object = {}, by: KeyObject = key) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'first', ...header }).sign(by);

/** Why a token is refused; `authenticate` must refuse it too, and not say why. */
async function refusal(attack: string): Promise<string> {
  expect(await codeOf(house.identity.authenticate(attack))).toBe('not_signed_in');
  const error = await house.accessTokens.verifyAccess(attack).catch((caught: unknown) => caught);
  if (!(error instanceof Refused)) throw error;
  return error.reason;
}

test('the tests forge what would be good if it were signed rightly', async () => {
  expect((await house.identity.authenticate(await sign(claims))).via.kind).toBe('access_token');
});

describe('B4 B6: attacks on access tokens', () => {
  test.each(['none', 'None', 'NONE', ''])('algorithm `%s`', async (alg) => {
    const head = b64({ alg, typ: 'at+jwt', kid: 'first' });
    expect(['algorithm', 'header']).toContain(await refusal(`${head}.${b64(claims)}.`));
    expect(['algorithm', 'header']).toContain(await refusal(`${head}.${b64(claims)}.AAAA`));
  });

  test('algorithm confusion: the public key used as a shared secret', async () => {
    const publicKey = createPublicKey(key);
    const secrets = [
      Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'),
      publicKey.export({ type: 'spki', format: 'pem' }) as string,
      publicKey.export({ type: 'spki', format: 'der' }),
    ];
    for (const secret of secrets) {
      const signed = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: 'first' })}.${b64(claims)}`;
      expect(await refusal(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`)).toBe(
        'algorithm',
      );
    }
  });

  test('a key that the token brings, or says where to fetch', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const headers = [
      { jwk: publicKey.export({ format: 'jwk' }) },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/cert' },
      { x5c: ['MIIB'] },
    ];
    for (const header of headers) {
      const forged = `${b64({ alg: 'EdDSA', typ: 'at+jwt', kid: 'first', ...header })}.${b64(claims)}`;
      expect(await refusal(`${forged}.AAAA`)).toBe('header');
    }
    expect(await refusal(await sign(claims, {}, privateKey))).toBe('signature');
  });

  test('an extension that must be understood, and an unencoded payload', async () => {
    for (const header of [{ crit: ['exp'], exp: 1 }, { b64: false, crit: ['b64'] }, { zip: 'DEF' }])
      expect(
        await refusal(`${b64({ alg: 'EdDSA', typ: 'at+jwt', kid: 'first', ...header })}.${b64(claims)}.AAAA`),
      ).toBe('header');
  });

  test.each<[string, unknown, string]>([
    ['a path', '../../../../dev/null', 'header'],
    ['an address', 'https://evil.example/key', 'header'],
    ['SQL', "first' OR '1'='1", 'header'],
    ['a very long one', 'a'.repeat(100_000), 'too_large'],
    ['a long one', 'a'.repeat(201), 'header'],
    ['an object', { kid: 'first' }, 'header'],
    ['a list', ['first'], 'header'],
    ['a member of every object', '__proto__', 'key_unknown'],
    ['an unknown one', 'second', 'key_unknown'],
    ['none', undefined, 'key_unknown'],
  ])('key id: %s', async (_what, kid, reason) => {
    expect(await refusal(`${b64({ alg: 'EdDSA', typ: 'at+jwt', kid })}.${b64(claims)}.AAAA`)).toBe(reason);
  });

  test.each(['JWT', 'portreeve-delegation+jwt', 'portreeve-grant+jwt', 'application/at+jwt+x', undefined])(
    'another type: %s',
    async (typ) => {
      expect(await refusal(await sign(claims, { typ }))).toBe('type');
    },
  );

  test.each<[string, () => object, string]>([
    ['another issuer', () => ({ iss: 'https://evil.example' }), 'issuer'],
    ['another audience', () => ({ aud: 'urn:elsewhere' }), 'audience'],
    ['several audiences', () => ({ aud: [AUDIENCE, 'urn:elsewhere'] }), 'claims'],
    ['expired', () => ({ exp: claims.iat }), 'expired'],
    ['no end', () => ({ exp: undefined }), 'claims'],
    ['not yet valid', () => ({ nbf: claims.iat! + 60 }), 'not_yet_valid'],
    ['another environment', () => ({ environment: 'production' }), 'environment'],
    ['no environment', () => ({ environment: undefined }), 'environment'],
    ['no actor', () => ({ act: undefined }), 'claims'],
    ['an actor that is no agent', () => ({ act: { sub: 'agent:x' } }), 'claims'],
    ['a claim that we never make', () => ({ admin: true }), 'claims'],
    ['a scope that is a list', () => ({ scope: ['role:admin'] }), 'claims'],
    ['deep claims', () => ({ act: JSON.parse(`${'{"act":'.repeat(50)}1${'}'.repeat(50)}`) }), 'too_deep'],
    ['an oversize token', () => ({ scope: 'x'.repeat(17_000) }), 'too_large'],
  ])('%s', async (_what, change, reason) => {
    expect(await refusal(await sign({ ...claims, ...change() }))).toBe(reason);
  });

  test.each(['a.b', 'a.b.c.d', '..', `${b64('[]')}.${b64('{}')}.AAAA`, `${b64('{"alg":')}.e30.AAAA`, 'é.é.é'])(
    'not a compact JWT: %s',
    async (text) => {
      expect(await refusal(text)).toBe('malformed');
    },
  );

  test('very deep JSON is refused before it is parsed', async () => {
    const deep = '['.repeat(5000) + ']'.repeat(5000);
    expect(await refusal(`${b64({ alg: 'EdDSA', typ: 'at+jwt', kid: 'first' })}.${b64(`{"a":${deep}}`)}.AAAA`)).toBe(
      'too_deep',
    );
  });

  test('rights written into the token by whoever holds the key are still those of user and agent alone', async () => {
    const forged = await sign({ ...claims, scope: 'role:admin role:requester group:managers tool:delete_everything' });
    expect(await house.identity.authenticate(forged)).toMatchObject({
      principal: { roles: ['requester'], groups: [] },
      tools: [],
    });
    // Whom it is for, and who acts, must belong together.
    const swapped = await sign({ ...claims, client_id: manager.principal.id });
    expect(await codeOf(house.identity.authenticate(swapped))).toBe('not_signed_in');
    const person = { client_id: manager.principal.id, act: { sub: manager.principal.id } };
    expect(await codeOf(house.identity.authenticate(await sign({ ...claims, ...person })))).toBe('not_signed_in');
  });
});

describe('B4: revocation', () => {
  test.each(['jti', 'subject', 'agent'] as const)('by %s, and what is issued later is good', async (kind) => {
    const value = { jti: claims.jti!, subject: manager.principal.id, agent: agent.id }[kind];
    await house.accessTokens.revokeAccess({ kind, value }, SYSTEM_ACTOR);
    expect(await refusal(token)).toBe('revoked');
    expect(house.audit.of('identity.access_revoked')[0]?.data).toEqual({ kind, value });
    house.clock.advance(1000);
    await house.identity.authenticate(await exchanged());
    expect(await house.accessTokens.forgetOld()).toBe(0);
    house.clock.advance(30 * 60_000);
    expect(await house.accessTokens.forgetOld()).toBe(1);
    expect(await codeOf(house.identity.authenticate(token))).toBe('not_signed_in');
  });
});

describe('B4 B6: keys', () => {
  test('rotation with overlap: the new key is published before it signs, the old one verifies as long as its tokens live', async () => {
    house.keys.splice(0, 1, {
      ...house.keys[0]!,
      not_after: '2026-11-02T10:00:00.000Z',
    });
    house.keys.push(accessTokenKey('second', 'development', { not_before: '2026-11-02T09:55:00.000Z' }));
    const kids = async () => (await house.accessTokens.jwks()).keys.map(({ kid }) => kid);
    const kidOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()).kid;
    expect(await kids()).toEqual(['first', 'second']);
    expect(kidOf(await exchanged())).toBe('first');
    house.clock.set('2026-11-02T09:54:59.000Z');
    const old = await exchanged();
    expect(kidOf(old)).toBe('first');
    house.clock.set('2026-11-02T09:55:00.000Z');
    const fresh = await exchanged();
    expect(kidOf(fresh)).toBe('second');
    for (const good of [old, fresh]) await house.identity.authenticate(good);
    house.clock.set('2026-11-02T10:14:59.999Z');
    expect(await kids()).toEqual(['first', 'second']);
    house.clock.set('2026-11-02T10:15:00.000Z');
    expect(await kids()).toEqual(['second']);
    expect((await house.accessTokens.jwks()).keys.every((jwk) => !('d' in jwk))).toBe(true);
  });

  test('a key that has stopped signs nothing, and a retired one verifies nothing', async () => {
    house.keys.splice(0, 1, { ...house.keys[0]!, not_after: '2026-11-02T08:50:00.000Z' });
    await house.identity.authenticate(token);
    await expect(house.exchange(manager.secret, agent.secret)).rejects.toMatchObject({ code: 'misconfigured' });
    house.keys.splice(0, 1, { ...house.keys[0]!, not_after: '2026-11-02T08:45:00.000Z' });
    expect(await refusal(token)).toBe('key_unknown');
  });

  test.each<[string, () => Parameters<typeof accessTokenKey>[1][] | 'rsa' | 'twice' | 'kid']>([
    ['of another environment', () => ['production']],
    ['of another kind', () => 'rsa'],
    ['with the id of another', () => 'twice'],
    ['with an id that is a path', () => 'kid'],
  ])('B6: a key %s is refused at the start', (_what, what) => {
    const kind = what();
    const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const keys =
      kind === 'rsa'
        ? [{ ...accessTokenKey('a'), key: rsa() }]
        : kind === 'twice'
          ? [accessTokenKey('a'), accessTokenKey('a')]
          : kind === 'kid'
            ? [{ ...accessTokenKey('a'), kid: '../a' }]
            : [accessTokenKey('a', 'production')];
    const { store, uow, audit, clock } = house;
    const options = {
      store,
      uow,
      audit,
      clock,
      issuer: ISSUER,
      audience: AUDIENCE,
      environment: 'development' as const,
      instance: 'api/1',
    };
    expect(() => createAccessTokens({ ...options, keys })).toThrow('misconfigured');
  });
});

describe('B6: environments', () => {
  test('sessions, API tokens and agents of one environment are refused by a server of another on the same data', async () => {
    const { store, uow, audit, clock } = house;
    const made = await house.identity.createToken(
      { account: manager.principal.id, label: 'x', roles: ['requester'], ttl_minutes: 60 },
      manager.who,
    );
    const staging = createIdentity({ store, uow, audit, clock, environment: 'staging' });
    for (const secret of [manager.secret, made.token, agent.secret, token]) {
      await house.identity.authenticate(secret);
      expect(await codeOf(staging.authenticate(secret))).toBe('not_signed_in');
    }
    // A token of the right environment does not bring an agent of another one in.
    const root = await house.person('other-admin', ['admin']);
    const there = await staging.createToken(
      { account: agent.id, label: 'x', roles: ['requester'], ttl_minutes: 60 },
      root.who,
    );
    expect(await codeOf(staging.authenticate(there.token))).toBe('not_signed_in');
    expect(await codeOf(house.identity.authenticate(there.token))).toBe('not_signed_in');
    expect(() =>
      createIdentity({ store, uow, audit, clock, environment: 'staging', accessTokens: house.accessTokens }),
    ).toThrow('another environment');
  });

  test('B1: in production local accounts are refused unless they are allowed', async () => {
    const { store, uow, audit, clock, identity } = house;
    const local = { name: 'local', kind: 'person', password: 'correct horse battery', roles: ['requester'] } as const;
    await identity.createAccount({ ...local, roles: ['requester'] }, SYSTEM_ACTOR);
    const deps = { store, uow, audit, clock, environment: 'production' } as const;
    const production = createIdentity(deps);
    const credentials = { name: 'local', password: 'correct horse battery' };
    expect(await codeOf(production.signIn(credentials))).toBe('refused');
    expect(await codeOf(production.signIn({ ...credentials, name: 'nobody' }))).toBe('refused');
    expect(await codeOf(production.createAccount({ ...local, name: 'more', roles: ['requester'] }, SYSTEM_ACTOR))).toBe(
      'refused',
    );
    await production.createAccount({ name: 'robot', kind: 'service', roles: ['requester'] }, SYSTEM_ACTOR);
    expect(house.refusals()).toEqual(['local local_accounts_off', 'local local_accounts_off']);
    const allowed = createIdentity({ ...deps, allowLocalAccounts: true });
    const { token: session } = await allowed.signIn(credentials);
    await allowed.authenticate(session);
    // A session from before they were turned off ends with that.
    expect(await codeOf(production.authenticate(session))).toBe('not_signed_in');
  });
});
