import {
  type Approval,
  asId,
  digestOf,
  fixedClock,
  type Preview,
  type Proposal,
  personOrigin,
  proposalDigest,
  type UnitOfWork,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, expect, test } from 'vitest';
import { type Approvals, createApprovals, type SignerDirectory, type StoredApproval } from './index.ts';
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
const rita = testPerson(clock, 'rita');
const ana = testPerson(clock, 'ana', { groups: ['security', 'elsewhere'] });
const bo = testPerson(clock, 'bo');
const invalid = { valid: false, approvers: [], groups: [], by_passkey: [], by_device: [], confirmed: false };

let uow: UnitOfWork;
let store: ReturnType<typeof memoryApprovalStore>;
let approvals: Approvals;
let signers: SignerDirectory;
let proposal: Proposal;
let approval: Approval;

beforeEach(async () => {
  store = memoryApprovalStore();
  signers = testSigners(rita, ana, bo);
  uow = memoryUnitOfWork(store);
  approvals = createApprovals({
    store,
    uow,
    audit: memoryAuditWriter(),
    signers: { publicKeyOf: (id) => signers.publicKeyOf(id) },
    clock,
  });
  proposal = testProposal(clock, rita.principal);
  approval = await uow.transaction((tx) =>
    approvals.request(tx, {
      proposal,
      decision: testDecision(clock),
      demands: [{ groups: ['legal', 'security'], quorum: 2 }],
      timeout_minutes: 60,
      preview: null,
    }),
  );
});

const vote = async (person: TestPerson) =>
  approvals.decide(await testVerdict(clock, approval, person, 'approve'), person.principal);

test('F5 (SPEC 9): what two people signed holds, and names them and the groups that they stood for', async () => {
  await vote(ana);
  expect(await approvals.recheck(approval, proposal)).toEqual(invalid);
  await vote(bo);
  clock.advance(59 * 60_000);
  expect(await approvals.recheck(approval, proposal)).toEqual({
    valid: true,
    approvers: [ana.principal.id, bo.principal.id],
    groups: ['security'],
    by_passkey: [],
    by_device: [],
    confirmed: false,
  });
  clock.set('2026-11-02T09:00:00.000Z');
});

test('F3 F5 (SPEC 12): what was shown belongs to what was signed, and holds no more than its digest', async () => {
  const preview: Preview = {
    state: 'missing',
    why: 'failed',
    text: 'The dry run failed.',
    proposal: null,
    made_at: '2026-11-02T09:00:00.000Z',
  };
  const shown = testProposal(clock, rita.principal);
  const opened = await uow.transaction((tx) =>
    approvals.request(tx, {
      ...{ proposal: shown, decision: testDecision(clock), demands: [{ groups: ['security'], quorum: 1 }] },
      ...{ timeout_minutes: 60, preview },
    }),
  );
  expect(opened.preview_digest).toBe(digestOf(preview));
  expect(await approvals.preview(opened)).toEqual(preview);
  const blind = await testVerdict(clock, { ...opened, preview_digest: null }, ana, 'approve');
  await expect(approvals.decide(blind, ana.principal)).rejects.toMatchObject({ code: 'digest_mismatch' });
  await approvals.decide(await testVerdict(clock, opened, ana, 'approve'), ana.principal);
  expect(await approvals.recheck(opened, shown)).toMatchObject({ valid: true });
  // Somebody with access to the store puts another preview in its place, or takes it away.
  for (const preview_digest of [null, digestOf('another')]) {
    store.tamper(opened.id, (stored) => ({ ...stored, preview_digest }));
    expect(await approvals.recheck(opened, shown)).toEqual(invalid);
  }
  await expect(approvals.preview({ id: opened.id, preview_digest: digestOf('another') })).rejects.toMatchObject({
    code: 'digest_mismatch',
  });
});

test('F4 I8: who wrote what it was made from, in a hand-off, cannot approve it, and no stored verdict of theirs counts', async () => {
  const before = testProposal(clock, rita.principal);
  const origins = [...before.influence.origins, personOrigin(ana.principal.id)];
  const written = { ...before, influence: { ...before.influence, origins } };
  const dictated: Proposal = { ...written, digest: proposalDigest(written) };
  const opened = await uow.transaction((tx) =>
    approvals.request(tx, {
      ...{ proposal: dictated, decision: testDecision(clock), demands: [{ groups: ['security'], quorum: 1 }] },
      ...{ timeout_minutes: 60, preview: null },
    }),
  );
  const own = await testVerdict(clock, opened, ana, 'approve');
  await expect(approvals.decide(own, ana.principal)).rejects.toMatchObject({ code: 'approver_is_requester' });
  await approvals.decide(await testVerdict(clock, opened, bo, 'approve'), bo.principal);
  expect(await approvals.recheck(opened, dictated)).toMatchObject({ valid: true, approvers: [bo.principal.id] });
  store.tamper(opened.id, (stored) => ({ ...stored, verdicts: [{ ...stored.verdicts[0]!, signed: own }] }));
  expect(await approvals.recheck(opened, dictated)).toEqual(invalid);
});

