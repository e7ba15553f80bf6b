import { describe, expect, test } from 'vitest';
import { DEBUGPOINTS, type DebugpointName } from './debugpoint.ts';
import { executeFixture, scriptedConnector } from './testing/fixture.ts';

const gone = async () => true;
const alive = async () => false;

class Crash extends Error {}

/** An execution whose process ends at `point`: it never gets further, and never cleans up. */
async function crashAt(point: DebugpointName) {
  const fixture = executeFixture();
  const connector = scriptedConnector();
  const input = fixture.input();
  const { token, claims } = await fixture.grant(input);
  const first = fixture.executor(connector, {
    instance: 'executor-1',
    debugpoint: (name) => {
      if (name === point) throw new Crash(name);
    },
  });
  const call = { token, proposal: input.proposal, contract: input.contract };
  await expect(first.execute(call)).rejects.toThrow(Crash);
  return { fixture, connector, input, call, claims, second: fixture.executor(connector, { instance: 'executor-2' }) };
}

describe('INV8 I3 F9: a crash at', () => {
  const expected: Record<DebugpointName, { state: string | null; calls: number }> = {
    'before-intent': { state: null, calls: 0 },
    'after-intent': { state: 'unknown', calls: 0 },
    'before-call': { state: 'unknown', calls: 0 },
    'after-call': { state: 'unknown', calls: 1 },
    'before-result': { state: 'unknown', calls: 1 },
    'after-result': { state: 'succeeded', calls: 1 },
  };

  test.each(DEBUGPOINTS)('%s: another process settles it, and nothing is called again', async (point) => {
    const { fixture, connector, input, second } = await crashAt(point);
    const recovered = await second.recover(input.proposal.id, { dead: gone });
    expect(recovered?.state ?? null).toBe(expected[point].state);
    expect(await second.recover(input.proposal.id, { dead: gone })).toEqual(recovered);
    expect(connector.calls).toHaveLength(expected[point].calls);
    const results = fixture.audit.of('execution.result');
    expect(results.map((entry) => entry.data.state)).toEqual(recovered ? [recovered.state] : []);
    expect(results.every((entry) => entry.data.late === false)).toBe(true);
  });

  test('before-intent: the same grant can still be used', async () => {
    const { connector, call, second } = await crashAt('before-intent');
    expect((await second.execute(call)).outcome.state).toBe('succeeded');
    expect(connector.calls).toHaveLength(1);
  });

  test('after-intent: the grant is spent for ever', async () => {
    const { connector, call, second } = await crashAt('after-intent');
    await expect(second.execute(call)).rejects.toMatchObject({ code: 'grant_spent' });
    expect(connector.calls).toHaveLength(0);
  });
});

describe('an execution', () => {
  test('of a process that may be alive is left alone', async () => {
    const { fixture, input, second } = await crashAt('after-intent');
    const recovered = await second.recover(input.proposal.id, { dead: alive });
    expect(recovered).toMatchObject({ state: 'started', outcome: null });
    expect(fixture.audit.of('execution.result')).toEqual([]);
  });

  test('that this process is making now is left alone, whatever the leases say', async () => {
    const fixture = executeFixture();
    const input = fixture.input();
    const { token } = await fixture.grant(input);
    let during: unknown;
    const connector = scriptedConnector(async () => {
      during = await executor.recover(input.proposal.id, { dead: gone });
      return { state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 };
    });
    const executor = fixture.executor(connector);
    await executor.execute({ token, proposal: input.proposal, contract: input.contract });
    expect(during).toMatchObject({ state: 'started', outcome: null });
  });

  test('whose process was only stopped is recorded late and stays unknown', async () => {
    const fixture = executeFixture();
    const input = fixture.input();
    const { token } = await fixture.grant(input);
    const second = fixture.executor(scriptedConnector(), { instance: 'executor-2' });
    const connector = scriptedConnector(async () => {
      await second.recover(input.proposal.id, { dead: gone });
      return { state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 };
    });
    const first = fixture.executor(connector, { instance: 'executor-1' });
    const executed = await first.execute({ token, proposal: input.proposal, contract: input.contract });
    expect(executed.outcome.state).toBe('unknown');
    expect(fixture.audit.of('execution.result').map(({ data }) => [data.state, data.late])).toEqual([
      ['unknown', false],
      ['succeeded', true],
    ]);
    expect((await fixture.store.execution(executed.execution))?.state).toBe('unknown');
  });

  test('that nobody began is null', async () => {
    const fixture = executeFixture();
    const executor = fixture.executor(scriptedConnector());
    expect(await executor.recover(fixture.input().proposal.id, { dead: gone })).toBeNull();
  });

  test('is settled with all others of dead processes at once', async () => {
    const { fixture, second } = await crashAt('before-call');
    expect(await second.recoverAll({ dead: alive })).toEqual([]);
    expect((await second.recoverAll({ dead: gone })).map((one) => one.state)).toEqual(['unknown']);
    expect(await second.recoverAll({ dead: gone })).toEqual([]);
    expect(fixture.audit.of('execution.result')).toHaveLength(1);
  });

  test('stays open if its recovery cannot be recorded', async () => {
    const { fixture, input, second } = await crashAt('before-call');
    fixture.audit.failWith(new Error('disk full'));
    await expect(second.recover(input.proposal.id, { dead: gone })).rejects.toThrow('disk full');
    fixture.audit.failWith(null);
    expect(await second.recover(input.proposal.id, { dead: gone })).toMatchObject({ state: 'unknown' });
  });
});

describe('a grant whose user is gone', () => {
  test('and that was not used is revoked, so that a late use is refused', async () => {
    const { connector, call, claims, second } = await crashAt('before-intent');
    expect(await second.recoverGrant(claims.jti, { dead: gone })).toEqual({ state: 'unused' });
    expect(await second.recoverGrant(claims.jti, { dead: gone })).toEqual({ state: 'unused' });
    await expect(second.execute(call)).rejects.toMatchObject({ code: 'grant_invalid' });
    expect(connector.calls).toEqual([]);
  });

  test('and that is in use is running while its process may be alive, and ends unknown after', async () => {
    const { claims, second } = await crashAt('before-call');
    expect(await second.recoverGrant(claims.jti, { dead: alive })).toEqual({ state: 'running' });
    expect(await second.recoverGrant(claims.jti, { dead: gone })).toMatchObject({
      state: 'ended',
      outcome: { state: 'unknown' },
    });
  });
});
