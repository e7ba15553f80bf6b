import { fixedClock, newId, type Principal } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { expect, test, vi } from 'vitest';
import { createEnvironment, FREEZE_STAGES, STALE_MS } from './environment.ts';
import { memoryEnvironmentStore } from './testing/environment-store.ts';

async function setUp() {
  const clock = fixedClock('2026-11-20T10:00:00Z');
  const audit = memoryAuditWriter();
  const store = memoryEnvironmentStore();
  const uow = memoryUnitOfWork(audit, store);
  const revoked: string[] = [];
  const make = () =>
    createEnvironment({
      name: 'test',
      store,
      audit,
      uow,
      clock,
      revokeGrants: async (_tx, target) => {
        revoked.push(target);
      },
    });
  const environment = make();
  await environment.refresh();
  const operator: Principal = {
    id: newId('principal', clock),
    kind: 'person',
    name: 'olga',
    roles: ['operator'],
    groups: [],
    act: [],
  };
  return { clock, audit, store, environment, make, operator, revoked };
}

const READ = { effect: 'read', tier: 1 } as const;
const LOW = { effect: 'write', tier: 2 } as const;
const HIGH = { effect: 'external', tier: 3 } as const;

test('C5: a freeze stops everything of its target, takes its grants back, and is on record with its reason', async () => {
  const { environment, operator, audit, revoked } = await setUp();
  expect(environment.facts(HIGH).freezes).toEqual([]);
  await environment.freeze('tool:refund', 'something is wrong', operator);
  for (const asked of [READ, LOW, HIGH]) expect(environment.facts(asked).freezes).toEqual(['tool:refund']);
  expect(revoked).toEqual(['tool:refund']);
  expect(audit.of('environment.changed')[0]?.data).toEqual({
    subject: 'freeze:tool:refund',
    state: 'everything',
    reason: 'something is wrong',
    from: null,
    until: null,
  });
});

test('C5: a thaw is staged: reads, then low tiers, then all; it never goes back', async () => {
  const { environment, operator } = await setUp();
  await environment.freeze('all', 'incident 7', operator);
  const stopped = () => [READ, LOW, HIGH].map((asked) => environment.facts(asked).freezes.length > 0);
  expect(stopped()).toEqual([true, true, true]);
  await environment.thaw('all', 'effects', 'looked', operator);
  expect(stopped()).toEqual([false, true, true]);
  await environment.thaw('all', 'high-tiers', 'tried', operator);
  expect(stopped()).toEqual([false, false, true]);
  await expect(environment.thaw('all', 'effects', 'back', operator)).rejects.toMatchObject({ code: 'conflict' });
  await environment.thaw('all', 'lifted', 'over', operator);
  expect(stopped()).toEqual([false, false, false]);
  await expect(environment.thaw('all', 'lifted', 'again', operator)).rejects.toMatchObject({ code: 'conflict' });
  expect((await environment.history(10)).map((change) => change.state)).toEqual([...FREEZE_STAGES].reverse());
});

