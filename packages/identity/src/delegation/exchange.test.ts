import { asId, type Role, SYSTEM_ACTOR } from '@portreeve/contract';
import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { formatScope, intersect, type Rights } from '../rights.ts';
import { AUDIENCE, codeOf, ISSUER, identityHouse } from '../testing/house.ts';
import type { ExchangeAnswer } from './exchange.ts';

async function scene() {
  const house = identityHouse();
  const root = await house.person('root-admin', ['admin']);
  const manager = await house.person('mira', ['requester', 'approver'], ['managers', 'hr']);
  const agent = await house.agent(root.who, {
    name: 'access-agent',
    owner: root.principal.id,
    roles: ['requester', 'operator'],
    groups: ['managers'],
    tools: ['prepare_access_change', 'read_directory'],
  });
  /** Another agent, of other tools. */
  const agent2 = (name: string) =>
    house.agent(root.who, { name, owner: root.principal.id, groups: ['hr'], tools: ['read_directory'] });
  return { ...house, root, manager, agent, agent2 };
}

function granted(answer: ExchangeAnswer) {
  if (!answer.ok) throw new Error(`refused: ${answer.body.error}: ${answer.body.error_description}`);
  return answer.body;
}

describe('B4: token exchange', () => {
  test('B4: a user and an agent give a short access token that carries both, in the form of RFC 9068', async () => {
    const { exchange, manager, agent, identity, audit } = await scene();
    const body = granted(
      await exchange(manager.secret, agent.secret, { scope: 'role:requester tool:prepare_access_change' }),
    );
    expect(body).toMatchObject({
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'role:requester tool:prepare_access_change',
    });
    expect(decodeProtectedHeader(body.access_token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: 'first' });
    const claims = decodeJwt(body.access_token);
    const iat = Date.parse('2026-11-02T09:00:00Z') / 1000;
    expect(claims).toEqual({
      iss: ISSUER,
      aud: AUDIENCE,
      sub: manager.principal.id,
      client_id: agent.id,
      act: { sub: agent.id },
      scope: 'role:requester tool:prepare_access_change',
      environment: 'development',
      jti: claims.jti,
      iat,
      nbf: iat,
      exp: iat + 300,
    });
    const who = await identity.authenticate(body.access_token);
    expect(who).toEqual({
      principal: { ...manager.principal, roles: ['requester'], groups: [], act: [{ id: agent.id, kind: 'agent' }] },
      via: { kind: 'access_token', id: claims.jti },
      tools: ['prepare_access_change'],
      expires_at: '2026-11-02T09:05:00.000Z',
    });
    const [record] = audit.of('identity.token_exchanged');
    expect(record?.actor).toMatchObject({ id: manager.principal.id, act: [{ id: agent.id, kind: 'agent' }] });
    expect(record?.data).toMatchObject({ subject: manager.principal.id, agent: agent.id, token: claims.jti });
    expect(JSON.stringify(audit.drafts)).not.toContain(body.access_token);
  });

  test('B4: without a scope the token has what both have, and no more', async () => {
    const { exchange, manager, agent } = await scene();
    expect(granted(await exchange(manager.secret, agent.secret)).scope).toBe(
      'role:requester group:managers tool:prepare_access_change tool:read_directory',
    );
  });

  test.each([
    ['a role that the user lacks', 'role:operator'],
    ['a role that the agent lacks', 'role:approver'],
    ['a role that nobody registered an agent for', 'role:admin'],
    ['a tool that the agent lacks', 'tool:delete_directory'],
    ['an item of another form', 'everything'],
    ['a wildcard', 'tool:*'],
    ['an empty scope', ' '],
  ])('B4: %s is never gained', async (_what, scope) => {
    const { exchange, manager, agent, refusals } = await scene();
    expect(await exchange(manager.secret, agent.secret, { scope })).toMatchObject({ body: { error: 'invalid_scope' } });
    expect(refusals()).toEqual(['exchange scope']);
  });

  test('B4: the rights are those of this moment: what user or agent lose, the token loses', async () => {
    const { exchange, manager, agent, identity, store, uow } = await scene();
    const { access_token } = granted(await exchange(manager.secret, agent.secret));
    const roles = async () => (await identity.authenticate(access_token)).principal.roles;
    expect(await roles()).toEqual(['requester']);
    await uow.transaction((tx) => store.setRights(tx, manager.principal.id, { roles: ['approver'], groups: [] }));
    expect(await roles()).toEqual([]);
  });

  test('B4: it ends no later than either credential', async () => {
    const { exchange, manager, agent, identity, clock } = await scene();
    const short = await identity.createToken(
      { account: manager.principal.id, label: 'short', roles: ['requester'], ttl_minutes: 2 },
      manager.who,
    );
    expect(granted(await exchange(short.token, agent.secret)).expires_in).toBe(120);
    const body = granted(await exchange(manager.secret, agent.secret));
    clock.advance(299_000);
    await identity.authenticate(body.access_token);
    clock.advance(1000);
    expect(await codeOf(identity.authenticate(body.access_token))).toBe('not_signed_in');
  });

  test('B4: what is revoked while an exchange is under way reaches its token', async () => {
    const { exchange, manager, agent, identity, accessTokens, store, clock } = await scene();
    const { accountById } = store;
    store.accountById = async (id) => {
      store.accountById = accountById;
      clock.advance(2000);
      return accountById(id);
    };
    const { access_token } = granted(await exchange(manager.secret, agent.secret));
    expect(clock.now().toISOString()).toBe('2026-11-02T09:00:02.000Z');
    clock.advance(-1000);
    await accessTokens.revokeAccess({ kind: 'subject', value: manager.principal.id }, SYSTEM_ACTOR);
    expect(await codeOf(identity.authenticate(access_token))).toBe('not_signed_in');
  });

  test('B4: an API token limited to tools limits what is exchanged from it', async () => {
    const { exchange, manager, agent, identity } = await scene();
    const limited = await identity.createToken(
      { account: manager.principal.id, label: 'l', roles: ['requester'], tools: ['read_directory'], ttl_minutes: 9 },
      manager.who,
    );
    expect(granted(await exchange(limited.token, agent.secret)).scope).toBe(
      'role:requester group:managers tool:read_directory',
    );
  });

  test.each<[string, (s: Awaited<ReturnType<typeof scene>>) => Promise<ExchangeAnswer>, string]>([
    ['a person as the actor', (s) => s.exchange(s.manager.secret, s.root.secret), 'credential'],
    ['an agent as the subject', (s) => s.exchange(s.agent.secret, s.agent.secret), 'subject'],
    ['a subject that nobody knows', (s) => s.exchange(`prs_${'A'.repeat(43)}`, s.agent.secret), 'credential'],
    [
      'a token with which the agent acts for somebody, as the actor',
      async (s) =>
        s.exchange(s.manager.secret, granted(await s.exchange(s.manager.secret, s.agent.secret)).access_token),
      'credential',
    ],
  ])('B4: %s is refused, and the answer does not say why', async (_what, attempt, reason) => {
    const s = await scene();
    expect(await attempt(s)).toEqual({
      ok: false,
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'The subject or the actor token is not valid for this.',
      },
    });
    expect(s.refusals()).toEqual([`exchange ${reason}`]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no actor: impersonation', { actor_token: undefined }, 'invalid_request'],
    ['a parameter that comes twice', { subject_token: ['a', 'b'] }, 'invalid_request'],
    ['an oversize token', { subject_token: 'a'.repeat(16 * 1024 + 1) }, 'invalid_request'],
    ['another kind of subject', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
    ['a refresh token', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'invalid_request'],
    ['another audience', { audience: 'https://elsewhere.example' }, 'invalid_target'],
    ['another resource', { resource: 'https://elsewhere.example' }, 'invalid_target'],
  ])('B4: %s is an error of RFC 6749', async (_what, more, error) => {
    const { exchange, manager, agent } = await scene();
    expect(await exchange(manager.secret, agent.secret, more)).toMatchObject({ ok: false, body: { error } });
  });

  test('B4: nested actors are information only: the present one decides, and the chain is bounded', async () => {
    const s = await scene();
    let token = granted(await s.exchange(s.manager.secret, s.agent.secret)).access_token;
    const chain = [s.agent.id];
    for (const name of ['second', 'third', 'fourth']) {
      const next = await s.agent2(name);
      token = granted(await s.exchange(token, next.secret)).access_token;
      chain.unshift(next.id);
    }
    const who = await s.identity.authenticate(token);
    expect(who.principal.act.map(({ id }) => id)).toEqual(chain);
    expect(who.principal.roles).toEqual(['requester']);
    expect(who.tools).toEqual(['read_directory']);
    const fifth = await s.agent2('fifth');
    expect((await s.exchange(token, fifth.secret)).ok).toBe(false);
    expect(s.refusals()).toEqual(['exchange chain_too_long']);
    // The first agent acts no more; it is not the one who acts with this token.
    await s.identity.changeAgent(s.agent.id, { event: 'suspend', reason: 'x' }, SYSTEM_ACTOR);
    await s.identity.authenticate(token);
    await s.identity.changeAgent(chain[0]!, { event: 'suspend', reason: 'x' }, SYSTEM_ACTOR);
    expect(await codeOf(s.identity.authenticate(token))).toBe('not_signed_in');
  });
});

describe('B4: delegations (may_act)', () => {
  test('B2 B4: a person lets one agent act without handing over a credential', async () => {
    const { delegation, exchange, manager, agent, identity, audit } = await scene();
    const leave = await delegation.delegate(
      { agent: agent.id, scope: 'role:requester tool:read_directory role:admin' },
      manager.who,
    );
    expect(leave.scope).toBe('role:requester tool:read_directory');
    expect(decodeJwt(leave.token)).toMatchObject({
      may_act: { sub: agent.id },
      aud: ISSUER,
      sub: manager.principal.id,
    });
    expect(await codeOf(identity.authenticate(leave.token))).toBe('not_signed_in');
    const body = granted(await exchange(leave.token, agent.secret));
    expect(body.scope).toBe('role:requester tool:read_directory');
    expect((await identity.authenticate(body.access_token)).principal.act).toEqual([{ id: agent.id, kind: 'agent' }]);
    expect(audit.of('identity.delegated')[0]?.data).toMatchObject({ agent: agent.id, scope: leave.scope });
    expect(JSON.stringify(audit.drafts)).not.toContain(leave.token);
  });

  test('B4: it is good for one exchange, also of two at the same moment', async () => {
    const { delegation, exchange, manager, agent, refusals } = await scene();
    const { token } = await delegation.delegate({ agent: agent.id, scope: 'role:requester' }, manager.who);
    const answers = await Promise.all([exchange(token, agent.secret), exchange(token, agent.secret)]);
    expect(answers.map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(refusals()).toEqual(['exchange replayed']);
  });

  test('B4: it is good for no other agent, not after its time, and not after its person signed out everywhere', async () => {
    const s = await scene();
    const other = await s.agent2('other');
    const make = async (ttl_s = 300) =>
      (await s.delegation.delegate({ agent: s.agent.id, scope: 'role:requester', ttl_s }, s.manager.who)).token;
    expect((await s.exchange(await make(), other.secret)).ok).toBe(false);
    const late = await make(60);
    s.clock.advance(60_000);
    expect((await s.exchange(late, s.agent.secret)).ok).toBe(false);
    const ended = await make();
    await s.identity.endSessions(s.manager.principal.id, s.manager.who);
    expect((await s.exchange(ended, s.agent.secret)).ok).toBe(false);
    expect(s.refusals()).toEqual(['exchange may_act', 'exchange expired', 'exchange revoked']);
  });

  test('B4: only a signed-in person delegates, to an active agent, what both have', async () => {
    const { delegation, manager, agent, root, exchange, identity } = await scene();
    const give = (scope: string, who = manager.who, to = agent.id) =>
      codeOf(delegation.delegate({ agent: to, scope }, who));
    expect(await give('role:approver')).toBe('refused');
    expect(await give('anything')).toBe('bad_request');
    expect(await give('role:requester', manager.who, root.principal.id)).toBe('not_found');
    expect(await give('role:requester', manager.who, asId('principal', 'prn_nobody'))).toBe('not_found');
    const acting = await identity.authenticate(granted(await exchange(manager.secret, agent.secret)).access_token);
    expect(await give('role:requester', acting)).toBe('refused');
    expect(await give('role:requester', await identity.authenticate(agent.secret))).toBe('refused');
    expect(
      await codeOf(delegation.delegate({ agent: agent.id, scope: 'role:requester', ttl_s: 901 }, manager.who)),
    ).toBe('bad_request');
    await identity.changeAgent(agent.id, { event: 'suspend', reason: 'x' }, SYSTEM_ACTOR);
    expect(await give('role:requester')).toBe('not_found');
  });
});

describe('rights', () => {
  const names = (all: string[]) => fc.subarray(all);
  const rights: fc.Arbitrary<Rights> = fc.record({
    roles: names(['requester', 'approver', 'operator', 'auditor', 'admin']) as fc.Arbitrary<Role[]>,
    groups: names(['a', 'b', 'c']),
    tools: fc.option(names(['x_one', 'y_two', 'z_three'])),
  });
  const within = (left: Rights, right: Rights) =>
    left.roles.every((role) => right.roles.includes(role)) &&
    left.groups.every((group) => right.groups.includes(group)) &&
    (right.tools === null || (left.tools ?? ['*']).every((tool) => right.tools!.includes(tool)));

  test('B4: an intersection is within each of its parts, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(rights, { minLength: 1, maxLength: 4 }), ([first, ...others]) => {
        const both = intersect(first!, ...others);
        for (const part of [first!, ...others]) expect(within(both, part)).toBe(true);
        expect(formatScope(both)).not.toContain('undefined');
      }),
      { numRuns: 2000 },
    );
  });
});
