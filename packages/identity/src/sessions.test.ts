import { asId } from '@portreeve/contract';
import { beforeEach, describe, expect, test } from 'vitest';
import { secretHash } from './secret.ts';
import { makeSigningKey } from './signing-key.ts';
import { codeOf, identityHouse } from './testing/house.ts';

let house: ReturnType<typeof identityHouse>;
let ana: Awaited<ReturnType<typeof house.person>>;
let bo: typeof ana;
let root: typeof ana;

beforeEach(async () => {
  house = identityHouse();
  ana = await house.person('ana');
  bo = await house.person('bo');
  root = await house.person('root-admin', ['admin']);
});

const isGood = (secret: string) =>
  house.identity.authenticate(secret).then(
    () => true,
    () => false,
  );

describe('B1: sessions', () => {
  test('B1: a session rotates: a new secret, the old one ends at once, the end does not move', async () => {
    house.clock.advance(3_600_000);
    const rotated = await house.identity.rotateSession(ana.who);
    expect(rotated.expires_at).toBe(ana.who.expires_at);
    expect(rotated.token).not.toBe(ana.secret);
    expect(await isGood(ana.secret)).toBe(false);
    expect(await isGood(rotated.token)).toBe(true);
    expect(house.audit.of('identity.session_rotated')[0]?.data).toMatchObject({ session: rotated.session });
    expect(JSON.stringify(house.audit.drafts)).not.toContain(rotated.token);
    expect((await house.store.sessionByHash(secretHash(rotated.token)))?.environment).toBe('development');
    expect(await codeOf(house.identity.rotateSession(ana.who))).toBe('not_signed_in');
    house.clock.set(rotated.expires_at);
    expect(await isGood(rotated.token)).toBe(false);
  });

  test('B1: one session does not become two by rotating it twice at once', async () => {
    const results = await Promise.allSettled([
      house.identity.rotateSession(ana.who),
      house.identity.rotateSession(ana.who),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await house.identity.sessions(ana.principal.id, ana.who)).toHaveLength(1);
  });

  test('B1: sessions end one by one or all at once, by their person or an admin, and by nobody else', async () => {
    const { identity } = house;
    const second = await identity.rotateSession(ana.who);
    const who = await identity.authenticate(second.token);
    expect(await codeOf(identity.endSession(second.session, bo.who))).toBe('not_found');
    expect(await codeOf(identity.endSessions(ana.principal.id, bo.who))).toBe('not_found');
    expect(await codeOf(identity.sessions(ana.principal.id, bo.who))).toBe('not_found');
    expect(await codeOf(identity.endSession(asId('session', 'ses_none'), root.who))).toBe('not_found');
    expect(JSON.stringify(await identity.sessions(ana.principal.id, root.who))).not.toContain(secretHash(second.token));
    await identity.endSession(second.session, who);
    await identity.endSession(second.session, who);
    expect(await isGood(second.token)).toBe(false);
    expect(await identity.endSessions(bo.principal.id, root.who)).toBe(1);
    expect(await isGood(bo.secret)).toBe(false);
    expect(house.audit.of('identity.sessions_ended').map(({ data }) => data.access_tokens)).toEqual([false, true]);
  });

  test('B1 B4: ending all sessions also ends what agents hold for that person, and an agent cannot do it', async () => {
    const agent = await house.agent(root.who, { name: 'helper', owner: root.principal.id });
    const answer = await house.exchange(ana.secret, agent.secret);
    if (!answer.ok) throw new Error(answer.body.error);
    const acting = await house.identity.authenticate(answer.body.access_token);
    expect(await codeOf(house.identity.endSessions(ana.principal.id, acting))).toBe('not_found');
    const own = await house.identity.createToken(
      { account: ana.principal.id, label: 'x', roles: ['requester'], ttl_minutes: 5 },
      ana.who,
    );
    expect(await codeOf(house.identity.revokeToken(own.id, acting))).toBe('not_found');
    expect(await codeOf(house.identity.rotateToken(own.id, 0, acting))).toBe('refused');
    expect(await codeOf(house.identity.rotateSession(acting))).toBe('bad_request');
    await house.identity.endSessions(ana.principal.id, ana.who);
    expect(await isGood(answer.body.access_token)).toBe(false);
  });
});

test('B1 F5: a person from an identity provider registers a signing key once, and an agent cannot do it for them', async () => {
  const { identity } = house;
  const agent = await house.agent(root.who, { name: 'helper', owner: root.principal.id });
  const answer = await house.exchange(ana.secret, agent.secret);
  if (!answer.ok) throw new Error(answer.body.error);
  const acting = await identity.authenticate(answer.body.access_token);
  const [key, other] = [await makeSigningKey('correct horse battery'), await makeSigningKey('correct horse battery')];
  expect(await codeOf(identity.registerSigningKey(key, acting))).toBe('refused');
  expect(await codeOf(identity.registerSigningKey({ ...key, public_key: 'x' }, ana.who))).toBe('bad_request');
  await identity.registerSigningKey(key, ana.who);
  expect(await identity.publicKeyOf(ana.principal.id)).toBe(key.public_key);
  expect(await codeOf(identity.registerSigningKey(other, ana.who))).toBe('conflict');
  expect(await codeOf(identity.registerSigningKey(key, bo.who))).toBe('conflict');
  expect(house.audit.of('identity.signing_key_registered').map(({ data }) => data)).toEqual([
    { account: ana.principal.id, public_key: key.public_key },
  ]);
});

describe('B2: tokens of services', () => {
  const service = async () => {
    const { identity, store, uow } = house;
    const account = await identity.createAccount(
      { name: 'robot', kind: 'service', roles: ['requester', 'operator'] },
      { id: 'system', kind: 'system', name: 'portreeve', act: [] },
    );
    const made = await identity.createToken(
      {
        account: account.id,
        label: 'nightly',
        roles: ['requester', 'operator'],
        tools: ['read_directory'],
        ttl_minutes: 24 * 60,
      },
      root.who,
    );
    return { identity, store, uow, account, made };
  };

  test('B2: rotation with overlap: both work for a while, then the new one alone', async () => {
    const { identity, account, made } = await service();
    house.clock.advance(3_600_000);
    const next = await identity.rotateToken(made.id, 30, root.who);
    expect(next.expires_at).toBe('2026-11-03T10:00:00.000Z');
    expect((await identity.authenticate(next.token)).tools).toEqual(['read_directory']);
    expect(await isGood(made.token)).toBe(true);
    house.clock.advance(30 * 60_000);
    expect([await isGood(made.token), await isGood(next.token)]).toEqual([false, true]);
    const [old, fresh] = await identity.tokens(account.id);
    expect(old).toMatchObject({ replaced_by: next.id, expires_at: '2026-11-02T10:30:00.000Z' });
    expect(fresh).toMatchObject({
      id: next.id,
      label: 'nightly',
      tools: ['read_directory'],
      environment: 'development',
    });
    expect(house.audit.of('identity.token_rotated')[0]?.data).toMatchObject({ token: next.id, replaces: made.id });
    expect(JSON.stringify(house.audit.drafts)).not.toContain(next.token);
  });

  test('B2: without overlap the old one ends at once, and overlap does not lengthen its life', async () => {
    const { identity, made } = await service();
    const next = await identity.rotateToken(made.id, 0, root.who);
    expect(await isGood(made.token)).toBe(false);
    house.clock.set('2026-11-03T08:59:00.000Z');
    await identity.rotateToken(next.id, 60, root.who);
    house.clock.set('2026-11-03T09:00:00.000Z');
    expect(await isGood(next.token)).toBe(false);
  });

  test('B2: a token is rotated once, while it is good, and only by who might have made it', async () => {
    const { identity, made, account, store, uow } = await service();
    const rotate = (who = root.who, id = made.id, overlap = 5) => codeOf(identity.rotateToken(id, overlap, who));
    expect(await rotate(ana.who)).toBe('not_found');
    expect(await rotate(root.who, asId('token', 'tok_none'))).toBe('not_found');
    expect(await rotate(await identity.authenticate(made.token))).toBe('refused');
    for (const overlap of [-1, 0.5, 10_081, Number.NaN])
      expect(await rotate(root.who, made.id, overlap)).toBe('bad_request');
    // What the account has lost is not carried on.
    await uow.transaction((tx) => store.setRights(tx, account.id, { roles: ['requester'], groups: [] }));
    const next = await identity.rotateToken(made.id, 5, root.who);
    expect((await identity.tokens(account.id)).find(({ id }) => id === next.id)?.roles).toEqual(['requester']);
    expect(await rotate()).toBe('conflict');
    await identity.revokeToken(next.id, root.who);
    expect(await rotate(root.who, next.id)).toBe('conflict');
    const own = await identity.createToken(
      { account: ana.principal.id, label: 'x', roles: ['requester'], ttl_minutes: 1 },
      ana.who,
    );
    expect(await rotate(root.who, own.id)).toBe('not_found');
    house.clock.advance(60_000);
    expect(await rotate(ana.who, own.id)).toBe('conflict');
  });

  test('B2: tokens that nobody uses are listed', async () => {
    const { identity, made } = await service();
    const since = () => new Date(house.clock.now().getTime() - 3_600_000);
    const unused = async () => (await identity.unusedTokens(since())).map(({ id }) => id);
    expect(await unused()).toEqual([]);
    house.clock.advance(2 * 3_600_000);
    expect(await unused()).toEqual([made.id]);
    await identity.authenticate(made.token);
    expect(await unused()).toEqual([]);
    expect(JSON.stringify(await identity.unusedTokens(house.clock.now()))).not.toContain(secretHash(made.token));
  });
});
