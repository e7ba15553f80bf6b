import { asId, fixedClock, isPortreeveError, newId, type RecordActor, SYSTEM_ACTOR } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { createIdentity, type Identity, makeSigningKey, type NewAccount } from './index.ts';
import { secretHash } from './secret.ts';
import { memoryIdentityStore } from './testing/index.ts';

const PASSWORD = 'correct horse battery';
const ana: NewAccount = {
  name: 'ana',
  kind: 'person',
  password: PASSWORD,
  roles: ['requester', 'approver'],
  groups: ['security'],
};

let clock: ReturnType<typeof fixedClock>;
let store: ReturnType<typeof memoryIdentityStore>;
let audit: ReturnType<typeof memoryAuditWriter>;
let identity: Identity;

beforeEach(() => {
  clock = fixedClock('2026-11-02T09:00:00.000Z');
  store = memoryIdentityStore();
  audit = memoryAuditWriter();
  identity = createIdentity({ store, uow: memoryUnitOfWork(store, audit), audit, clock, session_ttl_minutes: 60 });
});

async function failure(work: Promise<unknown>): Promise<{ code: string; detail: string; extra: object }> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return { code: error.code, detail: error.detail, extra: error.extra };
}

const signIn = (name = 'ana', password = PASSWORD) => identity.signIn({ name, password });
const authenticated = async (name = 'ana', password = PASSWORD) =>
  identity.authenticate((await signIn(name, password)).token);

describe('accounts', () => {
  test('B1: an account is made and recorded, without its password', async () => {
    const signing_key = await makeSigningKey(PASSWORD);
    const principal = await identity.createAccount({ ...ana, signing_key }, SYSTEM_ACTOR);
    expect(principal).toMatchObject({ name: 'ana', kind: 'person', roles: ['requester', 'approver'], act: [] });
    expect(await identity.account(principal.id)).toEqual(principal);
    expect(await identity.accounts()).toEqual([principal]);
    expect(await identity.publicKeyOf(principal.id)).toBe(signing_key.public_key);
    expect(await identity.signingKeyOf(principal.id)).toEqual(signing_key);
    expect(audit.of('identity.account_created')[0]?.data).toMatchObject({
      account: principal.id,
      signing_key: signing_key.public_key,
    });
    expect(JSON.stringify(audit.drafts)).not.toContain(PASSWORD);
    expect(JSON.stringify(audit.drafts)).not.toContain(signing_key.wrapped.ciphertext);
    expect((await store.accountById(principal.id))?.password_hash).not.toContain(PASSWORD);
  });

  test('a name or a signing key that is in use is a conflict, and nothing is recorded', async () => {
    const signing_key = await makeSigningKey(PASSWORD);
    await identity.createAccount({ ...ana, signing_key }, SYSTEM_ACTOR);
    expect((await failure(identity.createAccount(ana, SYSTEM_ACTOR))).code).toBe('conflict');
    expect((await failure(identity.createAccount({ ...ana, name: 'bo', signing_key }, SYSTEM_ACTOR))).code).toBe(
      'conflict',
    );
    expect(audit.types()).toEqual(['identity.account_created']);
  });

  test.each<[string, Partial<NewAccount>]>([
    ['upper case', { name: 'Ana' }],
    ['a path', { name: '../ana' }],
    ['a line break', { name: 'ana\n' }],
    ['a look-alike letter', { name: '\u0430na' }],
    ['a reserved name', { name: 'system' }],
    ['a short password', { password: 'short' }],
    ['a password that holds the name', { name: 'analyst', password: 'Analyst-2026-xyz' }],
    ['no role', { roles: [] }],
    ['an unknown role', { roles: ['root'] as never }],
    ['a group with markup', { groups: ['<b>'] }],
    ['a service that signs', { kind: 'service', signing_key: { public_key: 'x' } as never }],
  ])('a bad account is refused: %s', async (_why, fields) => {
    expect((await failure(identity.createAccount({ ...ana, ...fields }, SYSTEM_ACTOR))).code).toBe('bad_request');
    expect(audit.drafts).toEqual([]);
  });

  test('G1: where the record cannot be written, no account is made', async () => {
    audit.failWith(new Error('the log is away'));
    await expect(identity.createAccount(ana, SYSTEM_ACTOR)).rejects.toThrow('the log is away');
    audit.failWith(null);
    expect(await identity.accounts()).toEqual([]);
  });
});

