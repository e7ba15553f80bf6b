import { type Approval, fixedClock, isPortreeveError, type VerdictStatement } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createApprovals } from './index.ts';
import {
  memoryApprovalStore,
  testDecision,
  testPerson,
  testProposal,
  testSigners,
  testVerdict,
} from './testing/index.ts';

const START = '2026-11-02T09:00:00.000Z';
const clock = fixedClock(START);
const eligible = ['ana', 'bo', 'cy', 'di'].map((name) => testPerson(clock, name));
const requester = testPerson(clock, 'rita');
const actor = testPerson(clock, 'helper');
/** Of a group that only some approvals ask. */
const olga = testPerson(clock, 'olga', { groups: ['finance'] });
const ineligible = [
  requester,
  actor,
  olga,
  testPerson(clock, 'rob', { roles: ['admin'] }),
  testPerson(clock, 'robot', { kind: 'service' }),
];
const people = [...eligible, ...ineligible];
const FAULTS = ['digest', 'signed_at', 'key', 'flip', 'relay'] as const;

const voteStep = fc.record({
  kind: fc.constant('vote' as const),
  person: fc.nat(people.length - 1),
  verdict: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'deny' as const),
  fault: fc.option(fc.constantFrom(...FAULTS), { nil: null, freq: 4 }),
});
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: voteStep },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(1, 15, 30, 60) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'expire' as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), person: fc.nat(people.length - 1) }) },
  ),
  { minLength: 2, maxLength: 16, size: 'max' },
);

type Step = (typeof steps extends fc.Arbitrary<infer Steps> ? Steps : never)[number];
const votes = (person: number, verdict: 'approve' | 'deny' = 'approve'): Step => ({
  kind: 'vote',
  person,
  verdict,
  fault: null,
});
/** One way to each state, so that none is left to chance. */
const EXAMPLES: [number, boolean, Step[]][] = [
  [2, false, [votes(0), votes(0), votes(1), votes(2)]],
  [1, true, [votes(0), votes(1), votes(6)]],
  [2, false, [votes(0), votes(1, 'deny'), votes(2)]],
  [1, false, [{ kind: 'wait', minutes: 60 }, votes(0), { kind: 'expire' }, votes(1)]],
  [1, false, [votes(4), votes(5), { kind: 'withdraw', person: 0 }, { kind: 'withdraw', person: 4 }, votes(0)]],
  [4, false, [votes(0), votes(1), votes(2)]],
];

test('F4, F5: whatever happens, only enough distinct, eligible people who did not ask can approve, and in time', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.boolean(), steps, async (quorum, finance, sequence) => {
      clock.set(START);
      const store = memoryApprovalStore();
      const audit = memoryAuditWriter();
      const uow = memoryUnitOfWork(store, audit);
      const closings: Approval[] = [];
      const signers = testSigners(...people);
      const approvals = createApprovals({
        store,
        uow,
        audit,
        signers,
        clock,
        onClosed: async (_tx, approval) => void closings.push(approval),
      });
      const proposal = testProposal(clock, {
        ...requester.principal,
        act: [{ id: actor.principal.id, kind: 'person' }],
      });
      const opened = await uow.transaction((tx) =>
        approvals.request(tx, {
          proposal,
          decision: testDecision(clock),
          demands: [{ groups: ['security'], quorum }, ...(finance ? [{ groups: ['finance'], quorum: 1 }] : [])],
          timeout_minutes: 60,
          preview: null,
        }),
      );

      // The model: what an honest reader of the rules expects, kept apart from the code under test.
      const approving = new Set<string>();
      const may = finance ? [...eligible, olga] : eligible;
      const isMet = () => {
        const security = eligible.filter(({ principal }) => approving.has(principal.id)).length;
        return security >= quorum && (!finance || approving.has(olga.principal.id));
      };
      let state = 'pending';
      let expires = false;
      const overdue = () => clock.now().getTime() >= Date.parse(opened.expires_at);

      for (const step of sequence) {
        if (step.kind === 'wait') {
          clock.advance(step.minutes * 60_000);
          continue;
        }
        if (step.kind === 'expire') {
          await approvals.expireDue();
          if (state === 'pending' && overdue()) state = 'expired';
        }
        if (step.kind === 'withdraw') {
          const { principal } = people[step.person]!;
          const asked = [requester, actor].some((person) => person.principal.id === principal.id);
          const done = await accepted(approvals.withdraw(opened.id, principal));
          expires = state === 'pending' && overdue();
          expect(done).toBe(asked && state === 'pending' && !expires);
          if (asked && state === 'pending') state = expires ? 'expired' : 'withdrawn';
        }
        if (step.kind === 'vote') {
          const person = people[step.person]!;
          const { id } = person.principal;
          const done = await accepted(vote(step.fault, step.person, step.verdict));
          const counts = step.fault === null && may.includes(person) && !approving.has(id);
          expires = state === 'pending' && overdue();
          expect(done).toBe(state === 'pending' && !expires && counts);
          if (expires) state = 'expired';
          else if (done && step.verdict === 'deny') state = 'denied';
          else if (done) {
            approving.add(id);
            if (isMet()) state = 'approved';
          }
        }
        const now = (await approvals.get(opened.id))!;
        expect(now.state).toBe(state);
        expect(closings).toHaveLength(state === 'pending' ? 0 : 1);
        expect(audit.of('approval.closed')).toHaveLength(closings.length);
        expect((await approvals.recheck(opened, proposal)).valid).toBe(state === 'approved');
        if (state === 'approved') {
          const approvers = new Set(now.verdicts.map(({ statement }) => statement.approver));
          expect(approvers.size).toBeGreaterThanOrEqual(quorum);
          for (const approver of approvers)
            expect(may.some((candidate) => candidate.principal.id === approver)).toBe(true);
        }
      }
      seen.set(state, (seen.get(state) ?? 0) + 1);

      async function vote(fault: (typeof FAULTS)[number] | null, index: number, verdict: 'approve' | 'deny') {
        const person = people[index]!;
        const fields: Partial<VerdictStatement> = {
          ...(fault === 'digest' ? { proposal_digest: `sha256:${'0'.repeat(64)}` as const } : {}),
          ...(fault === 'signed_at' ? { signed_at: new Date(clock.now().getTime() + 601_000).toISOString() } : {}),
        };
        const other = people[(index + 1) % people.length]!;
        const signer = fault === 'key' ? { ...person, signer: other.signer } : person;
        const signed = await testVerdict(clock, opened, signer, verdict, fields);
        if (fault === 'flip') signed.statement.verdict = verdict === 'approve' ? 'deny' : 'approve';
        return approvals.decide(signed, fault === 'relay' ? other.principal : person.principal);
      }
    }),
    { numRuns: 150, examples: EXAMPLES },
  );
  // If this failed, the model above no longer knows a state that an approval can end in: the examples reach each.
  expect([...seen.keys()].sort()).toEqual(['approved', 'denied', 'expired', 'pending', 'withdrawn']);
});

async function accepted(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    (error: unknown) => {
      if (isPortreeveError(error)) return false;
      throw error;
    },
  );
}
