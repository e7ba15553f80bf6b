import { createApprovals } from '@portreeve/approve';
import {
  approvalStoreContract,
  testDecision,
  testPerson,
  testProposal,
  testSigners,
  testVerdict,
} from '@portreeve/approve/testing';
import { type Approval, fixedClock } from '@portreeve/contract';
import { memoryAuditWriter } from '@portreeve/contract/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { approvalStore } from './approvals.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

approvalStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: approvalStore(database, testSealing(database)), uow: database, close };
});

const clock = fixedClock('2026-11-02T09:00:00.000Z');
const rita = testPerson(clock, 'rita');
const voters = Array.from({ length: 8 }, (_, i) => testPerson(clock, `voter-${i}`));

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db?.close());

async function open(quorum: number) {
  const audit = memoryAuditWriter();
  const closings: Approval[] = [];
  const approvals = createApprovals({
    store: approvalStore(db.database, testSealing(db.database)),
    uow: db.database,
    audit,
    signers: testSigners(rita, ...voters),
    clock,
    onClosed: async (_tx, approval) => void closings.push(approval),
  });
  const proposal = testProposal(clock, rita.principal);
  const approval = await db.database.transaction((tx) =>
    approvals.request(tx, {
      proposal,
      decision: testDecision(clock),
      demands: [{ groups: ['security'], quorum }],
      timeout_minutes: 60,
      preview: null,
    }),
  );
  return { approvals, approval, proposal, audit, closings };
}

test('F4 (SPEC 8): of eight simultaneous approvals three close it, once, and the rest come too late', async () => {
  const { approvals, approval, proposal, audit, closings } = await open(3);
  const signed = await Promise.all(voters.map((voter) => testVerdict(clock, approval, voter, 'approve')));
  const results = await Promise.allSettled(voters.map((voter, i) => approvals.decide(signed[i]!, voter.principal)));
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
  expect(reasons).toEqual(Array(5).fill('approval_closed'));
  expect(closings.map(({ state }) => state)).toEqual(['approved']);
  expect(audit.of('approval.verdict')).toHaveLength(3);
  expect(audit.of('approval.refused_verdict')).toHaveLength(5);
  expect(await approvals.recheck(approval, proposal)).toMatchObject({ valid: true, groups: ['security'] });
});

test('F4 (SPEC 6): one person voting many times at once counts once', async () => {
  const { approvals, approval, closings } = await open(2);
  const [voter] = voters;
  const signed = await Promise.all(Array.from({ length: 4 }, () => testVerdict(clock, approval, voter!, 'approve')));
  const results = await Promise.allSettled(signed.map((verdict) => approvals.decide(verdict, voter!.principal)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(closings).toEqual([]);
  expect((await approvals.get(approval.id))?.verdicts).toHaveLength(1);
});

test('F4 (SPEC 3, 8): an approval, a denial and a withdrawal at once: one of them ends it', async () => {
  const { approvals, approval, closings } = await open(1);
  const [one, other] = voters;
  const [yes, no] = [
    await testVerdict(clock, approval, one!, 'approve'),
    await testVerdict(clock, approval, other!, 'deny'),
  ];
  const results = await Promise.allSettled([
    approvals.decide(yes, one!.principal),
    approvals.decide(no, other!.principal),
    approvals.withdraw(approval.id, rita.principal),
  ]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(closings).toHaveLength(1);
  expect((await approvals.get(approval.id))?.state).toBe(closings[0]?.state);
});

test('SPEC 7: where the record cannot be written, the verdict is not in the database', async () => {
  const { approvals, approval, audit } = await open(1);
  audit.failWith(new Error('the log is away'));
  const signed = await testVerdict(clock, approval, voters[0]!, 'approve');
  await expect(approvals.decide(signed, voters[0]!.principal)).rejects.toThrow('the log is away');
  expect(await approvals.get(approval.id)).toEqual(approval);
});

test('F4 (SPEC 4): what is due is expired by one of two that look at the same time', async () => {
  const { approvals, approval, closings } = await open(1);
  clock.advance(60 * 60_000);
  const ids = (await Promise.all([approvals.expireDue(), approvals.expireDue()])).flat();
  expect(ids.filter((id) => id === approval.id)).toEqual([approval.id]);
  expect(closings.filter(({ id }) => id === approval.id)).toHaveLength(1);
  expect((await approvals.get(approval.id))?.state).toBe('expired');
});
