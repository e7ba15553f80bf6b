import {
  type Approval,
  asId,
  fixedClock,
  isPortreeveError,
  type Principal,
  type Proposal,
  proposalDigest,
  type SignedVerdict,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { type ApprovalRequest, type Approvals, createApprovals, signVerdict } from './index.ts';
import {
  memoryApprovalStore,
  type TestPerson,
  testDecision,
  testPerson,
  testProposal,
  testSigners,
  testVerdict,
} from './testing/index.ts';

const START = '2026-11-02T09:00:00.000Z';
const clock = fixedClock(START);
const rita = testPerson(clock, 'rita', { roles: ['requester', 'approver'] });
const [ana, bo, cy] = [testPerson(clock, 'ana'), testPerson(clock, 'bo'), testPerson(clock, 'cy')];
const lea = testPerson(clock, 'lea', { groups: ['legal'] });
const bea = testPerson(clock, 'bea', { groups: ['legal', 'security'] });
const outsider = testPerson(clock, 'olga', { groups: ['finance'] });
const reader = testPerson(clock, 'rob', { roles: ['requester', 'operator', 'auditor', 'admin'] });
const machine = testPerson(clock, 'robot', { kind: 'service' });
const helper = testPerson(clock, 'helper');
const people = [rita, ana, bo, cy, lea, bea, outsider, reader, machine, helper];

let store: ReturnType<typeof memoryApprovalStore>;
let audit: ReturnType<typeof memoryAuditWriter>;
let uow: ReturnType<typeof memoryUnitOfWork>;
let approvals: Approvals;
let closed: Approval[];
let onClosed: () => void;
let proposal: Proposal;

beforeEach(() => {
  clock.set(START);
  store = memoryApprovalStore();
  audit = memoryAuditWriter();
  uow = memoryUnitOfWork(store, audit);
  closed = [];
  onClosed = () => undefined;
  approvals = createApprovals({
    store,
    uow,
    audit,
    signers: testSigners(...people),
    clock,
    onClosed: async (_tx, approval) => {
      onClosed();
      closed.push(approval);
    },
  });
  proposal = testProposal(clock, {
    ...rita.principal,
    act: [
      { id: 'agent:incident-summary', kind: 'agent' },
      { id: helper.principal.id, kind: 'person' },
    ],
  });
});

const of = (quorum: number, ...groups: string[]) => [{ groups: groups.length > 0 ? groups : ['security'], quorum }];
const open = (fields: Partial<ApprovalRequest> = {}) => {
  const how = { demands: of(1), timeout_minutes: 60, preview: null };
  const request = { proposal, decision: testDecision(clock), ...how };
  return uow.transaction((tx) => approvals.request(tx, { ...request, ...fields }));
};
type Fields = Parameters<typeof testVerdict>[4];
const vote = async (approval: Approval, person: TestPerson, verdict: 'approve' | 'deny' = 'approve', fields?: Fields) =>
  approvals.decide(await testVerdict(clock, approval, person, verdict, fields), person.principal);

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}

describe('request', () => {
  test('F3, F4: an approval opens on the proposal\u2019s digest, with everybody who asked, and is recorded', async () => {
    const approval = await open({ demands: of(2, 'security', 'legal', 'security') });
    expect(approval).toMatchObject({
      proposal: proposal.id,
      proposal_digest: proposalDigest(proposal),
      requesters: [rita.principal.id, 'agent:incident-summary', helper.principal.id],
      groups: ['legal', 'security'],
      quorum: 2,
      state: 'pending',
      expires_at: '2026-11-02T10:00:00.000Z',
    });
    expect(await approvals.get(approval.id)).toEqual(approval);
    expect(audit.of('approval.requested')[0]).toMatchObject({
      actor: { id: rita.principal.id },
      refs: { approval: approval.id, proposal: proposal.id, run: proposal.run, tool: proposal.tool },
      data: { proposal_digest: proposal.digest, quorum: 2 },
    });
  });

  test('SPEC 10: asked again for the same proposal, it is the same approval and one record', async () => {
    const first = await open();
    expect(await open({ demands: of(3) })).toEqual(first);
    expect(audit.types()).toEqual(['approval.requested']);
  });

  test('SPEC 10: a proposal whose content is not its digest, or whose id has other content, opens nothing', async () => {
    expect(await codeOf(open({ proposal: { ...proposal, args: { case: 'C-2' } } }))).toBe('digest_mismatch');
    await open();
    const changed = { ...proposal, args: { case: 'C-2' } };
    expect(await codeOf(open({ proposal: { ...changed, digest: proposalDigest(changed) } }))).toBe('conflict');
  });

  test.each([
    { demands: [] },
    { demands: [{ groups: [], quorum: 1 }] },
    { demands: of(0) },
    { demands: of(1.5) },
    { timeout_minutes: Number.NaN },
  ])('one that anybody, nobody or never could close is a bug: %j', async (fields) => {
    await expect(open(fields)).rejects.toThrow();
    expect(audit.drafts).toEqual([]);
  });
});

