import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type EnvironmentName, newId, SYSTEM_ACTOR } from '@portreeve/contract';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PublishedKey } from '../ports.ts';
import { Refused } from '../refusal.ts';
import { AUDIENCE, ISSUER, identityHouse } from '../testing/house.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { ACCESS_TOKEN_TTL_MAX_S, type AccessTokenKey, publicX } from './keys.ts';
import { accessKeyId, PUBLISHED_KEYS } from './published-keys.ts';

/* Several processes on one store, each with keys of its own that no other one holds. */

const MCP = `${ISSUER}/mcp`;
let house: ReturnType<typeof identityHouse>;
/** How often the published keys were read. */
let readings: number;
beforeEach(() => {
  house = identityHouse();
  readings = 0;
});

function madeKey(times: { not_before?: string; not_after?: string } = {}): AccessTokenKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const kid = accessKeyId(publicX(privateKey));
  return { kid, key: privateKey, environment: 'development', not_after: '2027-01-01T00:00:00.000Z', ...times };
}

/** A process, which has published its keys. */
async function api(name: string, keys: AccessTokenKey[] = [madeKey()], environment: EnvironmentName = 'development') {
  const { store, uow, audit, clock } = house;
  const tokens = createAccessTokens({
    ...{ uow, audit, clock, environment, issuer: ISSUER, audience: AUDIENCE, resources: [MCP], instance: name },
    store: {
      ...store,
      publishedKeys: (...given) => {
        readings += 1;
        return store.publishedKeys(...given);
      },
    },
    keys: () => keys,
  });
  await tokens.publish();
  return { tokens, keys, kid: () => keys[0]!.kid };
}

const now_s = () => Math.floor(house.clock.now().getTime() / 1000);
async function access(tokens: AccessTokens, resource?: string): Promise<string> {
  const [sub, agent] = [newId('principal', house.clock), newId('principal', house.clock)];
  const claims = { sub, client_id: agent, act: { sub: agent }, scope: 'role:requester', iat: now_s() };
  return (await tokens.signAccess({ ...claims, exp: now_s() + ACCESS_TOKEN_TTL_MAX_S }, resource)).token;
}
async function delegation(tokens: AccessTokens): Promise<string> {
  const [sub, agent] = [newId('principal', house.clock), newId('principal', house.clock)];
  const claims = { sub, may_act: { sub: agent }, scope: 'role:requester', exp: now_s() + 60 };
  return (await tokens.signDelegation(claims)).token;
}
/** `good`, or why it is refused. */
const said = (verified: Promise<unknown>): Promise<string> =>
  verified.then(
    () => 'good',
    (error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      return error.reason;
    },
  );
const kids = async (tokens: AccessTokens) => (await tokens.jwks()).keys.map(({ kid }) => kid);
const put = (row: Partial<PublishedKey> & Pick<PublishedKey, 'kid' | 'x'>) =>
  house.uow.transaction((tx) =>
    house.store.publishKey(tx, {
      ...{ environment: 'development', not_after: '2026-11-02T09:05:00.000Z', instance: 'api/x' },
      ...row,
    }),
  );
const forgedBy = (token: string, key: KeyObject, kid: string) =>
  new SignJWT(decodeJwt(token)).setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'EdDSA', kid }).sign(key);

