import { type Approval, fixedClock, isPortreeveError, type Principal, type Proposal } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { type ApprovalDelegations, type Approvals, createApprovalDelegations, createApprovals } from './index.ts';
import {
  memoryApprovalStore,
  memoryDelegationStore,
  type TestPerson,
  testDecision,
  testPerson,
  testProposal,
  testSigners,
  testVerdict,
} from './testing/index.ts';

const START = '2026-11-02T09:00:00.000Z';
const TOMORROW = '2026-11-03T09:00:00.000Z';
const clock = fixedClock(START);
const rita = testPerson(clock, 'rita', { roles: ['requester', 'approver'] });
const ana = testPerson(clock, 'ana');
const bo = testPerson(clock, 'bo', { groups: ['legal'] });
const cy = testPerson(clock, 'cy', { groups: [] });
const reader = testPerson(clock, 'rob', { roles: ['auditor'] });
const people = [rita, ana, bo, cy, reader];

let approvals: Approvals;
let delegations: ApprovalDelegations;
let uow: ReturnType<typeof memoryUnitOfWork>;
let audit: ReturnType<typeof memoryAuditWriter>;
let now: Map<string, Principal>;
let frozen: Set<string>;
let kept: ReturnType<typeof memoryDelegationStore>;

beforeEach(() => {
  clock.set(START);
  const store = memoryApprovalStore();
  kept = memoryDelegationStore();
  frozen = new Set();
  audit = memoryAuditWriter();
  uow = memoryUnitOfWork(store, kept, audit);
  now = new Map(people.map(({ principal }) => [principal.id as string, principal]));
  const stage = { uow, audit, clock };
  const standing = { delegations: kept, whoIs: async (id: string) => now.get(id) ?? null };
  delegations = createApprovalDelegations({ ...stage, ...standing });
  const isFrozen = async (id: string) => frozen.has(id);
  approvals = createApprovals({ ...stage, store, isFrozen, signers: testSigners(...people), delegations: standing });
});

const proposal = testProposal(clock, rita.principal);
const open = (quorum = 1): Promise<Approval> => openFor(testProposal(clock, rita.principal), quorum);
const openFor = (asked: Proposal, quorum = 1): Promise<Approval> =>
  uow.transaction((tx) =>
    approvals.request(tx, {
      proposal: asked,
      decision: testDecision(clock),
      demands: [{ groups: ['security'], quorum }],
      timeout_minutes: 60,
      preview: null,
    }),
  );
const vote = async (approval: Approval, person: TestPerson) =>
  approvals.decide(await testVerdict(clock, approval, person, 'approve'), person.principal);
const let_ = (from: TestPerson, to: TestPerson, groups = ['security'], until = TOMORROW) =>
  delegations.delegate({ delegate: to.principal.id, groups, until, reason: 'on leave' }, from.principal);
async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}

