import { digestOf } from '@portreeve/contract';
import { executeFixture, executeStoreContract, scriptedConnector } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executeStore } from './executions.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

executeStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: executeStore(database), uow: database, close };
});

describe('an executor on PostgreSQL', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  const prepare = async () => {
    const fixture = executeFixture({ store: executeStore(db.database), uow: db.database });
    const input = fixture.input();
    const { token, claims } = await fixture.grant(input);
    return { fixture, input, claims, call: { token, proposal: input.proposal, contract: input.contract } };
  };

  test('INV6 F9: one grant used 200 times at once, by two executors, acts once', async () => {
    const { fixture, claims, call } = await prepare();
    const connector = scriptedConnector();
    const executors = ['executor-1', 'executor-2'].map((instance) => fixture.executor(connector, { instance }));
    const results = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => executors[i % 2]!.execute(call)));

    expect(connector.calls).toHaveLength(1);
    const done = results.filter((result) => result.status === 'fulfilled');
    const refused = results.filter((result) => result.status === 'rejected');
    expect(done).toHaveLength(1);
    expect(new Set(refused.map((result) => (result.reason as { code?: string }).code))).toEqual(
      new Set(['grant_spent']),
    );
    expect(fixture.audit.of('execution.intent')).toHaveLength(1);
    expect(fixture.audit.of('execution.result')).toHaveLength(1);
    expect(fixture.audit.of('grant.refused')).toHaveLength(199);
    expect((await fixture.store.execution(claims.jti))?.state).toBe('succeeded');
  });

  test('INV6 F6: of 10,000 parallel uses of one grant, by four executors on few connections, one executes', async () => {
    const { fixture, claims, call } = await prepare();
    const connector = scriptedConnector();
    const executors = [1, 2, 3, 4].map((n) => fixture.executor(connector, { instance: `executor-${n}` }));
    const results = await Promise.allSettled(Array.from({ length: 10_000 }, (_, i) => executors[i % 4]!.execute(call)));
    expect(connector.calls).toHaveLength(1);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(new Set(codes)).toEqual(new Set(['grant_spent']));
    const { rows } = await db.database.pool.query('SELECT state FROM executions WHERE grant_id = $1', [claims.jti]);
    expect(rows).toEqual([{ state: 'succeeded' }]);
    expect(fixture.audit.of('grant.refused')).toHaveLength(9_999);
  }, 120_000);

  test('INV3 INV6 G3: if the intent cannot be written, the grant is not spent and nothing is called', async () => {
    const { fixture, call } = await prepare();
    const connector = scriptedConnector();
    const executor = fixture.executor(connector);
    fixture.audit.failWith(new Error('disk full'));
    await expect(executor.execute(call)).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(connector.calls).toEqual([]);
    expect(await fixture.store.execution(call.proposal.id)).toBeNull();
    fixture.audit.failWith(null);
    expect((await executor.execute(call)).outcome.state).toBe('succeeded');
  });

  test('INV8 I3: a crash between intent and result becomes unknown, once, by whoever recovers first', async () => {
    const { fixture, call, claims } = await prepare();
    const crashing = fixture.executor(scriptedConnector(), {
      instance: 'executor-1',
      debugpoint: (name) => {
        if (name === 'before-result') throw new Error('kill -9');
      },
    });
    await expect(crashing.execute(call)).rejects.toThrow('kill -9');
    const others = ['executor-2', 'executor-3'].map((instance) => fixture.executor(scriptedConnector(), { instance }));
    const dead = async () => true;
    const recovered = await Promise.all(others.map((other) => other.recover(call.proposal.id, { dead })));
    expect(recovered.map((one) => one?.state)).toEqual(['unknown', 'unknown']);
    expect(fixture.audit.of('execution.result').map((entry) => entry.data.state)).toEqual(['unknown']);
    expect(await others[0]!.recoverGrant(claims.jti, { dead })).toMatchObject({ state: 'ended' });
  });

  test('of a use and a revocation at once, one wins', async () => {
    const connector = scriptedConnector();
    for (let i = 0; i < 10; i++) {
      const { fixture, call, claims } = await prepare();
      const before = connector.calls.length;
      const [used, recovered] = await Promise.allSettled([
        fixture.executor(connector).execute(call),
        fixture.executor(connector, { instance: 'executor-2' }).recoverGrant(claims.jti, { dead: async () => false }),
      ]);
      const unused = recovered.status === 'fulfilled' && recovered.value.state === 'unused';
      expect(used.status).toBe(unused ? 'rejected' : 'fulfilled');
      expect(connector.calls.length - before).toBe(unused ? 0 : 1);
    }
  });

  test('a grant row that does not match its token is refused', async () => {
    const { fixture, call, claims } = await prepare();
    const connector = scriptedConnector();
    await db.database.pool.query('ALTER TABLE grants DISABLE TRIGGER grants_move_once');
    await db.database.pool.query('UPDATE grants SET args_digest = $1 WHERE id = $2', [digestOf('other'), claims.jti]);
    await expect(fixture.executor(connector).execute(call)).rejects.toMatchObject({ code: 'grant_mismatch' });
    expect(connector.calls).toEqual([]);
  });
});