test('F5 (SPEC 9): one byte more is another proposal', async () => {
  await vote(ana);
  await vote(bo);
  const others: Proposal[] = [
    { ...proposal, args: { ...proposal.args, case: 'C-2' } },
    { ...proposal, release: `sha256:${'0'.repeat(64)}` },
    { ...proposal, tool_version: '1.0.1' },
    { ...proposal, id: asId('proposal', 'prop_other') },
    { ...proposal, principal: { ...rita.principal, act: [{ id: ana.principal.id, kind: 'person' }] } },
  ];
  for (const other of others) {
    expect(await approvals.recheck(approval, other)).toEqual(invalid);
    expect(await approvals.recheck(approval, { ...other, digest: proposalDigest(other) })).toEqual(invalid);
  }
  expect(await approvals.recheck({ id: asId('approval', 'appr_none') }, proposal)).toEqual(invalid);
});

const tamperings: [string, (stored: StoredApproval) => Promise<StoredApproval> | StoredApproval][] = [
  ['a state set by hand', (stored) => ({ ...stored, state: 'approved', verdicts: stored.verdicts.slice(0, 1) })],
  ['a verdict twice', (stored) => ({ ...stored, verdicts: [stored.verdicts[0]!, stored.verdicts[0]!] })],
  ['a digest', (stored) => ({ ...stored, proposal_digest: `sha256:${'0'.repeat(64)}` })],
  ['a decision', (stored) => ({ ...stored, decision: asId('decision', 'dec_other') })],
  ['a groups list that nobody stood for', (stored) => ({ ...stored, groups: ['legal'] })],
  [
    'a reason',
    (stored) => ({
      ...stored,
      verdicts: stored.verdicts.map(({ signed, groups }) => ({
        groups,
        in_place_of: null,
        signed: { ...signed, statement: { ...signed.statement, reason: 'Another.' } },
      })),
    }),
  ],
  [
    'a verdict by the requester, well signed',
    async (stored) => ({
      ...stored,
      requesters: [],
      verdicts: [
        stored.verdicts[0]!,
        { groups: ['security'], in_place_of: null, signed: await testVerdict(clock, approval, rita, 'approve') },
      ],
    }),
  ],
  [
    'a verdict by a person with an own, unregistered key',
    async (stored) => ({
      ...stored,
      verdicts: [
        stored.verdicts[0]!,
        {
          groups: ['security'],
          in_place_of: null,
          signed: await testVerdict(clock, approval, testPerson(clock, 'bo', { id: bo.principal.id }), 'approve'),
        },
      ],
    }),
  ],
  [
    'a denial beside enough approvals',
    async (stored) => ({
      ...stored,
      ...{ quorum: 1, demands: [{ groups: ['legal', 'security'], quorum: 1 }] },
      verdicts: [
        stored.verdicts[0]!,
        { groups: [], in_place_of: null, signed: await testVerdict(clock, approval, bo, 'deny') },
      ],
    }),
  ],
  [
    'a verdict from long before',
    async (stored) => ({
      ...stored,
      verdicts: [
        stored.verdicts[0]!,
        {
          groups: ['security'],
          in_place_of: null,
          signed: await testVerdict(clock, approval, bo, 'approve', { signed_at: '2026-11-01T09:00:00.000Z' }),
        },
      ],
    }),
  ],
];

test.each(tamperings)('F5 (SPEC 9): changed in the store: %s: it does not hold', async (_what, change) => {
  await vote(ana);
  await vote(bo);
  expect((await approvals.recheck(approval, proposal)).valid).toBe(true);
  const changed = await change((await store.get(approval.id))!);
  store.tamper(approval.id, () => changed);
  expect(await approvals.recheck(approval, proposal)).toEqual(invalid);
});

test('F5 (SPEC 9): a key that is no longer registered makes the approval worthless', async () => {
  await vote(ana);
  await vote(bo);
  signers = testSigners(ana);
  expect(await approvals.recheck(approval, proposal)).toEqual(invalid);
});