describe('F4: deciding in another\u2019s place', () => {
  test('counts for the groups passed on, until the day, and is on record', async () => {
    const approval = await open();
    expect(await codeOf(vote(approval, bo))).toBe('approver_not_eligible');
    await let_(ana, bo);
    expect(await approvals.groupsFor(bo.principal)).toEqual(['legal', 'security']);
    expect((await vote(approval, bo)).state).toBe('approved');
    expect(audit.of('approval.delegated')[0]?.data).toMatchObject({ delegate: bo.principal.id, until: TOMORROW });
    expect(audit.of('approval.stood_in')[0]).toMatchObject({
      actor: { id: bo.principal.id },
      refs: { approval: approval.id },
      data: { in_place_of: ana.principal.id, verdict: 'approve' },
    });
    const late = await open();
    clock.set('2026-11-03T08:30:00.000Z');
    const again = await open();
    clock.set(TOMORROW);
    expect(await codeOf(vote(again, bo))).toBe('approver_not_eligible');
    expect(late.state).toBe('pending');
  });

  test('one voice counts once, whoever lends a hand to it', async () => {
    const approval = await open(2);
    await let_(ana, bo);
    await vote(approval, bo);
    expect(await codeOf(vote(approval, ana))).toBe('already_voted');
    const other = await open(2);
    await vote(other, ana);
    expect(await codeOf(vote(other, bo))).toBe('approver_not_eligible');
    await let_(ana, cy);
    expect(await codeOf(vote(approval, cy))).toBe('approver_not_eligible');
  });

  test('who asked lets nobody decide in their place', async () => {
    await let_(rita, bo);
    expect(await codeOf(vote(await open(), bo))).toBe('approver_not_eligible');
  });

  test('what was passed on goes with the right: a group or role that its owner has lost, or an account that is gone', async () => {
    await let_(ana, bo);
    for (const over of [{ groups: [] }, { roles: ['requester' as const] }]) {
      now.set(ana.principal.id, { ...ana.principal, ...over });
      expect(await codeOf(vote(await open(), bo))).toBe('approver_not_eligible');
    }
    now.delete(ana.principal.id);
    expect(await codeOf(vote(await open(), bo))).toBe('approver_not_eligible');
  });

  test('C5: a freeze of its giver ends it, and takes the voice that was lent or given before', async () => {
    await let_(ana, bo);
    const [lent, own] = [testProposal(clock, rita.principal), testProposal(clock, rita.principal)];
    const [first, second] = [await openFor(lent), await openFor(own)];
    await vote(first, bo);
    await vote(second, ana);
    const rechecked = async () => [await approvals.recheck(first, lent), await approvals.recheck(second, own)];
    expect(await rechecked()).toMatchObject([{ valid: true }, { valid: true }]);
    frozen.add(ana.principal.id);
    const silent = { valid: false, approvers: [] };
    expect(await rechecked()).toMatchObject([silent, silent]);
    expect(await codeOf(vote(await open(), bo))).toBe('approver_not_eligible');
    expect(await approvals.groupsFor(bo.principal)).toEqual(['legal']);
  });

  test('F4: one that is ended while a verdict is on its way counts for nothing: it is read again under the lock', async () => {
    const approval = await open();
    const { id } = await let_(ana, bo);
    const { activeFor } = kept;
    kept.activeFor = async (delegate, at, tx) => {
      const found = await activeFor(delegate, at, tx);
      if (!tx) await delegations.end(id, ana.principal);
      return found;
    };
    expect(await codeOf(vote(approval, bo))).toBe('approver_not_eligible');
  });

  test('F4: an amendment in another’s place says so', async () => {
    const approval = await open();
    await let_(ana, bo);
    const closed = await uow.transaction((tx) => approvals.closeAmended(tx, approval.id, bo.principal));
    if (isPortreeveError(closed)) throw closed;
    expect(closed.records).toMatchObject([
      { type: 'approval.closed' },
      { type: 'approval.stood_in', data: { in_place_of: ana.principal.id, verdict: 'amend' } },
    ]);
  });

  test('it is not passed on further, and each of the two can end it, once', async () => {
    await let_(ana, bo);
    expect(await codeOf(let_(bo, cy))).toBe('refused');
    const { id } = await let_(ana, cy);
    expect(await codeOf(delegations.end(id, bo.principal))).toBe('not_found');
    await delegations.end(id, cy.principal);
    expect(await codeOf(delegations.end(id, ana.principal))).toBe('conflict');
    expect(await codeOf(vote(await open(), cy))).toBe('approver_not_eligible');
    expect(audit.of('approval.delegation_ended')[0]?.data).toEqual({ delegation: id });
    expect(await delegations.of(ana.principal.id)).toHaveLength(2);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['groups that are not one\u2019s own', () => let_(ana, bo, ['security', 'legal']), 'refused'],
    ['no group', () => let_(ana, bo, []), 'refused'],
    ['to oneself', () => let_(ana, ana), 'refused'],
    ['to somebody who is no approver', () => let_(ana, reader), 'refused'],
    ['without the role', () => let_(reader, bo), 'refused'],
    ['without an end in time', () => let_(ana, bo, ['security'], '2026-12-04T09:00:00.000Z'), 'bad_request'],
    ['with an end that was', () => let_(ana, bo, ['security'], START), 'bad_request'],
  ])('%s: not', async (_name, work, code) => {
    expect(await codeOf(work())).toBe(code);
    expect(audit.types()).toEqual([]);
  });

  test('F5: a store that says in whose place does not make two voices of one', async () => {
    const approval = await open(2);
    await let_(ana, bo);
    await vote(approval, bo);
    expect((await approvals.recheck(approval, proposal)).valid).toBe(false);
  });
});

describe('F4: reminders and escalation', () => {
  test('at half of its time the groups, near its end the owners: each once, and nobody may decide more', async () => {
    const approval = await open();
    clock.set('2026-11-02T09:29:59.000Z');
    expect(await approvals.nudgeDue()).toEqual([]);
    clock.set('2026-11-02T09:30:00.000Z');
    expect(await approvals.nudgeDue()).toEqual([approval.id]);
    expect(await approvals.nudgeDue()).toEqual([]);
    clock.set('2026-11-02T09:48:00.000Z');
    expect(await approvals.nudgeDue()).toEqual([approval.id]);
    expect(audit.of('approval.nudged').map(({ data }) => data.kind)).toEqual(['remind', 'escalate']);
    expect((await approvals.get(approval.id))?.groups).toEqual(['security']);
    clock.set('2026-11-02T10:00:00.000Z');
    expect(await approvals.expireDue()).toEqual([approval.id]);
  });

  test('what is closed, or over, is no longer asked about', async () => {
    const [closed, over] = [await open(), await open()];
    await vote(closed, ana);
    clock.set('2026-11-02T10:00:00.000Z');
    expect(await approvals.nudgeDue()).toEqual([]);
    expect((await approvals.get(over.id))?.state).toBe('pending');
  });
});
