import { type CallOutcome, fixedClock, type GrantId } from '@portreeve/contract';
import type { RecoveredGrant, StoredExecution } from '@portreeve/execute';
import { executeFixture, testContract, testDecision, testProposal } from '@portreeve/execute/testing';
import { expect, test } from 'vitest';
import type { Dispatches, Refusal } from '../store/dispatches.ts';
import { dispatchExecution } from './dispatch-execution.ts';

const outcome: CallOutcome = { state: 'succeeded', result: { done: true }, duration_ms: 5 };

/** The gatekeeper's side alone: what the database would say stands in `say`, and time passes with every look. */
async function scene(say: {
  execution?: (looks: number) => Partial<StoredExecution> | null;
  kept?: (looks: number) => { taken_by: string | null; refusal: Refusal | null } | null;
  recovered?: RecoveredGrant;
  dead?: readonly string[];
  alive?: readonly string[];
  step_ms?: number;
}) {
  const fixture = executeFixture();
  const proposal = testProposal(fixture.clock);
  const contract = testContract();
  const { token, claims } = await fixture.issuer.issue({
    ...{ proposal, contract, approvals: [] },
    decision: testDecision(fixture.clock),
  });
  const clock = fixedClock(fixture.clock.now().toISOString());
  const sent: unknown[] = [];
  const removed: string[] = [];
  let looks = 0;
  const dispatches = {
    send: async (dispatch) => void sent.push(dispatch),
    look: async () => say.kept?.(looks) ?? { taken_by: null, refusal: null },
    remove: async (grant) => void removed.push(grant),
  } as Partial<Dispatches> as Dispatches;
  const apart = dispatchExecution({
    dispatches,
    store: { execution: async () => (say.execution?.(looks) ?? null) as StoredExecution | null },
    recovery: { recoverGrant: async () => say.recovered ?? { state: 'unused' } },
    executors: { alive: async () => [...(say.alive ?? [claims.cnf.jkt])], choose: async () => claims.cnf.jkt },
    dead: async (instance) => say.dead?.includes(instance) ?? false,
    clock,
    pause: async () => {
      looks++;
      if (looks > 1000) throw new Error('it waits for ever');
      clock.advance(say.step_ms ?? 500);
    },
  });
  const ended = apart.execute({ token, proposal, contract });
  return { ended, sent, removed, claims, began: clock.now().toISOString() };
}

test('F7: the grant goes to the key that it names, and what its use came to is the answer', async () => {
  const { ended, sent, removed, claims } = await scene({
    execution: (looks) => (looks < 3 ? null : { id: 'exec_1' as never, outcome }),
  });
  expect(await ended).toEqual({ execution: 'exec_1', outcome });
  expect(sent).toMatchObject([
    { grant: claims.jti, executor: claims.cnf.jkt, expires_at: new Date(claims.exp * 1000) },
  ]);
  expect(removed).toEqual([claims.jti]);
});

test('F7: a refusal of the executor is the gate’s, with its code', async () => {
  const refusal = { code: 'grant_mismatch', detail: 'The grant is for another arguments.' } as const;
  const { ended, removed } = await scene({ kept: () => ({ taken_by: 'executor/x/1', refusal }) });
  await expect(ended).rejects.toMatchObject(refusal);
  expect(removed).toHaveLength(1);
});

test('F7: a refusal beside an execution is not looked at: the call was made, and its outcome counts', async () => {
  let asked = 0;
  const { ended } = await scene({
    // It begins between the two looks at it.
    execution: () => {
      asked++;
      if (asked === 1) return null;
      return asked < 5
        ? { id: 'exec_1' as never, outcome: null, started_at: '2026-11-20T12:00:00.000Z' }
        : { id: 'exec_1' as never, outcome };
    },
    kept: () => ({ taken_by: 'executor/x/1', refusal: { code: 'audit_unavailable', detail: 'not written' } }),
    recovered: { state: 'running' },
  });
  expect(await ended).toEqual({ execution: 'exec_1', outcome });
});

test('F7: with nobody to use it a grant is waited for until its time is over, and is then taken back', async () => {
  const { ended, removed } = await scene({ alive: [], step_ms: 10_000 });
  await expect(ended).rejects.toMatchObject({
    code: 'grant_expired',
    next: expect.stringContaining('serve --role=executor'),
  });
  expect(removed).toHaveLength(1);
});

test('F7: a grant whose executor is dead is taken back at once where another one lives', async () => {
  const { ended } = await scene({ alive: ['another'], step_ms: 0 });
  await expect(ended).rejects.toMatchObject({ code: 'grant_expired' });
});

test('F7: a grant that was taken by a process that died is taken back at once', async () => {
  const { ended } = await scene({
    kept: () => ({ taken_by: 'executor/x/dead', refusal: null }),
    dead: ['executor/x/dead'],
    step_ms: 0,
  });
  await expect(ended).rejects.toMatchObject({ code: 'grant_expired' });
});

test('INV8: an execution whose process died ends as unknown', async () => {
  const unknown: CallOutcome = { state: 'unknown', reason: 'gone', duration_ms: 1 };
  const { ended } = await scene({
    execution: () => ({ id: 'exec_1' as never, outcome: null, started_at: '2026-11-20T12:00:00.000Z' }),
    recovered: { state: 'ended', execution: 'exec_1' as never, outcome: unknown },
  });
  expect(await ended).toEqual({ execution: 'exec_1', outcome: unknown });
});

test('F7: an executor that lives and says nothing is waited for within the contract’s time, and not for ever', async () => {
  const { ended } = await scene({
    execution: () => ({ id: 'exec_1' as never, outcome: null, started_at: '2026-11-20T12:00:00.000Z' }),
    recovered: { state: 'running' },
    step_ms: 5000,
  });
  await expect(ended).rejects.toMatchObject({ code: 'unavailable' });
});

test('F7: what a crash has left is recovered, and its token removed', async () => {
  const removed: string[] = [];
  const apart = (recovered: RecoveredGrant) =>
    dispatchExecution({
      dispatches: { remove: async (grant: string) => void removed.push(grant) } as unknown as Dispatches,
      store: { execution: async () => null },
      recovery: { recoverGrant: async () => recovered },
      executors: { alive: async () => [], choose: async () => '' },
      dead: async () => false,
      clock: fixedClock('2026-11-20T12:00:00.000Z'),
    });
  expect(await apart({ state: 'unused' }).recover('grt_1' as GrantId)).toEqual({ state: 'unused' });
  expect(await apart({ state: 'running' }).recover('grt_2' as GrantId)).toEqual({ state: 'running' });
  expect(removed).toEqual(['grt_1']);
});