describe('decide', () => {
  test('F4, F5: one signed approval of one closes it, and the record holds the whole verdict', async () => {
    const approval = await open();
    const signed = await testVerdict(clock, approval, ana, 'approve');
    const after = await approvals.decide(signed, ana.principal);
    expect(after).toMatchObject({ state: 'approved', closed_at: START, verdicts: [signed] });
    expect(await approvals.get(approval.id)).toEqual(after);
    expect(closed).toEqual([after]);
    expect(after.verdicts.map(({ statement }) => statement.approver)).toEqual([ana.principal.id]);
    expect(audit.types()).toEqual(['approval.requested', 'approval.verdict', 'approval.closed']);
    expect(audit.of('approval.verdict')[0]).toMatchObject({ outcome: 'approve', data: { verdict: signed } });
    expect(audit.of('approval.closed')[0]).toMatchObject({
      outcome: 'approved',
      data: { state: 'approved', by: 'person' },
    });
  });

  test('F4 (SPEC 2): two rules that ask different groups are both met, by people of each', async () => {
    const wanted = [...of(2, 'security'), ...of(1, 'legal')];
    const approval = await open({ demands: wanted });
    expect(approval).toMatchObject({
      demands: [...of(1, 'legal'), ...of(2)],
      groups: ['legal', 'security'],
      quorum: 2,
    });
    expect(audit.of('approval.requested')[0]?.data).toMatchObject({ demands: approval.demands });
    expect((await vote(approval, ana)).state).toBe('pending');
    expect((await vote(approval, bo)).state).toBe('pending');
    expect((await vote(approval, lea)).state).toBe('approved');

    const other = await open({ proposal: testProposal(clock, rita.principal), demands: wanted });
    expect((await vote(other, bea)).state).toBe('pending');
    expect((await vote(other, lea)).state).toBe('pending');
    expect((await vote(other, bo)).state).toBe('approved');
  });

  test('F4 (SPEC 2): a quorum is of different people', async () => {
    const approval = await open({ demands: of(2) });
    expect((await vote(approval, ana)).state).toBe('pending');
    expect(await codeOf(vote(approval, ana))).toBe('already_voted');
    expect(closed).toEqual([]);
    expect((await vote(approval, bo)).state).toBe('approved');
    expect(closed).toHaveLength(1);
  });

  test('F4 (SPEC 3): one denial closes it, whoever has approved before', async () => {
    const approval = await open({ demands: of(3) });
    await vote(approval, ana);
    expect((await vote(approval, bo, 'deny')).state).toBe('denied');
    expect(await codeOf(vote(approval, cy))).toBe('approval_closed');
    expect(closed.map(({ state }) => state)).toEqual(['denied']);
  });

  const agentOf = (person: TestPerson): Principal => ({
    ...person.principal,
    act: [{ id: 'agent:assistant', kind: 'agent' }],
  });
  const otherDigest = `sha256:${'0'.repeat(64)}`;
  const refusals: [string, string, (approval: Approval) => Promise<Approval>][] = [
    ['F4: who asked', 'approver_is_requester', (approval) => vote(approval, rita)],
    ['F4: who acted for who asked', 'approver_is_requester', (approval) => vote(approval, helper)],
    ['F4: somebody outside the groups', 'approver_not_eligible', (approval) => vote(approval, outsider)],
    ['F4: a member without the role', 'approver_not_eligible', (approval) => vote(approval, reader)],
    ['F4: a service', 'approver_not_eligible', (approval) => vote(approval, machine)],
    [
      'F4: an agent with an approver\u2019s credential',
      'approver_not_eligible',
      async (approval) => approvals.decide(await testVerdict(clock, approval, ana, 'approve'), agentOf(ana)),
    ],
    [
      'F5: a verdict that another person signed',
      'bad_signature',
      async (approval) => approvals.decide(await testVerdict(clock, approval, ana, 'approve'), bo.principal),
    ],
    [
      'F5: a verdict in another person\u2019s name by one\u2019s own key',
      'bad_signature',
      async (approval) => {
        const signed = await testVerdict(clock, approval, { ...bo, principal: ana.principal }, 'approve');
        return approvals.decide(signed, bo.principal);
      },
    ],
    [
      'F5: another digest',
      'digest_mismatch',
      (approval) => vote(approval, ana, 'approve', { proposal_digest: otherDigest }),
    ],
    [
      'F5: another proposal',
      'digest_mismatch',
      (approval) => vote(approval, ana, 'approve', { proposal: asId('proposal', 'prop_other') }),
    ],
    [
      'F5: another decision',
      'digest_mismatch',
      (approval) => vote(approval, ana, 'approve', { decision: asId('decision', 'dec_other') }),
    ],
    [
      'F5: an altered verdict',
      'bad_signature',
      async (approval) => {
        const signed = await testVerdict(clock, approval, ana, 'deny');
        return approvals.decide({ ...signed, statement: { ...signed.statement, verdict: 'approve' } }, ana.principal);
      },
    ],
    [
      'F5: a good signature by a key that is not registered',
      'bad_signature',
      async (approval) => {
        const { statement } = await testVerdict(clock, approval, ana, 'approve');
        return approvals.decide(await signVerdict(statement, bo.signer), ana.principal);
      },
    ],
    [
      'F5: somebody without a registered key',
      'bad_signature',
      (approval) => vote(approval, testPerson(clock, 'new-here')),
    ],
    [
      'F5: signed too long ago',
      'bad_signature',
      (approval) => vote(approval, ana, 'approve', { signed_at: '2026-11-02T08:49:59.999Z' }),
    ],
    [
      'F5: signed in the future',
      'bad_signature',
      (approval) => vote(approval, ana, 'approve', { signed_at: '2026-11-02T09:10:00.001Z' }),
    ],
  ];

  test.each(refusals)('%s is refused, and that is recorded', async (_who, code, attempt) => {
    const approval = await open();
    expect(await codeOf(attempt(approval))).toBe(code);
    expect(await approvals.get(approval.id)).toEqual(approval);
    expect(closed).toEqual([]);
    expect(audit.types()).toEqual(['approval.requested', 'approval.refused_verdict']);
    expect(audit.of('approval.refused_verdict')[0]).toMatchObject({
      outcome: code,
      refs: { approval: approval.id, run: proposal.run },
      data: { code, verdict: 'approve' },
    });
  });

  test('a clock that is ten minutes off may still sign', async () => {
    const approval = await open({ demands: of(2) });
    await vote(approval, ana, 'approve', { signed_at: '2026-11-02T08:50:00.000Z' });
    expect((await vote(approval, bo, 'approve', { signed_at: '2026-11-02T09:10:00.000Z' })).state).toBe('approved');
  });

  test('SPEC 6: a nonce is good once, on whatever approval', async () => {
    const [one, other] = [
      await open({ demands: of(2) }),
      await open({ proposal: testProposal(clock, rita.principal) }),
    ];
    const nonce = 'AAAAAAAAAAAAAAAAAAAAAA';
    await vote(one, ana, 'approve', { nonce });
    expect(await codeOf(vote(other, ana, 'approve', { nonce }))).toBe('bad_signature');
    expect((await approvals.get(other.id))?.state).toBe('pending');
  });

  test('F5: a verdict on one approval is worth nothing on another of the same content', async () => {
    const twin = testProposal(clock, proposal.principal, { run: proposal.run });
    const [one, other] = [await open(), await open({ proposal: twin })];
    expect(twin.digest).toBe(proposal.digest);
    const signed = await testVerdict(clock, one, ana, 'approve');
    const moved: SignedVerdict = { ...signed, statement: { ...signed.statement, approval: other.id } };
    expect(await codeOf(approvals.decide(moved, ana.principal))).toBe('digest_mismatch');
    expect((await approvals.get(other.id))?.state).toBe('pending');
  });

  test('an approval that does not exist, and what is not a verdict', async () => {
    const approval = await open();
    const signed = await testVerdict(clock, { ...approval, id: asId('approval', 'appr_none') }, ana, 'approve');
    expect(await codeOf(approvals.decide(signed, ana.principal))).toBe('not_found');
    expect(audit.of('approval.refused_verdict')[0]?.data.code).toBe('not_found');
    expect(await codeOf(approvals.decide({ statement: {} } as never, ana.principal))).toBe('bad_request');
  });

  test('SPEC 8: two verdicts at the same moment close it once', async () => {
    const approval = await open();
    const results = await Promise.allSettled([vote(approval, ana), vote(approval, bo, 'deny')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(closed).toHaveLength(1);
    expect(audit.of('approval.closed')).toHaveLength(1);
    expect((await approvals.get(approval.id))?.verdicts).toHaveLength(1);
  });

  test('SPEC 7: where the record cannot be written, or what hangs on the closing fails, no verdict counts', async () => {
    const approval = await open();
    audit.failWith(new Error('the log is away'));
    await expect(vote(approval, ana)).rejects.toThrow('the log is away');
    audit.failWith(null);
    onClosed = () => {
      throw new Error('the run cannot be woken');
    };
    await expect(vote(approval, ana)).rejects.toThrow('the run cannot be woken');
    expect(await approvals.get(approval.id)).toEqual(approval);
    expect(audit.types()).toEqual(['approval.requested']);
  });
});

describe('time', () => {
  test('F4 (SPEC 4): at its time it is denied, by the time-out, and no verdict counts any more', async () => {
    const [one, other] = [
      await open(),
      await open({ proposal: testProposal(clock, rita.principal), timeout_minutes: 61 }),
    ];
    clock.set('2026-11-02T09:59:59.999Z');
    expect(await approvals.expireDue()).toEqual([]);
    clock.set('2026-11-02T10:00:00.000Z');
    expect(await approvals.expireDue()).toEqual([one.id]);
    expect(await approvals.expireDue()).toEqual([]);
    expect(closed.map(({ id, state }) => [id, state])).toEqual([[one.id, 'expired']]);
    expect(audit.of('approval.closed')[0]).toMatchObject({
      actor: { kind: 'system' },
      data: { state: 'expired', by: 'time-out' },
    });
    expect(await codeOf(vote(one, ana))).toBe('approval_closed');
    expect((await vote(other, ana)).state).toBe('approved');
  });

  test('F4 (SPEC 4): a verdict that comes too late expires it by itself', async () => {
    const approval = await open();
    clock.set('2026-11-02T10:00:00.000Z');
    expect(await codeOf(vote(approval, ana))).toBe('approval_closed');
    expect((await approvals.get(approval.id))?.state).toBe('expired');
    expect(audit.types()).toEqual(['approval.requested', 'approval.closed', 'approval.refused_verdict']);
    expect(closed).toHaveLength(1);
  });

  test('one that cannot be expired does not keep the others open', async () => {
    const first = await open();
    await open({ proposal: testProposal(clock, rita.principal) });
    clock.advance(60 * 60_000);
    let calls = 0;
    onClosed = () => {
      calls += 1;
      if (calls === 1) throw new Error('the run cannot be woken');
    };
    await expect(approvals.expireDue()).rejects.toThrow('1 approvals could not be expired');
    expect(closed).toHaveLength(1);
    expect(await approvals.expireDue()).toEqual([first.id]);
  });
});

describe('revokeOf', () => {
  const revoke = (who = rita) =>
    uow.transaction(async (tx) => {
      const { ids, records } = await approvals.revokeOf(tx, who.principal.id, SYSTEM_ACTOR);
      await audit.append(tx, records);
      return ids;
    });
  test('B5 (SPEC 11): all that a principal asked for is closed, and nothing of anybody else; twice is no error', async () => {
    const [one, other] = [await open(), await open({ proposal: testProposal(clock, rita.principal) })];
    expect(await revoke(ana)).toEqual([]);
    expect(await revoke()).toEqual([one.id, other.id].sort());
    expect(audit.of('approval.closed').map(({ data }) => data)).toEqual(
      Array.from({ length: 2 }, () => ({ state: 'withdrawn', by: 'revocation' })),
    );
    expect(closed).toHaveLength(2);
    expect(await codeOf(vote(one, ana))).toBe('approval_closed');
    expect(await revoke()).toEqual([]);
  });

  test('SPEC 4: what is past its time has expired, and was not revoked', async () => {
    const approval = await open();
    clock.advance(60 * 60_000);
    expect(await revoke()).toEqual([]);
    expect((await approvals.get(approval.id))?.state).toBe('expired');
  });
});

describe('withdraw', () => {
  test('who asked takes it back; nobody else can; a closed one stays closed', async () => {
    const approval = await open();
    expect(await codeOf(approvals.withdraw(approval.id, ana.principal))).toBe('refused');
    expect((await approvals.withdraw(approval.id, rita.principal)).state).toBe('withdrawn');
    expect(audit.of('approval.closed')[0]?.data).toEqual({ state: 'withdrawn', by: 'requester' });
    expect(await codeOf(approvals.withdraw(approval.id, rita.principal))).toBe('approval_closed');
    expect(await codeOf(vote(approval, ana))).toBe('approval_closed');
    expect(await codeOf(approvals.withdraw(asId('approval', 'appr_none'), rita.principal))).toBe('not_found');
    expect(closed).toHaveLength(1);
  });

  test('after its time it has expired and cannot be withdrawn', async () => {
    const approval = await open();
    clock.advance(60 * 60_000);
    expect(await codeOf(approvals.withdraw(approval.id, rita.principal))).toBe('approval_closed');
    expect((await approvals.get(approval.id))?.state).toBe('expired');
  });
});

test('a list shows what is asked for', async () => {
  const [one, other] = [
    await open(),
    await open({ proposal: testProposal(clock, rita.principal), demands: of(1, 'legal') }),
  ];
  await approvals.withdraw(one.id, rita.principal);
  const ids = async (filter?: Parameters<Approvals['list']>[0]) => (await approvals.list(filter)).map(({ id }) => id);
  expect(await ids()).toEqual([one.id, other.id].sort());
  expect(await ids({ state: 'pending' })).toEqual([other.id]);
  expect(await ids({ groups: ['security'] })).toEqual([one.id]);
  expect(await ids({ limit: 1, after: [one.id, other.id].sort()[0] })).toEqual([[one.id, other.id].sort()[1]]);
  expect(await ids({ limit: -5 })).toHaveLength(1);
});

describe('F3, SPEC 21: a reason where one is asked for', () => {
  test.each(['', '          ', '..........!', 'ok', 'ok ok ok', 'sure thin'])(
    '\u201c%s\u201d is none, for either verdict',
    async (reason) => {
      const approval = await open({ reason_chars_min: 10 });
      for (const verdict of ['approve', 'deny'] as const)
        expect(await codeOf(vote(approval, ana, verdict, { reason }))).toBe('reason_required');
      expect(await approvals.get(approval.id)).toEqual(approval);
      expect(audit.of('approval.refused_verdict').map(({ data }) => data.code)).toEqual([
        'reason_required',
        'reason_required',
      ]);
    },
  );

  test('ten letters of any script are one, and elsewhere none is asked for', async () => {
    expect((await vote(await open({ reason_chars_min: 10 }), ana, 'approve', { reason: 'Прочитано всё' })).state).toBe(
      'approved',
    );
    proposal = testProposal(clock, rita.principal);
    expect((await vote(await open(), ana, 'approve', { reason: '' })).state).toBe('approved');
    expect(audit.of('approval.requested').map(({ data }) => data.reason_chars_min)).toEqual([10, undefined]);
  });

  test('INV5: one that was put into the store without its reason counts for nothing at the recheck', async () => {
    const approval = await open();
    await vote(approval, ana, 'approve', { reason: 'short' });
    expect((await approvals.recheck(approval, proposal)).valid).toBe(true);
    store.tamper(approval.id, (stored) => ({ ...stored, reason_chars_min: 10 }));
    expect((await approvals.recheck(approval, proposal)).valid).toBe(false);
  });
});