describe('sessions', () => {
  beforeEach(async () => {
    await identity.createAccount(ana, SYSTEM_ACTOR);
  });

  test('B1: a session opens, stands for its person, and is stored only as a hash', async () => {
    const signedIn = await signIn();
    expect(signedIn.token).toMatch(/^prs_[A-Za-z0-9_-]{43}$/);
    expect(signedIn.expires_at).toBe('2026-11-02T10:00:00.000Z');
    const who = await identity.authenticate(signedIn.token);
    expect(who).toEqual({
      principal: signedIn.principal,
      via: { kind: 'session', id: signedIn.session, proven_at: expect.any(String) },
      tools: null,
      expires_at: signedIn.expires_at,
    });
    expect((await store.sessionByHash(secretHash(signedIn.token)))?.id).toBe(signedIn.session);
    expect(JSON.stringify(audit.drafts)).not.toContain(signedIn.token);
    expect(audit.of('identity.signed_in')[0]?.actor).toMatchObject({ id: signedIn.principal.id, kind: 'person' });
  });

  test('a session ends at its time, and when it is signed out', async () => {
    const [first, second] = [await signIn(), await signIn()];
    clock.set('2026-11-02T09:59:59.999Z');
    const who = await identity.authenticate(first.token);
    await identity.signOut(who);
    await identity.signOut(who);
    expect((await failure(identity.authenticate(first.token))).code).toBe('not_signed_in');
    expect(audit.of('identity.signed_out')).toHaveLength(1);
    await identity.authenticate(second.token);
    clock.set('2026-11-02T10:00:00.000Z');
    expect((await failure(identity.authenticate(second.token))).code).toBe('not_signed_in');
  });

  test.each(['', 'prs_', `prs_${'A'.repeat(43)}`, `prt_${'A'.repeat(43)}`, `xxx_${'A'.repeat(43)}`, 'A'.repeat(1e6)])(
    'a bearer that nobody was given is refused (%#)',
    async (bearer) => {
      expect((await failure(identity.authenticate(bearer))).code).toBe('not_signed_in');
    },
  );

  test('B1: an unknown name, a wrong password and an account without one get one answer and one kind of record', async () => {
    await identity.createAccount({ name: 'robot', kind: 'service', roles: ['requester'] }, SYSTEM_ACTOR);
    const answers = [
      await failure(signIn('nobody')),
      await failure(signIn('ana', 'a wrong password')),
      await failure(signIn('robot')),
      await failure(signIn('My Passw0rd, typed here')),
    ];
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.code).toBe('sign_in_failed');
    expect(audit.of('identity.sign_in_failed').map(({ data }) => data)).toEqual(
      ['nobody', 'ana', 'robot', '(not a name)'].map((name) => ({ name, reason: 'unknown_or_wrong' })),
    );
  });

  test.each(['ana', 'nobody'])('B1: after five failures %s waits, whether or not it exists', async (name) => {
    for (let i = 0; i < 5; i++)
      expect((await failure(signIn(name, `wrong password ${i}`))).code).toBe('sign_in_failed');
    const waiting = await failure(signIn(name));
    expect(waiting).toMatchObject({ code: 'too_many_attempts', extra: { retry_after_s: 30 } });
    expect(audit.of('identity.sign_in_failed').at(-1)?.data).toEqual({ name, reason: 'locked' });
    clock.advance(30_000);
    if (name !== 'ana') return;
    await signIn();
    for (let i = 0; i < 4; i++) await failure(signIn(name, `wrong password ${i}`));
    await signIn();
  });

  test('B1: guesses that arrive together are counted before any is checked', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => failure(signIn('ana', `wrong password ${i}`))),
    );
    expect(answers.filter(({ code }) => code === 'sign_in_failed')).toHaveLength(5);
    expect(answers.filter(({ code }) => code === 'too_many_attempts')).toHaveLength(3);
  });

  test('attempts on names are forgotten after a day', async () => {
    await failure(signIn('nobody'));
    expect(await identity.forgetOldAttempts()).toBe(0);
    clock.advance(24 * 60 * 60_000 + 1);
    expect(await identity.forgetOldAttempts()).toBe(1);
  });

  test('credentials out of bounds are a bad request', async () => {
    expect((await failure(signIn('a'.repeat(201)))).code).toBe('bad_request');
    expect((await failure(signIn('ana', 'x'.repeat(1025)))).code).toBe('bad_request');
    expect((await failure(identity.signIn({ name: 'ana' } as never))).code).toBe('bad_request');
  });

  test('G1: where the record cannot be written, no session opens', async () => {
    audit.failWith(new Error('the log is away'));
    await expect(signIn()).rejects.toThrow('the log is away');
  });
});

