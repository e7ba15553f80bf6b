import { type CallOutcome, isPortreeveError, PortreeveError, type ProposalId } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import { type GateHarness, gateHarness } from './testing/index.ts';

class Crash extends Error {}
const crashAt = (wanted: string) => (name: string) => {
  if (name === wanted) throw new Crash(`crashed at ${name}`);
};
const automatic = testContract({
  tier: 1,
  effect: 'write',
  undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
});
const grantOf = async (harness: GateHarness, id: ProposalId) => (await harness.stored(id)).grant!;
const kept = (harness: GateHarness, grant: Awaited<ReturnType<typeof grantOf>>) =>
  harness.execute.store.grant(harness.uow.tx, grant);

function deferred<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Submits in a process that dies at the point, and carries on in another. */
async function afterCrash(where: { gate?: string; executor?: string }, answer?: CallOutcome) {
  const harness = gateHarness();
  if (answer) harness.answer = () => answer;
  const first = harness.process('one', {
    debugpoint: crashAt(where.gate ?? ''),
    executorPoint: crashAt(where.executor ?? ''),
  });
  const wanted = harness.wish({ contract: automatic });
  await expect(first.gate.submit(wanted)).rejects.toThrow(Crash);
  harness.bury('one');
  const before = await harness.stored(wanted.id);
  const second = harness.process('two');
  return { harness, wanted, before, second, result: await second.gate.resume(wanted.id) };
}

describe('F9: a crash at each instant', () => {
  test('before the grant: nothing is kept, and who asks again has it done once', async () => {
    const harness = gateHarness();
    const wanted = harness.wish({ contract: automatic });
    const first = harness.process('one', { debugpoint: crashAt('before-grant') });
    await expect(first.gate.submit(wanted)).rejects.toThrow(Crash);
    harness.bury('one');
    expect(await harness.proposals.get(wanted.id)).toBeNull();
    expect(await harness.process('two').gate.submit(wanted)).toMatchObject({ status: 'succeeded' });
    expect(harness.calls).toHaveLength(1);
    expect(harness.audit.of('grant.issued')).toHaveLength(1);
  });

  test.each([{ gate: 'after-grant' }, { executor: 'before-intent' }])(
    'F6: between grant and intent (%o): the grant is revoked, and another one is issued and used',
    async (where) => {
      const { harness, wanted, before, result } = await afterCrash(where);
      expect(before.state).toBe('granted');
      expect(result.status).toBe('succeeded');
      expect(harness.calls).toHaveLength(1);
      const used = await grantOf(harness, wanted.id);
      expect(used).not.toBe(before.grant);
      expect(await kept(harness, before.grant!)).toMatchObject({ state: 'revoked' });
      expect(await kept(harness, used)).toMatchObject({ state: 'spent' });
      expect(harness.moves.slice(1)).toEqual([
        'approved→granted',
        'granted→approved',
        'approved→granted',
        'granted→succeeded',
      ]);
    },
  );

  test.each(['after-intent', 'before-call', 'after-call', 'before-result'])(
    'INV8: after the intent (%s): the outcome is unknown, goes to a person, and is never repeated',
    async (executor) => {
      const { harness, wanted, second, result } = await afterCrash({ executor });
      const calls = executor === 'after-call' || executor === 'before-result' ? 1 : 0;
      expect(result).toMatchObject({ status: 'unknown' });
      expect(harness.calls).toHaveLength(calls);
      const [work, ...more] = await harness.handoffs.list({ states: ['open'] });
      expect(more).toEqual([]);
      expect(work).toMatchObject({
        kind: 'unknown_outcome',
        proposal: wanted.id,
        context: { args: { case_id: 'case-7' }, idempotency_key: wanted.id },
      });
      for (const again of [second.gate.resume(wanted.id), second.gate.submit(wanted)])
        expect(await again).toEqual(result);
      expect(harness.calls).toHaveLength(calls);
      expect(harness.audit.of('execution.intent')).toHaveLength(1);
    },
  );

  test('after the result: the next process takes the outcome that is on record', async () => {
    const { harness, result } = await afterCrash({ executor: 'after-result' });
    expect(result.status).toBe('succeeded');
    expect(harness.calls).toHaveLength(1);
    expect(harness.audit.of('execution.result')).toHaveLength(1);
  });

  test('I8: after a result that says failed: the hand-off is opened by the next process', async () => {
    const { harness, result } = await afterCrash(
      { executor: 'after-result' },
      { state: 'failed', status: 409, reason: 'the case is closed', duration_ms: 1 },
    );
    expect(result).toMatchObject({ status: 'failed', reason: 'the case is closed' });
    expect(await harness.handoffs.list({})).toMatchObject([{ kind: 'failed_action' }]);
  });

  test('C5 F6: a freeze that comes between grant and use reaches the proposal', async () => {
    const harness = gateHarness();
    const wanted = harness.wish({ contract: automatic });
    const first = harness.process('one', { debugpoint: crashAt('after-grant') });
    await expect(first.gate.submit(wanted)).rejects.toThrow(Crash);
    harness.bury('one');
    harness.environment.freezes.push('all');
    expect(await harness.process('two').gate.resume(wanted.id)).toMatchObject({ status: 'refused' });
    expect(harness.calls).toHaveLength(0);
    expect(harness.moves.slice(1)).toEqual(['approved→granted', 'granted→approved', 'approved→refused']);
  });
});

