import {
  type Clock,
  digestOf,
  fixedClock,
  type GrantId,
  newId,
  type ProposalId,
  SYSTEM_ACTOR,
  type UnitOfWork,
} from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExecuteStore, StoredExecution, StoredGrant } from '../ports.ts';
import { TEST_NOW } from './fixture.ts';

/** What every {@link ExecuteStore} must do. */
export function executeStoreContract(
  name: string,
  make: () => Promise<{ store: ExecuteStore; uow: UnitOfWork; close?: () => Promise<void> }>,
): void {
  describe(`execute store: ${name}`, () => {
    const clock = fixedClock(TEST_NOW);
    let store: ExecuteStore;
    let uow: UnitOfWork;
    let close: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      ({ store, uow, close } = await make());
    });
    afterAll(() => close?.());

    const keep = async (change: Partial<StoredGrant> = {}): Promise<StoredGrant> => {
      const grant = aGrant(clock, change);
      await uow.transaction((tx) => store.insertGrant(tx, grant));
      return grant;
    };
    const begin = async (change: Partial<StoredExecution> = {}): Promise<StoredExecution> => {
      const grant = await keep({ state: 'spent' });
      const execution = anExecution(clock, grant.id, grant.proposal, change);
      await uow.transaction((tx) => store.insertExecution(tx, execution));
      return execution;
    };

    test('gives back a grant as it was kept, and null for one that is not there', async () => {
      const grant = await keep();
      await uow.transaction(async (tx) => {
        expect(await store.grant(tx, grant.id)).toEqual(grant);
        expect(await store.grant(tx, newId('grant', clock))).toBeNull();
      });
    });

    test('refuses a second grant of the same id', async () => {
      const grant = await keep();
      await expect(uow.transaction((tx) => store.insertGrant(tx, grant))).rejects.toThrow();
    });

    test('F6: moves a grant only from the state that was named', async () => {
      const grant = await keep();
      await uow.transaction(async (tx) => {
        expect(await store.moveGrant(tx, grant.id, 'spent', 'revoked')).toBeNull();
        expect(await store.moveGrant(tx, grant.id, 'issued', 'spent')).toEqual({ ...grant, state: 'spent' });
        expect(await store.moveGrant(tx, grant.id, 'issued', 'spent')).toBeNull();
      });
    });

    test('F9: of many that move one grant at once, one gets it', async () => {
      const grant = await keep();
      const moved = await Promise.all(
        Array.from({ length: 40 }, () => uow.transaction((tx) => store.moveGrant(tx, grant.id, 'issued', 'spent'))),
      );
      expect(moved.filter((result) => result !== null)).toHaveLength(1);
    });

    test('a failed transaction leaves the grant as it was', async () => {
      const grant = await keep();
      const failing = uow.transaction(async (tx) => {
        await store.moveGrant(tx, grant.id, 'issued', 'spent');
        throw new Error('the audit log is gone');
      });
      await expect(failing).rejects.toThrow('the audit log is gone');
      await uow.transaction(async (tx) => {
        expect((await store.grant(tx, grant.id))?.state).toBe('issued');
      });
    });

    test('closes exactly the grants whose time is over', async () => {
      const at = (ms: number) => new Date(Date.parse(TEST_NOW) + ms).toISOString();
      const over = await keep({ expires_at: at(-1) });
      const edge = await keep({ expires_at: at(0) });
      const open = await keep({ expires_at: at(1) });
      const spent = await keep({ expires_at: at(-1), state: 'spent' });
      const closed = await uow.transaction((tx) => store.moveGrantsOver(tx, clock.now(), 'issued', 'expired'));
      expect(closed).toEqual(expect.arrayContaining([over.id, edge.id]));
      expect(closed).not.toContain(open.id);
      expect(closed).not.toContain(spent.id);
    });

    test('F9: a grant has at most one execution', async () => {
      const execution = await begin();
      const second = { ...execution, id: newId('execution', clock) };
      await expect(uow.transaction((tx) => store.insertExecution(tx, second))).rejects.toThrow();
    });

    test('gives back an execution by its id, by its grant, and the newest of a proposal', async () => {
      const first = await begin();
      const grant = await keep({ proposal: first.proposal, state: 'spent' });
      const later = new Date(Date.parse(TEST_NOW) + 1000).toISOString();
      const second = anExecution(clock, grant.id, first.proposal, { started_at: later });
      await uow.transaction((tx) => store.insertExecution(tx, second));
      expect(await store.execution(first.id)).toEqual(first);
      expect(await store.execution(first.grant)).toEqual(first);
      expect(await store.execution(first.proposal)).toEqual(second);
      expect(await store.execution(newId('execution', clock))).toBeNull();
    });

    test('settles an execution once and keeps its outcome to the byte', async () => {
      const execution = await begin();
      const outcome = {
        state: 'succeeded' as const,
        status: 201,
        result: { text: 'é \u2028 "quoted"', list: [1, 0.5, null, true], nested: { b: 1, a: 2 } },
        duration_ms: 12,
      };
      const ended = new Date(Date.parse(TEST_NOW) + 50);
      const finish = () =>
        uow.transaction((tx) =>
          store.finishExecution(tx, execution.id, { from: 'started', to: 'succeeded' }, outcome, ended),
        );
      expect(await finish()).toBe(true);
      expect(await finish()).toBe(false);
      const settled = await store.execution(execution.id);
      expect(settled).toEqual({ ...execution, state: 'succeeded', outcome, ended_at: ended.toISOString() });
    });

    test('lists executions by state, oldest first, at most as many as asked', async () => {
      const at = (ms: number) => new Date(Date.parse('2020-01-01T00:00:00Z') + ms).toISOString();
      const second = await begin({ started_at: at(2) });
      const first = await begin({ started_at: at(1) });
      const listed = await store.executionsIn('started', 2);
      expect(listed.map((execution) => execution.id)).toEqual([first.id, second.id]);
    });
  });
}

function aGrant(clock: Clock, change: Partial<StoredGrant>): StoredGrant {
  return {
    id: newId('grant', clock),
    proposal: newId('proposal', clock),
    proposal_digest: digestOf('proposal'),
    args_digest: digestOf('args'),
    audience: 'case-system',
    state: 'issued',
    issued_at: TEST_NOW,
    expires_at: '2026-11-20T12:02:00.000Z',
    ...change,
  };
}

function anExecution(
  clock: Clock,
  grant: GrantId,
  proposal: ProposalId,
  change: Partial<StoredExecution>,
): StoredExecution {
  return {
    id: newId('execution', clock),
    grant,
    proposal,
    proposal_digest: digestOf('proposal'),
    args_digest: digestOf('args'),
    tool: 'publish_case_summary',
    tool_version: '1.0.0',
    idempotency_key: proposal,
    instance: 'executor-1',
    state: 'started',
    outcome: null,
    actor: SYSTEM_ACTOR,
    refs: { proposal, grant },
    started_at: TEST_NOW,
    ended_at: null,
    ...change,
  };
}
