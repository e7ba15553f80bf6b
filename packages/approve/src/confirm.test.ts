import {
  type Approval,
  fixedClock,
  isPortreeveError,
  type Principal,
  type Proposal,
  type VerdictKind,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { type ApprovalRequest, type Approvals, createApprovals } from './index.ts';
import {
  memoryApprovalStore,
  type TestPerson,
  testDecision,
  testPerson,
  testProposal,
  testSigners,
  testVerdict,
} from './testing/index.ts';

const clock = fixedClock('2026-11-02T09:00:00.000Z');
// Rita is an approver of the group too: her own confirmation must still be nobody's approval.
const rita = testPerson(clock, 'rita', { roles: ['requester', 'approver'] });
const [ana, bo, cy] = [testPerson(clock, 'ana'), testPerson(clock, 'bo'), testPerson(clock, 'cy')];

let store: ReturnType<typeof memoryApprovalStore>;
let audit: ReturnType<typeof memoryAuditWriter>;
let approvals: Approvals;
let proposal: Proposal;
let uow: ReturnType<typeof memoryUnitOfWork>;

beforeEach(() => {
  store = memoryApprovalStore();
  audit = memoryAuditWriter();
  uow = memoryUnitOfWork(store, audit);
  approvals = createApprovals({ store, uow, audit, signers: testSigners(rita, ana, bo, cy), clock });
  proposal = testProposal(clock, { ...rita.principal, act: [{ id: 'agent:incident-summary', kind: 'agent' }] });
});

const open = (fields: Partial<ApprovalRequest> = {}) =>
  uow.transaction((tx) =>
    approvals.request(tx, {
      ...{ proposal, decision: testDecision(clock), demands: [{ groups: ['security'], quorum: 1 }], confirm: true },
      ...{ timeout_minutes: 60, preview: null },
      ...fields,
    }),
  );
const give = async (approval: Approval, person: TestPerson, verdict: VerdictKind, as: Principal = person.principal) =>
  approvals.decide(await testVerdict(clock, approval, person, verdict), as);
async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}

describe('F4, SPEC 22: the acting user confirms', () => {
  test('alone: the person for whom the agent acts, and then it is approved by nobody else', async () => {
    const approval = await open({ demands: [] });
    expect(approval).toMatchObject({ confirm_by: rita.principal.id, quorum: 0, groups: [] });
    expect(audit.of('approval.requested')[0]?.data).toMatchObject({ confirm_by: rita.principal.id });
    expect((await give(approval, rita, 'confirm')).state).toBe('approved');
    expect(await approvals.recheck(approval, proposal)).toMatchObject({
      valid: true,
      confirmed: true,
      approvers: [],
      groups: [],
    });
  });

  test.each([
    [
      ['confirm', 'approve'],
      ['pending', 'approved'],
    ],
    [
      ['approve', 'confirm'],
      ['pending', 'approved'],
    ],
  ] as const)('both together, in either order: %j', async (order, states) => {
    const approval = await open();
    for (const [index, verdict] of order.entries())
      expect((await give(approval, verdict === 'confirm' ? rita : ana, verdict)).state).toBe(states[index]);
    expect(await approvals.recheck(approval, proposal)).toMatchObject({
      valid: true,
      confirmed: true,
      approvers: [ana.principal.id],
      groups: ['security'],
    });
  });

  test('a confirmation never counts toward the quorum of others, and a quorum is no confirmation', async () => {
    const approval = await open({ demands: [{ groups: ['security'], quorum: 2 }] });
    expect((await give(approval, rita, 'confirm')).state).toBe('pending');
    expect((await give(approval, ana, 'approve')).state).toBe('pending');
    expect(await codeOf(give(approval, rita, 'approve'))).toBe('approver_is_requester');
    expect(await codeOf(give(approval, rita, 'confirm'))).toBe('already_voted');
    expect((await give(approval, bo, 'approve')).state).toBe('approved');
    proposal = testProposal(clock, rita.principal);
    const unconfirmed = await open({ demands: [{ groups: ['security'], quorum: 2 }] });
    for (const person of [ana, bo, cy]) expect((await give(unconfirmed, person, 'approve')).state).toBe('pending');
  });

  test('agents can never confirm, and neither can anybody else', async () => {
    const approval = await open({ demands: [] });
    const helped = { ...rita.principal, act: [{ id: 'agent:incident-summary', kind: 'agent' as const }] };
    const cases: [TestPerson, Principal][] = [
      [rita, helped],
      [rita, { ...rita.principal, kind: 'agent' }],
      [rita, { ...rita.principal, kind: 'service' }],
      [ana, ana.principal],
    ];
    for (const [person, as] of cases)
      expect(await codeOf(give(approval, person, 'confirm', as))).toBe('approver_not_eligible');
    expect(await codeOf(give(approval, ana, 'confirm', rita.principal))).toBe('bad_signature');
    expect(await codeOf(give(approval, ana, 'approve'))).toBe('approver_not_eligible');
    expect((await approvals.get(approval.id))?.verdicts).toEqual([]);
  });

  test('where nobody is asked to confirm, nobody can', async () => {
    const approval = await open({ confirm: false });
    expect(await codeOf(give(approval, rita, 'confirm'))).toBe('approver_not_eligible');
    expect((await give(approval, ana, 'approve')).state).toBe('approved');
    expect(await approvals.recheck(approval, proposal)).toMatchObject({ valid: true, confirmed: false });
  });

  test('a denial by one of the others ends it, confirmed or not', async () => {
    const approval = await open();
    await give(approval, rita, 'confirm');
    expect((await give(approval, ana, 'deny')).state).toBe('denied');
  });

  test('it is signed as well as the approvals', async () => {
    const approval = await open({ signature: 'passkey' });
    expect(await codeOf(give(approval, rita, 'confirm'))).toBe('signature_too_weak');
  });

  test('no approval is opened that asks a service to confirm', async () => {
    proposal = testProposal(clock, { ...rita.principal, kind: 'service' });
    await expect(open()).rejects.toThrow(/no person/);
  });

  test('SPEC 9: the recheck believes no row: another confirmer, an approval in its place, one by itself', async () => {
    const approval = await open();
    await give(approval, rita, 'confirm');
    await give(approval, ana, 'approve');
    const valid = async () => (await approvals.recheck(approval, proposal)).valid;
    expect(await valid()).toBe(true);
    const kept = (await store.get(approval.id))!;
    const changes: Parameters<typeof store.tamper>[1][] = [
      (row) => ({ ...row, confirm_by: ana.principal.id }),
      (row) => ({ ...row, confirm_by: null }),
      (row) => ({ ...row, verdicts: row.verdicts.slice(0, 1) }),
      (row) => ({ ...row, verdicts: row.verdicts.slice(1) }),
      (row) => ({ ...row, quorum: 0, groups: [], demands: [], verdicts: [] }),
      (row) => ({ ...row, verdicts: row.verdicts.map((each) => ({ ...each, in_place_of: bo.principal.id })) }),
    ];
    for (const change of changes) {
      store.tamper(approval.id, change);
      expect(await valid()).toBe(false);
      store.tamper(approval.id, () => kept);
    }
    expect(await valid()).toBe(true);
  });
});
