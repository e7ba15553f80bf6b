import { newId } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import { executeFixture, scriptedConnector, testContract } from '../testing/fixture.ts';
import { leaseStoreContract } from '../testing/lease-store-contract.ts';
import { memoryLeaseStore } from '../testing/memory-store.ts';

leaseStoreContract('memory', async () => {
  const store = memoryLeaseStore();
  return { store, uow: memoryUnitOfWork(store) };
});

const contract = testContract({ timeout_ms: 60_000, binding: { credential: 'case-db' } });
const SECRET = '{"password":"minted-p4ssword","username":"v-case-1"}';

async function ready(seconds = 3600, options: Parameters<typeof executeFixture>[0] = {}) {
  const scheduled: { ms: number; run: () => void }[] = [];
  const fixture = executeFixture({
    secrets: { 'case-db': SECRET },
    dynamic: { 'case-db': seconds },
    schedule: (ms, run) => {
      const entry = { ms, run };
      scheduled.push(entry);
      return () => void scheduled.splice(scheduled.indexOf(entry), 1);
    },
    ...options,
  });
  const input = fixture.input(contract);
  const { token } = await fixture.grant(input);
  const purpose = { tool: contract.name, execution: newId('execution', fixture.clock), timeout_ms: 60_000 };
  return { fixture, scheduled, purpose, call: { token, proposal: input.proposal, contract } };
}

const leased = (fixture: ReturnType<typeof executeFixture>) => fixture.audit.of('credential.lease');
const alive = async () => false;
const dead = async () => true;

