import { dryRunContract, type JsonObject, type PostgresBinding, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { selfSigned } from '../../testing/certificate.ts';
import { connectorContract, type Downstream } from '../../testing/connector-contract.ts';
import { executeFixture } from '../../testing/fixture.ts';
import { type Ledger, ledgerContract, startLedger } from '../../testing/ledger.ts';
import { startPostgresTls } from '../../testing/postgres-tls.ts';
import { closedPort, startTcpProxy, type Tamper } from '../../testing/tcp-proxy.ts';
import { postgresConnector } from './postgres-connector.ts';

const connectorFor = (host: string, ports: readonly number[]) =>
  postgresConnector({
    egress: createEgress({ allow: ports.map((port) => ({ host, port, private: true })) }),
    clock: systemClock,
  });

async function downstream(): Promise<Downstream> {
  const ledger = await startLedger();
  const { database } = ledger;
  const proxy = await startTcpProxy(ledger);
  const closed = await closedPort();
  let port = proxy.port;
  let change: Partial<PostgresBinding> = {};
  // All that matters is what becomes of COMMIT: before it nothing has happened.
  const spoil = (tamper: Tamper) => (reached: () => void) => proxy.tamper(tamper, /COMMIT\0/, reached);
  return {
    connector: connectorFor('127.0.0.1', [proxy.port, closed]),
    secrets: { 'ledger-role': ledger.credential },
    contract: (timeout_ms) => ledgerContract({ host: '127.0.0.1', port, database }, timeout_ms, change),
    args: () => ({ account: 'a-1', frozen: true }),
    result: { rows: [{ id: 'a-1', frozen: true }], count: 1 },
    dry_run: (timeout_ms) =>
      dryRunContract(
        { ...ledgerContract({ host: '127.0.0.1', port, database }, timeout_ms, change), dry_run: { by: 'rollback' } },
        [],
      )!,
    reads: (timeout_ms) => ({
      ...ledgerContract({ host: '127.0.0.1', port, database }, timeout_ms, {
        mode: 'read',
        statement: 'SELECT id, $2::boolean AS frozen FROM accounts WHERE id = $1',
      }),
      name: 'show_account',
    }),
    honours_key: false,
    effects: async () => (await ledger.query('SELECT proposal FROM effects')).map((row) => String(row.proposal)),
    play: {
      refused: () => {
        change = { statement: 'UPDATE effects SET proposal = $1 WHERE $2::boolean' };
      },
      unreachable: () => {
        port = closed;
      },
      'cut-before': () => proxy.tamper({ do: 'cut' }, null),
      'cut-after': spoil({ do: 'cut' }),
      silent: spoil({ do: 'silence' }),
      drip: spoil({ do: 'drip' }),
      oversize: () => {
        change = { statement: `UPDATE accounts SET frozen = $2 WHERE id = $1 RETURNING repeat('x', 2000000) AS x` };
      },
      malformed: spoil({ do: 'answer', head: 'HTTP/1.1 200 OK\r\n\r\n' }),
      redirect: { never: 'a database cannot send a client elsewhere' },
      'retry-after': { never: 'the protocol has no such answer; a lock that is held ends as a time-out' },
    },
    otherwise: {
      oversize: { state: 'failed', why: 'it is noticed before COMMIT is sent, so nothing was committed' },
    },
    async reset() {
      proxy.reset();
      port = proxy.port;
      change = {};
    },
    async close() {
      await proxy.close();
      await ledger.close();
    },
  };
}

connectorContract('postgres', downstream);

describe('F8: PostgreSQL', () => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await startLedger();
  });
  beforeEach(() => ledger.query('TRUNCATE effects; UPDATE accounts SET frozen = false; TRUNCATE effects'));
  afterAll(() => ledger.close());

  const call = async (args: JsonObject, change: Partial<PostgresBinding> = {}, credential = ledger.credential) => {
    const fixture = executeFixture({ secrets: { 'ledger-role': credential } });
    const contract = ledgerContract(ledger, 2_000, change);
    const input = fixture.input(contract, { args });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(connectorFor(ledger.host, [ledger.port]));
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    return { outcome, principal: input.proposal.principal.id };
  };
  const frozen = async () =>
    (await ledger.query('SELECT id FROM accounts WHERE frozen ORDER BY id')).map((row) => row.id);
  const freeze = { account: 'a-1', frozen: true };
  const all: Partial<PostgresBinding> = {
    statement: 'UPDATE accounts SET frozen = $1',
    parameters: [{ argument: 'frozen', type: 'boolean' }],
  };

  test('the database sees for whom it acts', async () => {
    const { outcome, principal } = await call(freeze);
    expect(outcome.state).toBe('succeeded');
    expect(await ledger.query('SELECT principal FROM effects')).toEqual([{ principal }]);
  });

  test.each(["a-1' OR 'a'='a", "a-1'; DROP TABLE accounts; --", 'a-1$2', '\\', '%'])(
    'an argument is a value and never SQL: %s',
    async (account) => {
      expect((await call({ account, frozen: true })).outcome).toMatchObject({
        state: 'succeeded',
        result: { rows: [], count: 0 },
      });
      expect(await frozen()).toEqual([]);
    },
  );

  test('money and large numbers come as they stand, and not as floats', async () => {
    const { outcome } = await call(
      { account: 'a-2' },
      {
        mode: 'read',
        statement:
          'SELECT balance, 9007199254740993::bigint AS big, 7 AS small, true AS yes, NULL AS nothing, now() > $1::date AS later FROM accounts WHERE id = $2',
        parameters: [
          { argument: 'since', type: 'date' },
          { argument: 'account', type: 'text' },
        ],
      },
    );
    expect(outcome).toMatchObject({
      state: 'succeeded',
      result: {
        rows: [
          {
            balance: '99999999999999999999.25',
            big: '9007199254740993',
            small: 7,
            yes: true,
            nothing: null,
            later: null,
          },
        ],
      },
    });
  });

  test('a read cannot write, whatever its statement says', async () => {
    const { outcome } = await call(freeze, { mode: 'read' });
    expect(outcome).toMatchObject({ state: 'failed', reason: 'database error 25006; nothing was committed' });
    const sneaky = 'WITH changed AS (UPDATE accounts SET frozen = $2 WHERE id = $1 RETURNING id) SELECT * FROM changed';
    expect((await call(freeze, { mode: 'read', statement: sneaky })).outcome).toMatchObject({ state: 'failed' });
    expect(await frozen()).toEqual([]);
  });

  test('F6: the grant of a dry run does not make the call, nor the other way round', async () => {
    const fixture = executeFixture({ secrets: { 'ledger-role': ledger.credential } });
    const real = { ...ledgerContract(ledger, 2_000), dry_run: { by: 'rollback' as const } };
    const dry = dryRunContract(real, [])!;
    const executor = fixture.executor(connectorFor(ledger.host, [ledger.port]));
    for (const [granted, used] of [
      [dry, real],
      [real, dry],
    ] as const) {
      const { token } = await fixture.grant(fixture.input(granted, { args: freeze }));
      const { proposal } = fixture.input(used, { args: freeze });
      await expect(executor.execute({ token, proposal, contract: used })).rejects.toMatchObject({
        code: 'grant_mismatch',
      });
    }
    expect(await frozen()).toEqual([]);
  });

  test('a transaction that is taken back leaves nothing, its triggers included', async () => {
    const { outcome } = await call(freeze, { mode: 'rollback' });
    expect(outcome).toMatchObject({ state: 'succeeded', result: { rows: [{ id: 'a-1', frozen: true }], count: 1 } });
    expect(await frozen()).toEqual([]);
    expect(await ledger.query('SELECT * FROM effects')).toEqual([]);
  });

  test('more rows than allowed: taken back, or not given', async () => {
    expect((await call({ frozen: true }, { ...all, rows_max: 2 })).outcome).toMatchObject({
      state: 'failed',
      reason: 'more rows would change than the 2 that are allowed, so it was taken back',
    });
    expect(await frozen()).toEqual([]);
    expect((await call({ frozen: true }, { ...all, rows_max: 3 })).outcome).toMatchObject({ state: 'succeeded' });
    const read: Partial<PostgresBinding> = {
      mode: 'read',
      statement: 'SELECT id FROM accounts',
      parameters: [],
      rows_max: 2,
    };
    expect((await call({}, read)).outcome).toMatchObject({ state: 'failed' });
  });

  test('a statement that takes too long is stopped by the database, and nothing is committed', async () => {
    const slow = 'UPDATE accounts SET frozen = $2 WHERE id = $1 AND pg_sleep(30) IS NOT NULL';
    const fixture = executeFixture({ secrets: { 'ledger-role': ledger.credential } });
    const contract = ledgerContract(ledger, 300, { statement: slow });
    const input = fixture.input(contract, { args: freeze });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(connectorFor(ledger.host, [ledger.port]));
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    expect(outcome).toMatchObject({ state: 'failed', reason: expect.stringContaining('nothing was committed') });
    // It ends there too, and not at some later time.
    await expect
      .poll(() =>
        ledger.query(
          `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()`,
        ),
      )
      .toEqual([]);
    expect(await frozen()).toEqual([]);
  });

  test('its own role: a table that it may not see, and a superuser, are refused', async () => {
    const secret: Partial<PostgresBinding> = { mode: 'read', statement: 'SELECT value FROM secrets', parameters: [] };
    expect((await call({}, secret)).outcome).toMatchObject({
      state: 'failed',
      reason: 'database error 42501; nothing was committed',
    });
    expect((await call(freeze, {}, ledger.superuser)).outcome).toMatchObject({
      state: 'failed',
      reason: 'the role of the credential is a superuser',
    });
    expect(await frozen()).toEqual([]);
  });

  test.each<[string, JsonObject]>([
    ['a number for text', { account: 1, frozen: true }],
    ['text for a boolean', { account: 'a-1', frozen: 'true' }],
    ['a list', { account: ['a-1'], frozen: true }],
    ['an argument more', { account: 'a-1', frozen: true, amount: 1 }],
    ['a character that text cannot have', { account: 'a\u0000', frozen: true }],
  ])('%s is refused before a connection is made', async (_, args) => {
    const egress = createEgress({ allow: [] });
    const fixture = executeFixture({ secrets: { 'ledger-role': ledger.credential } });
    const contract = ledgerContract(ledger, 2_000);
    const input = fixture.input(contract, { args });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(postgresConnector({ egress, clock: systemClock }));
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    expect(outcome).toMatchObject({ state: 'failed', reason: expect.stringContaining('argument') });
  });

  test('over TLS, to a server whose certificate is trusted, and to no other', async () => {
    const tls = selfSigned();
    const front = await startPostgresTls(ledger, tls);
    const place = { host: '127.0.0.1', port: front.port, database: ledger.database };
    const egress = createEgress({ allow: [{ host: '127.0.0.1', port: front.port, private: true }] });
    const overTls = async (ca?: string, change: Partial<PostgresBinding> = {}) => {
      const fixture = executeFixture({ secrets: { 'ledger-role': ledger.credential } });
      const contract = ledgerContract(place, 2_000, { tls: 'verify', ...change });
      const input = fixture.input(contract, { args: freeze });
      const { token } = await fixture.grant(input);
      const connector = postgresConnector({ egress, clock: systemClock, ...(ca === undefined ? {} : { ca }) });
      return (await fixture.executor(connector).execute({ token, proposal: input.proposal, contract })).outcome;
    };
    try {
      expect(await overTls(tls.certificate)).toMatchObject({ state: 'succeeded', result: { count: 1 } });
      expect(await overTls()).toMatchObject({ state: 'failed' });
      expect(await overTls(selfSigned().certificate)).toMatchObject({ state: 'failed' });
      const large = `UPDATE accounts SET frozen = $2 WHERE id = $1 RETURNING repeat('x', 2000000) AS x`;
      expect(await overTls(tls.certificate, { statement: large })).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('more than'),
      });
      expect(await ledger.query('SELECT * FROM effects')).toHaveLength(1);
    } finally {
      await front.close();
    }
  });

  test('a server without TLS gets no credential, unless the system is private and the contract says so', async () => {
    expect((await call(freeze, { tls: 'verify' })).outcome).toMatchObject({ state: 'failed' });
    const egress = createEgress({ allow: [{ host: ledger.host, port: ledger.port }] });
    const fixture = executeFixture({ secrets: { 'ledger-role': ledger.credential } });
    const contract = ledgerContract(ledger, 2_000);
    const input = fixture.input(contract, { args: freeze });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(postgresConnector({ egress, clock: systemClock }));
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    expect(outcome).toMatchObject({ state: 'failed', reason: expect.stringContaining('egress_refused') });
  });
});