test('the id of a key is its thumbprint', () => {
  // RFC 8037, A.3.
  expect(accessKeyId('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo')).toBe(
    'at-kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  );
});

describe('J2 B4: what one process signs', () => {
  test('J2 B4: holds at each: access tokens for each resource, delegations, statements of who somebody is', async () => {
    const [one, other] = [await api('api/1'), await api('api/2')];
    for (const [by, at] of [
      [one.tokens, other.tokens],
      [other.tokens, one.tokens],
    ] as const) {
      expect(await said(at.verifyAccess(await access(by)))).toBe('good');
      expect(await said(at.verifyAccess(await access(by, MCP), MCP))).toBe('good');
      expect(await said(at.verifyAccess(await access(by, MCP)))).toBe('audience');
      expect(await said(at.verifyDelegation(await delegation(by)))).toBe('good');
      expect(await said(at.verifyDelegation(await access(by)))).toBe('type');
      const statement = await by.signSubject(
        { id: newId('principal', house.clock), name: 'mira' },
        'https://as.example',
      );
      const options = { typ: 'portreeve-subject+jwt', currentDate: house.clock.now() };
      await jwtVerify(statement.token, createLocalJWKSet(await at.jwks()), options);
    }
    expect(await kids(one.tokens)).toEqual([one.kid(), other.kid()]);
    expect(await kids(other.tokens)).toEqual([other.kid(), one.kid()]);
    expect((await one.tokens.jwks()).keys[1]).toEqual({
      ...{ kty: 'OKP', crv: 'Ed25519', x: publicX(other.keys[0]!.key), kid: other.kid(), alg: 'EdDSA', use: 'sig' },
    });
  });

  test('J2 B4: what is revoked at one is refused at each', async () => {
    const [one, other] = [await api('api/1'), await api('api/2')];
    const token = await access(one.tokens);
    expect(await said(other.tokens.verifyAccess(token))).toBe('good');
    await other.tokens.revokeAccess({ kind: 'jti', value: decodeJwt(token).jti! }, SYSTEM_ACTOR);
    for (const { tokens } of [one, other]) expect(await said(tokens.verifyAccess(token))).toBe('revoked');
  });

  test('J2 B4: holds until it expires where its key was replaced or its process has ended, and the key is then over', async () => {
    const first = madeKey({ not_after: '2026-11-02T09:10:00.000Z' });
    const second = madeKey({ not_before: '2026-11-02T09:10:00.000Z' });
    const [one, other] = [await api('api/1', [first, second]), await api('api/2')];
    expect(await kids(other.tokens)).toEqual([other.kid(), first.kid, second.kid].toSorted(byPlace(other.kid())));
    for (const time of ['09:04', '09:08']) {
      house.clock.set(`2026-11-02T${time}:00.000Z`);
      for (const { tokens } of [one, other]) await tokens.publish();
    }
    house.clock.set('2026-11-02T09:09:59.000Z');
    const last = await access(one.tokens);
    expect(decodeProtectedHeader(last).kid).toBe(first.kid);
    house.clock.set('2026-11-02T09:10:00.000Z');
    one.keys.shift();
    await one.tokens.publish();
    const next = await access(one.tokens);
    expect(decodeProtectedHeader(next).kid).toBe(second.kid);
    // It has ended: nobody publishes for it any more.
    house.clock.set('2026-11-02T09:24:58.000Z');
    for (const token of [last, next]) expect(await said(other.tokens.verifyAccess(token))).toBe('good');
    expect(await other.tokens.forgetOld()).toBe(0);
    house.clock.set('2026-11-02T09:25:00.000Z');
    const late = await forgedBy(await access(other.tokens), first.key, first.kid);
    expect(await said(other.tokens.verifyAccess(late))).toBe('key_unknown');
    expect(await said(other.tokens.verifyAccess(last))).toBe('key_unknown');
    house.clock.set('2026-11-02T09:30:00.000Z');
    await other.tokens.publish();
    expect(await other.tokens.forgetOld()).toBe(2);
    expect(await kids(other.tokens)).toEqual([other.kid()]);
  });

  test('J2 B4: of a key that its owner takes out of the table is refused within seconds', async () => {
    const [one, other] = [await api('api/1'), await api('api/2')];
    const token = await access(one.tokens);
    expect(await said(other.tokens.verifyAccess(token))).toBe('good');
    await house.uow.transaction((tx) => house.store.withdrawKeys(tx, '2030-01-01T00:00:00.000Z'));
    house.clock.advance(PUBLISHED_KEYS.fresh_s * 1000 - 1);
    expect(await said(other.tokens.verifyAccess(token))).toBe('good');
    house.clock.advance(1);
    expect(await said(other.tokens.verifyAccess(token))).toBe('key_unknown');
  });

  test('J2 B6: in another environment is refused there', async () => {
    const [one, other] = [await api('api/1'), await api('api/2', [], 'staging')];
    expect(await said(other.tokens.verifyAccess(await access(one.tokens)))).toBe('key_unknown');
    expect(await kids(other.tokens)).toEqual([]);
  });
});

describe('J2 B4: looking keys up', () => {
  test('J2 B4: a flood of made-up key ids is one reading a second, and others are verified meanwhile', async () => {
    const [one, other] = [await api('api/1'), await api('api/2')];
    const token = await access(one.tokens);
    const flood = () =>
      Promise.all(
        Array.from({ length: 200 }, async () => {
          const { key, kid } = madeKey();
          return said(other.tokens.verifyAccess(await forgedBy(token, key, kid)));
        }),
      );
    expect(new Set(await flood())).toEqual(new Set(['key_unknown']));
    expect(readings).toBe(1);
    await flood();
    expect(readings).toBe(1);
    house.clock.advance(PUBLISHED_KEYS.cool_down_s * 1000);
    await flood();
    expect(readings).toBe(2);
    expect(await said(other.tokens.verifyAccess(token))).toBe('good');
    expect(readings).toBe(2);
  });

  test('J2 B4: an id that has not the form of one is not looked up, and neither are our own', async () => {
    const one = await api('api/1');
    const token = await access(one.tokens);
    expect(await said(one.tokens.verifyAccess(token))).toBe('good');
    for (const kid of ['first', 'AT-x', '__proto__'])
      expect(await said(one.tokens.verifyAccess(await forgedBy(token, madeKey().key, kid)))).toBe('key_unknown');
    expect(readings).toBe(0);
  });

  test('J2 B4: a key that was published after the last reading is found, also where the clock was set back', async () => {
    const one = await api('api/1');
    await kids(one.tokens);
    const other = await api('api/2');
    house.clock.advance(PUBLISHED_KEYS.cool_down_s * 1000);
    expect(await said(one.tokens.verifyAccess(await access(other.tokens)))).toBe('good');
    house.clock.advance(-60_000);
    const third = await api('api/3');
    expect(await said(one.tokens.verifyAccess(await access(third.tokens)))).toBe('good');
    expect(readings).toBe(3);
  });

  test('J2 B4: while the keys cannot be read nothing of another process is good, and then it is', async () => {
    const [one, other] = [await api('api/1'), await api('api/2')];
    const token = await access(one.tokens);
    const read = house.store.publishedKeys;
    house.store.publishedKeys = () => Promise.reject(new Error('the database is away'));
    await expect(other.tokens.verifyAccess(token)).rejects.toThrow('the database is away');
    house.store.publishedKeys = read;
    expect(await said(other.tokens.verifyAccess(token))).toBe('good');
  });
});

describe('J2 B4: a row that is not of ours', () => {
  test.each<[string, () => Parameters<typeof put>[0] & { key: KeyObject }]>([
    ['names another key', () => ({ ...rowOf(madeKey()), kid: madeKey().kid })],
    ['names its key otherwise', () => ({ ...rowOf(madeKey()), kid: 'at-mine' })],
    ['writes its key otherwise', () => otherwise(rowOf(madeKey()))],
    ['is no key', () => ({ ...rowOf(madeKey()), x: '*'.repeat(43), kid: accessKeyId('*'.repeat(43)) })],
    ['is good for years', () => ({ ...rowOf(madeKey()), not_after: '2036-11-02T09:00:00.000Z' })],
    ['is over', () => ({ ...rowOf(madeKey()), not_after: '2026-11-02T08:45:00.000Z' })],
    ['is of another environment', () => ({ ...rowOf(madeKey()), environment: 'production' })],
  ])('J2 B4: as it %s, is neither used nor listed', async (_what, make) => {
    const one = await api('api/1');
    const { key, ...row } = make();
    expect(await put(row)).toBe(true);
    expect(await said(one.tokens.verifyAccess(await forgedBy(await access(one.tokens), key, row.kid)))).toBe(
      'key_unknown',
    );
    expect(await kids(one.tokens)).toEqual([one.kid()]);
  });

  test('J2 B4: has the id of ours, and is not overwritten: the process says so', async () => {
    const key = madeKey();
    const x = publicX(madeKey().key);
    await put({ kid: key.kid, x });
    await expect(api('api/1', [key])).rejects.toMatchObject({ code: 'misconfigured' });
    const [row] = await house.store.publishedKeys(
      'development',
      { after: '2026-11-02T09:00:00.000Z', until: '2026-11-02T10:00:00.000Z' },
      10,
    );
    expect(row).toMatchObject({ kid: key.kid, x, instance: 'api/x' });
  });

  test('J2 B4: a key with an id of a version before is good at its own process alone', async () => {
    const [one, other] = [await api('api/1', [{ ...madeKey(), kid: 'at-11qYAYKxCrfV' }]), await api('api/2')];
    const token = await access(one.tokens);
    expect(await said(one.tokens.verifyAccess(token))).toBe('good');
    expect(await said(other.tokens.verifyAccess(token))).toBe('key_unknown');
    expect(await kids(one.tokens)).toEqual(['at-11qYAYKxCrfV', other.kid()]);
  });
});

const rowOf = ({ kid, key }: AccessTokenKey) => ({ kid, key, x: publicX(key) });
/** The same 32 bytes with other bits behind them, which a lenient reader passes over. */
function otherwise({ key, x }: ReturnType<typeof rowOf>) {
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const changed = x.slice(0, -1) + last[last.indexOf(x.at(-1)!) + 1];
  return { key, x: changed, kid: accessKeyId(changed) };
}
/** One's own first; the others by id. */
const byPlace = (own: string) => (left: string, right: string) =>
  left === own ? -1 : right === own ? 1 : left < right ? -1 : 1;