test('C5: each change needs a reason, and a target that exists as a form', async () => {
  const { environment, operator, audit } = await setUp();
  await expect(environment.freeze('all', '  ', operator)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(environment.freeze('everything', 'x', operator)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(environment.incident('on', '', operator)).rejects.toMatchObject({ code: 'bad_request' });
  expect(audit.drafts).toEqual([]);
});

test('C5: an incident is on until it is off', async () => {
  const { environment, operator } = await setUp();
  await environment.incident('on', 'breach', operator);
  expect(environment.facts().incident).toBe(true);
  await environment.incident('off', 'over', operator);
  expect(environment.facts().incident).toBe(false);
});

test('C5: a maintenance window opens and closes by itself, can be moved and called off, and is on record', async () => {
  const { environment, clock, operator, audit } = await setUp();
  const window = { from: new Date('2026-11-20T11:00:00Z'), until: new Date('2026-11-20T12:00:00Z') };
  await environment.maintain('tool:refund', window, 'database upgrade', operator);
  expect(environment.facts().maintenance).toEqual([]);
  expect(environment.current()).toMatchObject([
    { subject: 'maintenance:tool:refund', until: '2026-11-20T12:00:00.000Z' },
  ]);
  clock.advance(3_600_000);
  await environment.refresh();
  expect(environment.facts().maintenance).toEqual(['tool:refund']);
  clock.advance(3_600_000);
  await environment.refresh();
  expect(environment.facts().maintenance).toEqual([]);
  expect(environment.current()).toEqual([]);
  await expect(environment.endMaintenance('tool:refund', 'done', operator)).rejects.toMatchObject({ code: 'conflict' });

  const later = { from: clock.now(), until: new Date('2026-11-20T20:00:00Z') };
  await environment.maintain('all', later, 'network', operator);
  expect(environment.facts().maintenance).toEqual(['all']);
  await environment.endMaintenance('all', 'done early', operator);
  expect(environment.facts().maintenance).toEqual([]);
  expect(audit.of('environment.changed').map(({ data }) => [data.subject, data.state, data.from])).toEqual([
    ['maintenance:tool:refund', 'on', '2026-11-20T11:00:00.000Z'],
    ['maintenance:all', 'on', '2026-11-20T12:00:00.000Z'],
    ['maintenance:all', 'off', null],
  ]);
});

test.each([
  ['principal:prn_ada', '2026-11-20T11:00:00Z', '2026-11-20T12:00:00Z'],
  ['refund', '2026-11-20T11:00:00Z', '2026-11-20T12:00:00Z'],
  ['all', '2026-11-20T12:00:00Z', '2026-11-20T11:00:00Z'],
  ['all', '2026-11-20T08:00:00Z', '2026-11-20T09:00:00Z'],
  ['all', '2026-11-20T11:00:00Z', '2027-11-20T11:00:00Z'],
])('C5: there is no maintenance window for %s from %s until %s', async (target, from, until) => {
  const { environment, operator, audit } = await setUp();
  const window = { from: new Date(from), until: new Date(until) };
  await expect(environment.maintain(target, window, 'why', operator)).rejects.toMatchObject({ code: 'bad_request' });
  expect(audit.drafts).toEqual([]);
});

test.each([
  ['2026-11-20T12:00:00Z', '2026-11-20T11:00:00Z', 'is not after `from`'],
  ['2026-11-20T08:00:00Z', '2026-11-20T09:00:00Z', 'is not in the future'],
])('I2: a maintenance window with bad times names the field and its fault: %s to %s', async (from, until, fault) => {
  const { environment, operator } = await setUp();
  const window = { from: new Date(from), until: new Date(until) };
  await expect(environment.maintain('all', window, 'why', operator)).rejects.toMatchObject({
    detail: expect.stringContaining(fault),
    errors: [{ path: 'until', message: fault }],
  });
});

test('C5: an outage is told once, by the system, and ends once', async () => {
  const { environment, audit, make } = await setUp();
  const other = make();
  await environment.outage('claude', 'on', 'eight failures in a row');
  await other.outage('claude', 'on', 'eight failures in a row');
  expect(other.facts().outages).toEqual(['claude']);
  await other.outage('claude', 'off', 'it answers again');
  await environment.outage('claude', 'off', 'it answers again');
  expect(environment.facts().outages).toEqual([]);
  expect(audit.of('environment.changed').map(({ actor, outcome }) => [actor.kind, outcome])).toEqual([
    ['system', 'on'],
    ['system', 'off'],
  ]);
});

test('C5: another process sees a freeze once it looks', async () => {
  const { environment, make, operator } = await setUp();
  const other = make();
  await other.refresh();
  await environment.freeze('workflow:refund', 'x', operator);
  expect(other.facts(HIGH).freezes).toEqual([]);
  await other.refresh();
  expect(other.facts(HIGH).freezes).toEqual(['workflow:refund']);
});

test('C5 F6: what was decided before a freeze is known to be out of date', async () => {
  const { environment, make, operator, store } = await setUp();
  const other = make();
  await other.refresh();
  const { tx } = memoryUnitOfWork(store);
  expect(await other.isCurrent(tx)).toBe(true);
  await environment.freeze('all', 'x', operator);
  expect(await other.isCurrent(tx)).toBe(false);
  await other.refresh();
  expect(await other.isCurrent(tx)).toBe(true);
});

test('C4 INV2: where the state cannot be read any more, everything is frozen', async () => {
  const { environment, clock, make } = await setUp();
  expect(make().facts(READ).freezes).toEqual(['all']);
  clock.advance(STALE_MS);
  expect(environment.facts(READ).freezes).toEqual([]);
  clock.advance(1);
  expect(environment.facts(READ).freezes).toEqual(['all']);
  await environment.refresh();
  expect(environment.facts(READ).freezes).toEqual([]);
});

test('C4: who may wait reads what is too old to judge by, and is not told of a freeze where it cannot', async () => {
  const { environment, clock, store } = await setUp();
  const look = vi.spyOn(store, 'current');
  await environment.freshen();
  expect(look).not.toHaveBeenCalled();
  clock.advance(STALE_MS + 1);
  look.mockRejectedValueOnce(new Error('away'));
  await expect(environment.freshen()).rejects.toThrow('away');
  expect(environment.facts(READ).freezes).toEqual(['all']);
  await environment.freshen();
  expect(environment.facts(READ).freezes).toEqual([]);
});

test('G3: a freeze that cannot be recorded does not happen', async () => {
  const { environment, operator, audit } = await setUp();
  audit.failWith(new Error('full'));
  await expect(environment.freeze('all', 'x', operator)).rejects.toThrow('full');
  await environment.refresh();
  expect(environment.facts(HIGH).freezes).toEqual([]);
});
