import { asId, finalStates, SYSTEM_ACTOR } from '@portreeve/contract';
import { beforeEach, describe, expect, test } from 'vitest';
import { createIdentity } from '../identity.ts';
import { codeOf, identityHouse } from '../testing/house.ts';
import type { NewAgent } from './agents.ts';
import { AGENT_EVENTS, AGENT_STATES, AGENT_TABLE, type AgentEvent, type AgentState } from './states.ts';

let house: ReturnType<typeof identityHouse>;
let root: Awaited<ReturnType<typeof house.person>>;
let input: NewAgent;

beforeEach(async () => {
  house = identityHouse();
  root = await house.person('root-admin', ['admin']);
  input = {
    name: 'access-agent',
    owner: root.principal.id,
    purpose: 'prepares access changes for managers',
    roles: ['requester'],
    groups: ['managers'],
    tools: ['prepare_access_change'],
    data: { confidentiality: 'confidential', categories: ['customer'] },
    review_by: '2026-12-01T00:00:00.000Z',
  };
});

const change = (id: string, event: string, more: object = {}) =>
  house.identity.changeAgent(asId('principal', id), { event, reason: 'because', ...more } as never, SYSTEM_ACTOR);

describe('B5: the life of an agent', () => {
  test('B5: the table is pinned', () => {
    // If you are here because this failed: SPEC.md has the same table.
    const moves = AGENT_STATES.flatMap((state) =>
      AGENT_EVENTS.flatMap((event) => AGENT_TABLE[state][event] && [`${state} ${event} ${AGENT_TABLE[state][event]}`]),
    ).filter(Boolean);
    expect(moves).toEqual([
      'proposed activate active',
      'proposed retire retired',
      'active review active',
      'active suspend suspended',
      'active lapse suspended',
      'active retire retired',
      'suspended reinstate active',
      'suspended retire retired',
    ]);
    expect(finalStates(AGENT_TABLE)).toEqual(['retired']);
  });

  const WAYS: Record<AgentState, AgentEvent[]> = {
    proposed: [],
    active: ['activate'],
    suspended: ['activate', 'suspend'],
    retired: ['retire'],
  };
  test.each(
    AGENT_STATES.flatMap((state) =>
      AGENT_EVENTS.filter((event) => event !== 'lapse').map((event) => [state, event] as const),
    ),
  )('B5: %s, %s', async (state, event) => {
    const { id } = await house.identity.registerAgent(input, SYSTEM_ACTOR);
    for (const step of WAYS[state]) await change(id, step);
    expect((await house.identity.agent(id))?.state).toBe(state);
    const records = house.audit.drafts.length;
    const next = AGENT_TABLE[state][event];
    const work = change(id, event, { review_by: '2027-01-01T00:00:00.000Z' });
    if (next === null) {
      expect(await codeOf(work)).toBe('conflict');
      expect(house.audit.drafts).toHaveLength(records);
    } else {
      expect((await work).state).toBe(next);
      expect(house.audit.of('identity.agent_changed').at(-1)?.data).toMatchObject({ from: state, to: next, event });
    }
    expect((await house.identity.agent(id))?.state).toBe(next ?? state);
  });

  test('B5: an agent is registered with owner, purpose, tools, data, environment and review date', async () => {
    const agent = await house.identity.registerAgent(input, SYSTEM_ACTOR);
    expect(agent).toMatchObject({ ...input, environment: 'development', state: 'proposed' });
    expect(await house.identity.agent(agent.id)).toEqual(agent);
    expect(await house.identity.agents()).toEqual([agent]);
    expect(await house.identity.agent(root.principal.id)).toBeNull();
    expect(house.audit.types()).toEqual(['identity.account_created', 'identity.agent_registered']);
    expect(await codeOf(house.identity.registerAgent(input, SYSTEM_ACTOR))).toBe('conflict');
    expect(await house.identity.agents()).toHaveLength(1);
  });

  test.each<[string, Partial<NewAgent> | { roles: string[] }]>([
    ['an owner that nobody knows', { owner: 'prn_nobody' }],
    ['no owner', { owner: undefined as never }],
    ['no purpose', { purpose: '' }],
    ['a purpose with a control character', { purpose: 'x\u001b[2J' }],
    ['the role of an approver', { roles: ['approver'] }],
    ['the role of an admin', { roles: ['admin'] }],
    ['no role', { roles: [] }],
    ['a wildcard for a tool', { tools: ['*'] }],
    ['no clearance', { data: undefined as never }],
    ['a review in the past', { review_by: '2026-11-02T09:00:00.000Z' }],
    ['a review in years', { review_by: '2028-01-01T00:00:00.000Z' }],
    ['a review that is no date', { review_by: 'never' }],
    ['a reserved name', { name: 'system' }],
  ])('B5: %s is refused', async (_what, fields) => {
    expect(await codeOf(house.identity.registerAgent({ ...input, ...fields } as NewAgent, SYSTEM_ACTOR))).toBe(
      'bad_request',
    );
    expect(house.audit.drafts).toEqual([]);
  });

  test('B5: only an active agent is anybody', async () => {
    const { identity } = house;
    const { id } = await identity.registerAgent(input, SYSTEM_ACTOR);
    const { token } = await identity.createToken(
      { account: id, label: 'x', roles: ['requester'], ttl_minutes: 60 },
      root.who,
    );
    expect(await codeOf(identity.authenticate(token))).toBe('not_signed_in');
    await change(id, 'activate');
    expect(await identity.authenticate(token)).toMatchObject({
      principal: { id, kind: 'agent', roles: ['requester'], act: [] },
      tools: ['prepare_access_change'],
    });
    await change(id, 'suspend');
    expect(await codeOf(identity.authenticate(token))).toBe('not_signed_in');
    await change(id, 'reinstate');
    await identity.authenticate(token);
  });

  test('B5: an overdue review suspends, and counts even before the schedule comes', async () => {
    const { identity, clock } = house;
    const agent = await house.agent(root.who, { ...input, name: 'first' });
    const other = await house.agent(root.who, { ...input, name: 'second' });
    await change(other.id, 'review', { review_by: '2026-12-02T00:00:00.000Z' });
    expect(await identity.reviewDue()).toEqual([]);
    const later = await identity.createToken(
      { account: agent.id, label: 'x', roles: ['requester'], ttl_minutes: 60 * 24 * 300 },
      root.who,
    );
    clock.set('2026-12-01T00:00:00.000Z');
    expect(await codeOf(identity.authenticate(later.token))).toBe('not_signed_in');
    expect(await identity.reviewDue()).toEqual([agent.id]);
    expect(await identity.reviewDue()).toEqual([]);
    expect((await identity.agent(agent.id))?.state).toBe('suspended');
    expect((await identity.agent(other.id))?.state).toBe('active');
    expect(house.audit.of('identity.agent_changed').at(-1)).toMatchObject({
      actor: SYSTEM_ACTOR,
      data: { event: 'lapse', to: 'suspended' },
    });
    expect(await codeOf(change(agent.id, 'reinstate'))).toBe('bad_request');
    await change(agent.id, 'reinstate', { review_by: '2027-01-01T00:00:00.000Z' });
    await identity.authenticate(later.token);
  });

  test('B5: an access token from before a suspension stays refused after it', async () => {
    const ana = await house.person('ana');
    const agent = await house.agent(root.who, input);
    const answer = await house.exchange(ana.secret, agent.secret);
    if (!answer.ok) throw new Error(answer.body.error);
    await change(agent.id, 'suspend');
    await change(agent.id, 'reinstate');
    expect(await codeOf(house.identity.authenticate(answer.body.access_token))).toBe('not_signed_in');
  });

  test('B5: retiring revokes all that it holds, in one transaction with what else must go', async () => {
    const retired: string[] = [];
    let fail = true;
    const { store, uow, audit, clock, accessTokens } = house;
    const identity = createIdentity({
      store,
      uow,
      audit,
      clock,
      accessTokens,
      agentHooks: {
        async changed(tx, { agent, from, to }) {
          expect(tx).toBeDefined();
          if (fail) throw new Error('the grants cannot be revoked');
          retired.push(`${agent} ${from} ${to}`);
        },
        async committed({ agent }) {
          retired.push(`${agent} committed`);
        },
      },
    });
    const ana = await house.person('ana');
    const agent = await house.agent(root.who, input);
    const answer = await house.exchange(ana.secret, agent.secret);
    if (!answer.ok) throw new Error(answer.body.error);
    const retire = () => identity.changeAgent(agent.id, { event: 'retire', reason: 'no longer used' }, SYSTEM_ACTOR);
    await expect(retire()).rejects.toThrow('cannot be revoked');
    await identity.authenticate(agent.secret);
    await identity.authenticate(answer.body.access_token);
    fail = false;
    expect((await retire()).state).toBe('retired');
    expect(retired).toEqual([`${agent.id} active retired`, `${agent.id} committed`]);
    for (const secret of [agent.secret, answer.body.access_token])
      expect(await codeOf(identity.authenticate(secret))).toBe('not_signed_in');
    expect((await identity.tokens(agent.id)).every(({ revoked_at }) => revoked_at !== null)).toBe(true);
    expect(audit.of('identity.agent_changed').at(-1)?.data.tokens_revoked).toEqual([agent.token]);
  });

  test('B5: a change needs a reason, and an agent', async () => {
    const { id } = await house.identity.registerAgent(input, SYSTEM_ACTOR);
    expect(await codeOf(change(id, 'activate', { reason: '' }))).toBe('bad_request');
    expect(await codeOf(change(id, 'lapse'))).toBe('bad_request');
    expect(await codeOf(change('prn_none', 'activate'))).toBe('not_found');
    await change(id, 'activate');
    expect(await codeOf(change(id, 'review'))).toBe('bad_request');
  });
});