describe('API tokens', () => {
  const admin: NewAccount = { name: 'root-admin', kind: 'person', password: PASSWORD, roles: ['admin'] };
  const robot: NewAccount = { name: 'robot', kind: 'service', roles: ['requester'] };
  const by: RecordActor = SYSTEM_ACTOR;

  test('B2: a token is shown once, stored hashed, narrower than its account, and expires', async () => {
    const account = await identity.createAccount(ana, by);
    const who = await authenticated();
    const made = await identity.createToken(
      { account: account.id, label: 'laptop', roles: ['requester'], ttl_minutes: 30 },
      who,
    );
    expect(made.token).toMatch(/^prt_[A-Za-z0-9_-]{43}$/);
    const used = await identity.authenticate(made.token);
    expect(used).toEqual({
      principal: { ...account, roles: ['requester'] },
      via: { kind: 'token', id: made.id },
      tools: null,
      expires_at: made.expires_at,
    });
    expect(JSON.stringify([audit.drafts, await identity.tokens(account.id)])).not.toContain(made.token);
    expect(JSON.stringify(await identity.tokens(account.id))).not.toContain(secretHash(made.token));
    expect(audit.of('identity.token_created')[0]?.data).toMatchObject({ token: made.id, roles: ['requester'] });
    clock.advance(30 * 60_000);
    expect((await failure(identity.authenticate(made.token))).code).toBe('not_signed_in');
  });

  test('B2: a token is revoked by its owner or an admin, and by nobody else', async () => {
    const account = await identity.createAccount(ana, by);
    await identity.createAccount(admin, by);
    await identity.createAccount({ ...ana, name: 'bo' }, by);
    const owner = await authenticated();
    const make = () =>
      identity.createToken({ account: account.id, label: 'ci', roles: ['requester'], ttl_minutes: 30 }, owner);
    const [first, second] = [await make(), await make()];
    expect((await failure(identity.revokeToken(first.id, await authenticated('bo')))).code).toBe('not_found');
    expect((await failure(identity.revokeToken(newId('token', clock), owner))).code).toBe('not_found');
    await identity.revokeToken(first.id, owner);
    await identity.revokeToken(first.id, owner);
    await identity.revokeToken(second.id, await authenticated('root-admin'));
    for (const { token } of [first, second])
      expect((await failure(identity.authenticate(token))).code).toBe('not_signed_in');
    expect(audit.of('identity.token_revoked')).toHaveLength(2);
  });

  test('B2: nobody gains a right by making a token', async () => {
    const account = await identity.createAccount(ana, by);
    const service = await identity.createAccount(robot, by);
    await identity.createAccount(admin, by);
    const owner = await authenticated();
    const root = await authenticated('root-admin');
    const make = (of: string, roles: NewAccount['roles'], who = owner) =>
      identity.createToken({ account: asId('principal', of), label: 'x', roles, ttl_minutes: 30 }, who);
    expect((await failure(make(account.id, ['admin']))).code).toBe('refused');
    expect((await failure(make(service.id, ['requester']))).code).toBe('refused');
    expect((await failure(make(account.id, ['requester'], root))).code).toBe('refused');
    expect((await failure(make(service.id, ['admin'], root))).code).toBe('refused');
    expect((await failure(make(newId('principal', clock), ['requester'], root))).code).toBe('refused');
    const token = await make(account.id, ['requester']);
    const viaToken = await identity.authenticate(token.token);
    expect((await failure(make(account.id, ['requester'], viaToken))).code).toBe('refused');
    expect((await failure(identity.signOut(viaToken))).code).toBe('bad_request');
    const forService = await make(service.id, ['requester'], root);
    expect((await identity.authenticate(forService.token)).principal).toEqual(service);
  });

  test('B2: the last use of a token is kept, coarsely', async () => {
    const account = await identity.createAccount(ana, by);
    const made = await identity.createToken(
      { account: account.id, label: 'laptop', roles: ['requester'], ttl_minutes: 60 },
      await authenticated(),
    );
    const lastUse = async () => (await identity.tokens(account.id))[0]?.last_used_at;
    expect(await lastUse()).toBeNull();
    await identity.authenticate(made.token);
    clock.advance(599_999);
    await identity.authenticate(made.token);
    expect(await lastUse()).toBe('2026-11-02T09:00:00.000Z');
    clock.advance(1);
    await identity.authenticate(made.token);
    expect(await lastUse()).toBe('2026-11-02T09:10:00.000Z');
  });

  test.each([
    { ttl_minutes: 0 },
    { ttl_minutes: 366 * 24 * 60 },
    { ttl_minutes: 1.5 },
    { label: '' },
    { label: 'line\nbreak' },
    { roles: [] },
  ])('a bad token request is refused: %j', async (fields) => {
    const account = await identity.createAccount(ana, by);
    const input = { account: account.id, label: 'x', roles: ['requester'] as const, ttl_minutes: 5 };
    expect((await failure(identity.createToken({ ...input, ...fields } as never, await authenticated()))).code).toBe(
      'bad_request',
    );
  });
});