describe('F9: outcomes', () => {
  test('INV8 I8: an unknown outcome goes to a person and is not repeated', async () => {
    const harness = gateHarness();
    harness.answer = () => ({ state: 'unknown', reason: 'the connection broke', duration_ms: 9 });
    const { gate } = harness.process('one');
    const wanted = harness.wish({ contract: automatic });
    const result = await gate.submit(wanted);
    const [work] = await harness.handoffs.list({ states: ['open'] });
    expect(result).toEqual({ status: 'unknown', execution: expect.stringMatching(/^exec_/), handoff: work!.id });
    expect(work).toMatchObject({
      kind: 'unknown_outcome',
      why: 'It is not known whether publish_case_summary took effect: the connection broke',
      context: { reason: 'the connection broke' },
    });
    expect(await gate.submit(wanted)).toEqual(result);
    expect(harness.calls).toHaveLength(1);
    expect(harness.story().slice(-2)).toEqual(['execution.result:unknown', 'handoff.opened:unknown_outcome']);
  });

  test('I8: a failed outcome goes to a person with the reason', async () => {
    const harness = gateHarness();
    harness.answer = () => ({ state: 'failed', status: 403, reason: 'it said no', duration_ms: 9 });
    const wanted = harness.wish({ contract: automatic });
    const result = await harness.process('one').gate.submit(wanted);
    expect(result).toMatchObject({ status: 'failed', reason: 'it said no' });
    expect(await harness.handoffs.list({ states: ['open'] })).toMatchObject([
      { kind: 'failed_action', why: 'publish_case_summary failed: it said no', proposal: wanted.id, run: wanted.run },
    ]);
    expect(await harness.stored(wanted.id)).toMatchObject({ state: 'failed', outcome: { status: 403 } });
  });
});