describe('F7: a minted credential', () => {
  test('is held while the call runs, remembered meanwhile, and taken back after it', async () => {
    const { fixture, call } = await ready();
    let during: unknown;
    const connector = scriptedConnector(async () => {
      during = { open: fixture.secrets.open.size, kept: await fixture.leases.leases(10) };
      return { state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 };
    });
    const { execution, outcome } = await fixture.executor(connector).execute(call);
    expect(outcome.state).toBe('succeeded');
    expect(during).toMatchObject({
      open: 1,
      kept: [{ credential: 'case-db', tool: contract.name, execution, instance: 'executor-1', left_open: false }],
    });
    expect(JSON.stringify(during)).not.toContain('minted-p4ssword');
    await expect.poll(() => fixture.leases.leases(10)).toEqual([]);
    expect(fixture.secrets.open.size).toBe(0);
    expect(leased(fixture)).toEqual([]);
  });

  test.each([
    ['fails', () => ({ state: 'failed', status: 403, reason: 'no', duration_ms: 1 })],
    ['ends unknown', () => ({ state: 'unknown', reason: 'cut', duration_ms: 1 })],
    [
      'throws',
      () => {
        throw new Error('bug');
      },
    ],
  ])('is taken back when the call %s', async (_, answer) => {
    const { fixture, call } = await ready();
    await fixture.executor(scriptedConnector(answer as never)).execute(call);
    await expect.poll(() => fixture.leases.leases(10)).toEqual([]);
    expect(fixture.secrets.open.size).toBe(0);
  });

  test('that cannot be taken back is on record, tried again, and on record when it is', async () => {
    const { fixture, purpose } = await ready();
    const credentials = fixture.credentials('executor-1');
    fixture.secrets.refuseRevoking(true);
    expect(await credentials.use('case-db', purpose, async (value) => value.length)).toBe(SECRET.length);
    await credentials.idle();
    expect(leased(fixture).map((entry) => entry.data)).toEqual([
      { credential: 'case-db', state: 'left_open', expires_at: '2026-11-20T13:00:00.000Z' },
    ]);
    expect(await credentials.takeBack(alive)).toBe(1);
    expect(await credentials.takeBack(alive)).toBe(1);
    fixture.secrets.refuseRevoking(false);
    // Any other process may do it.
    expect(await fixture.credentials('executor-2').takeBack(alive)).toBe(0);
    expect(fixture.secrets.open.size).toBe(0);
    expect(leased(fixture).map((entry) => entry.data.state)).toEqual(['left_open', 'revoked']);
    expect(await fixture.leases.leases(10)).toEqual([]);
  });

  test('that cannot be taken back before its time is over is said to have expired', async () => {
    const { fixture, purpose } = await ready();
    const credentials = fixture.credentials('executor-1');
    fixture.secrets.refuseRevoking(true);
    await credentials.use('case-db', purpose, async () => undefined);
    await credentials.idle();
    fixture.clock.advance(3_600_000);
    expect(await credentials.takeBack(alive)).toBe(0);
    expect(leased(fixture).map((entry) => entry.data.state)).toEqual(['left_open', 'expired']);
  });

  test('of a process that is dead is taken back, of one that lives it is left alone', async () => {
    const { fixture, purpose } = await ready();
    const crashed = fixture.credentials('executor-1').use('case-db', purpose, () => new Promise(() => undefined));
    crashed.catch(() => undefined);
    await expect.poll(() => fixture.leases.leases(10)).toHaveLength(1);
    const other = fixture.credentials('executor-2');
    await other.takeBack(alive);
    expect(fixture.secrets.open.size).toBe(1);
    await other.takeBack(dead);
    expect(fixture.secrets.open.size).toBe(0);
    expect(leased(fixture).map((entry) => entry.data.state)).toEqual(['revoked']);
  });

  test('whose lease cannot be remembered is not used, and taken back', async () => {
    const leases = memoryLeaseStore();
    leases.insertLease = async () => {
      throw new Error('database away');
    };
    const { fixture, call } = await ready(3600, { leases });
    const connector = scriptedConnector();
    const { outcome } = await fixture.executor(connector).execute(call);
    expect(outcome).toMatchObject({ state: 'failed', reason: expect.stringContaining('cannot be remembered') });
    expect(connector.calls).toEqual([]);
    expect(fixture.secrets.open.size).toBe(0);
  });

  test('is renewed while the call runs where its lease would end before, and not otherwise', async () => {
    const { fixture, purpose, scheduled } = await ready(30);
    let end: () => void = () => undefined;
    const using = fixture.credentials('executor-1').use(
      'case-db',
      purpose,
      () =>
        new Promise<void>((done) => {
          end = done;
        }),
    );
    await expect.poll(() => scheduled.map(({ ms }) => ms)).toEqual([15_000]);
    fixture.clock.advance(15_000);
    scheduled.shift()!.run();
    await expect.poll(async () => (await fixture.leases.leases(1))[0]?.expires_at).toBe('2026-11-20T12:01:30.000Z');
    expect(fixture.secrets.renewals).toHaveLength(1);
    // It now lives as long as the call may take: nothing more is planned.
    expect(scheduled).toEqual([]);
    end();
    await using;
    const long = await ready(3600);
    await long.fixture.credentials('executor-1').use('case-db', long.purpose, async () => undefined);
    expect(long.scheduled).toEqual([]);
  });
});

describe('F7: an outcome never holds the credential', () => {
  const encoded = Buffer.from('minted-p4ssword').toString('base64');
  test.each([
    ['as it is', 'minted-p4ssword'],
    ['in base64', `Basic ${encoded}`],
    ['in base64 behind a name', Buffer.from('v-case-1:minted-p4ssword').toString('base64')],
    ['in hex', Buffer.from('minted-p4ssword').toString('hex')],
    ['in a text of JSON', JSON.stringify(SECRET)],
  ])('%s', async (_, echoed) => {
    for (const state of ['succeeded', 'failed', 'unknown'] as const) {
      const { fixture, call } = await ready();
      const connector = scriptedConnector(() =>
        state === 'succeeded'
          ? { state, status: 200, result: { published: true, echoed }, duration_ms: 1 }
          : { state, reason: `it said ${echoed}`, duration_ms: 1 },
      );
      const { outcome } = await fixture.executor(connector).execute(call);
      expect(outcome).toMatchObject({
        state: state === 'failed' ? 'failed' : 'unknown',
        reason: 'the answer held the credential and is not kept',
      });
      expect(JSON.stringify(fixture.audit.drafts)).not.toContain(echoed.slice(6, 14));
    }
  });

  test('an answer without it stays as it is', async () => {
    const { fixture, call } = await ready();
    const { outcome } = await fixture.executor(scriptedConnector()).execute(call);
    expect(outcome).toMatchObject({ state: 'succeeded', result: { published: true } });
  });
});