describe('F9: at once', () => {
  test.each([1, 3])('twenty submits and resumes of one proposal, in %i processes, act once', async (count) => {
    const harness = gateHarness();
    const called = deferred<void>();
    const answer = deferred<CallOutcome>();
    harness.answer = () => {
      called.resolve();
      return answer.promise;
    };
    const processes = Array.from({ length: count }, (_, index) => harness.process(`p${index}`));
    const wanted = harness.wish({ contract: automatic });
    const all = Array.from({ length: 20 }, (_, index) => {
      const { gate } = processes[index % count]!;
      return gate.submit(wanted);
    });
    await called.promise;
    const results = Promise.all(all);
    const resumed = await Promise.all(processes.map(({ gate }) => gate.resume(wanted.id)));
    expect(resumed.map((result) => result.status)).toEqual(processes.map(() => 'running'));
    answer.resolve({ state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 });
    const statuses = new Set((await results).map((result) => result.status));
    expect(statuses.has('succeeded')).toBe(true);
    expect([...statuses].every((status) => status === 'succeeded' || status === 'running')).toBe(true);
    expect(harness.calls).toHaveLength(1);
    expect(harness.audit.of('proposal.submitted')).toHaveLength(1);
    expect(harness.audit.of('execution.intent')).toHaveLength(1);
    expect(await processes[0]!.gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
  });

  test('F6: a process does not take back the grant that it is about to use', async () => {
    const harness = gateHarness();
    const paused = deferred<void>();
    const goOn = deferred<void>();
    const { gate } = harness.process('one', {
      apart: true,
      executorPoint: async (name) => {
        if (name !== 'before-intent') return;
        paused.resolve();
        await goOn.promise;
      },
    });
    const wanted = harness.wish({ contract: automatic });
    const first = gate.submit(wanted);
    await paused.promise;
    expect(await gate.resume(wanted.id)).toEqual({ status: 'running' });
    expect(await gate.submit(wanted)).toEqual({ status: 'running' });
    goOn.resolve();
    expect(await first).toMatchObject({ status: 'succeeded' });
    expect(harness.audit.of('grant.issued')).toHaveLength(1);
    expect(harness.calls).toHaveLength(1);
  });

  test('J2: an execution that runs in another process is left alone', async () => {
    const harness = gateHarness();
    const called = deferred<void>();
    const answer = deferred<CallOutcome>();
    harness.answer = () => {
      called.resolve();
      return answer.promise;
    };
    const wanted = harness.wish({ contract: automatic });
    const first = harness.process('one').gate.submit(wanted);
    await called.promise;
    const { gate } = harness.process('two');
    expect(await gate.resume(wanted.id)).toEqual({ status: 'running' });
    answer.resolve({ state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 });
    expect(await first).toMatchObject({ status: 'succeeded' });
    expect(await gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(harness.calls).toHaveLength(1);
  });

  test('INV6 J2: a process that was only stopped wakes with a grant that another one took back, and follows it', async () => {
    const harness = gateHarness();
    const stopped = deferred<void>();
    const woken = deferred<void>();
    const first = harness.process('one', {
      apart: true,
      executorPoint: async (name) => {
        if (name !== 'before-intent') return;
        stopped.resolve();
        await woken.promise;
      },
    });
    const wanted = harness.wish({ contract: automatic });
    const late = first.gate.submit(wanted);
    await stopped.promise;
    harness.bury('one');
    expect(await harness.process('two').gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    woken.resolve();
    expect(await late).toMatchObject({ status: 'succeeded' });
    expect(harness.calls).toHaveLength(1);
    expect(harness.audit.of('grant.refused')).toMatchObject([{ data: { code: 'grant_invalid' } }]);
  });

  test('INV6 INV8: a proposal that another process is executing with a new grant is not freed by an old look at it', async () => {
    const harness = gateHarness();
    const called = deferred<void>();
    const answer = deferred<CallOutcome>();
    harness.answer = () => {
      called.resolve();
      return answer.promise;
    };
    const wanted = harness.wish({ contract: automatic });
    const crashed = harness.process('one', { debugpoint: crashAt('after-grant') });
    await expect(crashed.gate.submit(wanted)).rejects.toThrow(Crash);
    const other = harness.process('two');
    let done: Promise<unknown> | undefined;
    const slow = harness.process('three', {
      wrapExecution: ({ recover }) => ({
        async recover(grant) {
          const found = await recover(grant);
          // Between its two looks the other process takes the same grant back, issues one and calls the tool.
          done ??= other.gate.resume(wanted.id);
          await called.promise;
          return found;
        },
      }),
    });
    expect(await slow.gate.resume(wanted.id)).toEqual({ status: 'running' });
    answer.resolve({ state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 });
    expect(await done).toMatchObject({ status: 'succeeded' });
    expect(await slow.gate.resume(wanted.id)).toMatchObject({ status: 'succeeded' });
    expect(harness.calls).toHaveLength(1);
  });

  test('J2 F9: the first grant of a proposal is lost, and another one is issued and used as later ones would be', async () => {
    const harness = gateHarness();
    let lost = 0;
    const { gate } = harness.process('one', {
      debugpoint(name) {
        // As where the executor could not reach the database while the grant lived.
        if (name === 'after-grant' && lost++ === 0)
          throw new PortreeveError('grant_expired', 'No executor has used the grant in its time.');
      },
    });
    expect(await gate.submit(harness.wish({ contract: automatic }))).toMatchObject({ status: 'succeeded' });
    expect(harness.audit.of('grant.issued')).toHaveLength(2);
    expect(harness.calls).toHaveLength(1);
  });

  test('F6: a grant that nobody accepts is not issued for ever', async () => {
    const harness = gateHarness();
    const { gate } = harness.process('one', {
      wrapExecution: ({ issueGrant }) => ({
        async issueGrant(tx, wish) {
          const { token, grant } = await issueGrant(tx, wish);
          return { token: `${token}x`, grant };
        },
      }),
    });
    const error = await gate.submit(harness.wish({ contract: automatic })).catch((thrown: unknown) => thrown);
    expect(isPortreeveError(error, 'grant_invalid')).toBe(true);
    expect(harness.audit.of('grant.issued').length).toBeLessThanOrEqual(3);
    expect(harness.calls).toHaveLength(0);
  });
});
