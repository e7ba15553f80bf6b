import {
  type Approval,
  asId,
  enrolmentBytes,
  fixedClock,
  isPortreeveError,
  type Proposal,
  type VerdictSignature,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Approvals, createApprovals, createPasskeys, type Passkeys } from '../index.ts';
import {
  type Flaws,
  memoryApprovalStore,
  memoryPasskeyStore,
  type SoftwareAuthenticator,
  softwareAuthenticator,
  type TestPerson,
  testDecision,
  testPerson,
  testProposal,
  testSigners,
  testVerdict,
} from '../testing/index.ts';
import type { Enrolment } from './enrol.ts';

const START = '2026-11-02T09:00:00.000Z';
const clock = fixedClock(START);
const relying_party = { id: 'portreeve.example', origin: 'https://portreeve.example' };
const rita = testPerson(clock, 'rita', { roles: ['requester'] });
const [ana, bo, admin] = [testPerson(clock, 'ana'), testPerson(clock, 'bo'), testPerson(clock, 'admin')];

let store: ReturnType<typeof memoryPasskeyStore>;
let approvalStore: ReturnType<typeof memoryApprovalStore>;
let audit: ReturnType<typeof memoryAuditWriter>;
let uow: ReturnType<typeof memoryUnitOfWork>;
let passkeys: Passkeys;
let approvals: Approvals;
let proposal: Proposal;

beforeEach(() => {
  clock.set(START);
  store = memoryPasskeyStore();
  approvalStore = memoryApprovalStore();
  audit = memoryAuditWriter();
  uow = memoryUnitOfWork(store, approvalStore, audit);
  const stage = { uow, audit, clock, signers: testSigners(rita, ana, bo, admin) };
  passkeys = createPasskeys({ ...stage, store, relying_party });
  approvals = createApprovals({ ...stage, store: approvalStore, passkeys: { store, relying_party } });
  proposal = testProposal(clock, rita.principal);
});

const open = (signature?: VerdictSignature, quorum = 1): Promise<Approval> =>
  uow.transaction((tx) =>
    approvals.request(tx, {
      proposal,
      decision: testDecision(clock),
      demands: [{ groups: ['security'], quorum }],
      signature,
      timeout_minutes: 60,
      preview: null,
    }),
  );

type Proof = (
  begun: Awaited<ReturnType<Passkeys['beginEnrolment']>>,
) => Promise<Enrolment['proof']> | Enrolment['proof'];
const byKey =
  (person: TestPerson): Proof =>
  async ({ statement }) => ({
    kind: 'key',
    signature: Buffer.from(await person.signer.sign(enrolmentBytes(statement))).toString('base64url'),
  });

/** Enrols as a browser does, with what vouches for it. */
async function enrol(person: TestPerson, key: SoftwareAuthenticator, proof: Proof = byKey(person), flaws: Flaws = {}) {
  const begun = await passkeys.beginEnrolment(person.principal);
  const asked = { challenge: begun.creation.challenge, rpId: begun.creation.rp.id! };
  const made = key.register(asked, flaws);
  const input = { name: 'key', statement: begun.statement, ...made, proof: await proof(begun) };
  return passkeys.finishEnrolment(input, person.principal);
}

const device = () => softwareAuthenticator(relying_party.origin);
const synced = () => softwareAuthenticator(relying_party.origin, { synced: true });

/** What the page asks for, and what the passkey gives back. */
async function ceremony(approval: Approval, person: TestPerson, key: SoftwareAuthenticator, flaws: Flaws = {}) {
  const wish = { verdict: 'approve', reason: 'I read it.', preview_digest: null } as const;
  const { options } = await passkeys.challenge(
    approval,
    { ...wish, proposal_digest: approval.proposal_digest },
    person.principal,
  );
  return key.assert({ challenge: options.challenge, rpId: options.rpId! }, flaws);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => new Error('nothing was refused')).catch((caught: unknown) => caught);
  if (!isPortreeveError(error)) throw error;
  return error.code;
}

describe('enrolment', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'F5: a key that the person has vouches for an %s passkey',
    async (alg) => {
      const made = await enrol(ana, softwareAuthenticator(relying_party.origin, { alg }));
      expect(made).toMatchObject({ account: ana.principal.id, alg, device_bound: true, rp_id: 'portreeve.example' });
      expect(await passkeys.of(ana.principal.id)).toEqual([made]);
      expect(audit.of('identity.passkey_enrolled')[0]?.data).toMatchObject({ passkey: made.id, by: 'key' });
    },
  );

  test('F5: an administrator lets somebody enrol, once, within a day, and never themselves', async () => {
    const { code } = await passkeys.invite(ana.principal.id, admin.principal);
    expect(audit.of('identity.passkey_invited')[0]?.actor.id).toBe(admin.principal.id);
    expect(JSON.stringify(audit.drafts)).not.toContain(code);
    const invited: Proof = () => ({ kind: 'invitation', code });
    expect(await codeOf(enrol(bo, device(), invited))).toBe('refused');
    // Whoever tried has used it up.
    expect(await codeOf(enrol(ana, device(), invited))).toBe('refused');
    const again = await passkeys.invite(ana.principal.id, admin.principal);
    expect((await enrol(ana, device(), () => ({ kind: 'invitation', code: again.code }))).account).toBe(
      ana.principal.id,
    );
    const late = await passkeys.invite(ana.principal.id, admin.principal);
    clock.advance(25 * 3_600_000);
    expect(await codeOf(enrol(ana, device(), () => ({ kind: 'invitation', code: late.code })))).toBe('refused');
    expect(await codeOf(passkeys.invite(admin.principal.id, admin.principal))).toBe('refused');
  });

  test('F5: a passkey vouches for the next one, and a revoked or a foreign one does not', async () => {
    const [first, foreign] = [device(), device()];
    const { id } = await enrol(ana, first);
    await enrol(bo, foreign);
    const by =
      (key: SoftwareAuthenticator): Proof =>
      ({ creation }) => ({
        kind: 'passkey',
        assertion: key.assert({ challenge: creation.challenge, rpId: 'portreeve.example' }),
      });
    expect((await enrol(ana, device(), by(first))).account).toBe(ana.principal.id);
    expect(await codeOf(enrol(ana, device(), by(foreign)))).toBe('refused');
    await passkeys.revoke(id, ana.principal.id, ana.principal);
    expect(await codeOf(enrol(ana, device(), by(first)))).toBe('refused');
    expect(audit.of('identity.refused').map(({ data }) => data.reason)).toEqual(['proof_passkey', 'proof_passkey']);
  });

  test('F5: nothing vouches with a signature by somebody else, or over something else', async () => {
    expect(await codeOf(enrol(ana, device(), byKey(bo)))).toBe('refused');
    const other: Proof = async ({ statement }) =>
      byKey(ana)({ statement: { ...statement, rp_id: 'evil.example' } } as never);
    expect(await codeOf(enrol(ana, device(), other))).toBe('refused');
    expect(await passkeys.of(ana.principal.id)).toEqual([]);
  });

  test.each<[string, Flaws]>([
    ['on another origin', { origin: 'https://evil.example' }],
    ['for another domain', { rpId: 'evil.example' }],
    ['without its user verified', { user_verified: false }],
    ['over another challenge', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['of another kind of ceremony', { type: 'webauthn.get' }],
  ])('F5: a passkey made %s is not enrolled', async (_name, flaws) => {
    expect(await codeOf(enrol(ana, device(), byKey(ana), flaws))).toBe('bad_signature');
    expect(await passkeys.of(ana.principal.id)).toEqual([]);
    expect(audit.of('identity.refused')[0]?.data).toMatchObject({ way: 'passkey', reason: 'ceremony' });
  });

  test('F5 F13: an attestation with certificates is refused before anybody reads an address in them', async () => {
    const begun = await passkeys.beginEnrolment(ana.principal);
    const made = device().register({ challenge: begun.creation.challenge, rpId: 'portreeve.example' });
    const bytes = Buffer.from(made.attestation, 'base64url').toString('latin1');
    // The map of the statement, empty before, names one certificate: `{"x5c": [h'00']}`.
    const certified = bytes
      .replace('none', 'packed')
      .replace('cfmtd', 'cfmtf')
      .replace('gattStmt\xa0', 'gattStmt\xa1cx5c\x81\x41\x00');
    expect(certified).toContain('x5c');
    const input = { name: 'key', statement: begun.statement, ...made, proof: await byKey(ana)(begun) };
    const attestation = Buffer.from(certified, 'latin1').toString('base64url');
    expect(await codeOf(passkeys.finishEnrolment({ ...input, attestation }, ana.principal))).toBe('bad_signature');
  });

  test('F5: a ceremony is good once, for five minutes, for who began it; a handle belongs to one account', async () => {
    const key = device();
    const begun = await passkeys.beginEnrolment(ana.principal);
    const made = key.register({ challenge: begun.creation.challenge, rpId: 'portreeve.example' });
    const input = { name: 'key', statement: begun.statement, ...made, proof: await byKey(ana)(begun) };
    expect(await codeOf(passkeys.finishEnrolment(input, bo.principal))).toBe('bad_signature');
    // Somebody else's try has ended it.
    expect(await codeOf(passkeys.finishEnrolment(input, ana.principal))).toBe('bad_signature');
    await enrol(ana, key);
    expect(await codeOf(enrol(bo, key))).toBe('conflict');
    const late = await passkeys.beginEnrolment(ana.principal);
    const again = device().register({ challenge: late.creation.challenge, rpId: 'portreeve.example' });
    clock.advance(5 * 60_000);
    const proof = await byKey(ana)(late);
    const over = { name: 'key', statement: late.statement, ...again, proof };
    expect(await codeOf(passkeys.finishEnrolment(over, ana.principal))).toBe('bad_signature');
  });

  test('F5: an agent enrols nothing, not even for the person it acts for', async () => {
    const acted = { ...ana.principal, act: [{ id: 'agent:x', kind: 'agent' as const }] };
    expect(await codeOf(passkeys.beginEnrolment(acted))).toBe('refused');
  });
});

describe('a verdict by passkey', () => {
  test('F5: it counts, with all that somebody needs to check it later', async () => {
    const key = device();
    const passkey = await enrol(ana, key);
    const approval = await open();
    const closed = await approvals.decideByPasskey(approval.id, await ceremony(approval, ana, key), ana.principal);
    expect(closed).toMatchObject({
      state: 'approved',
      verdicts: [
        {
          statement: {
            approval: approval.id,
            proposal_digest: proposal.digest,
            verdict: 'approve',
            reason: 'I read it.',
          },
          passkey: { handle: key.handle, alg: 'ES256', public_key: passkey.public_key },
        },
      ],
    });
    expect(audit.of('approval.verdict')[0]?.data.verdict).toEqual(closed.verdicts[0]);
    expect(await approvals.recheck(approval, proposal)).toEqual({
      valid: true,
      approvers: [ana.principal.id],
      groups: ['security'],
      by_passkey: [ana.principal.id],
      by_device: [ana.principal.id],
      confirmed: false,
    });
  });

  test.each<[string, Flaws]>([
    ['made on another origin', { origin: 'https://evil.example' }],
    ['made in a frame of another site', { crossOrigin: true }],
    ['for another domain', { rpId: 'evil.example' }],
    ['without its user verified', { user_verified: false }],
    ['of an enrolment', { type: 'webauthn.create' }],
    ['over another challenge', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
  ])('F5: an assertion %s counts for nothing', async (_name, flaws) => {
    const key = device();
    await enrol(ana, key);
    const approval = await open();
    const given = await ceremony(approval, ana, key, flaws);
    expect(await codeOf(approvals.decideByPasskey(approval.id, given, ana.principal))).toBe('bad_signature');
    expect(await approvals.get(approval.id)).toMatchObject({ state: 'pending', verdicts: [] });
    expect(audit.of('approval.refused_verdict')).toHaveLength(1);
  });

  test('F5: with a wrong key: another\u2019s, or one that was never enrolled', async () => {
    const [key, foreign, stranger] = [device(), device(), device()];
    await enrol(ana, key);
    await enrol(bo, foreign);
    const approval = await open();
    for (const wrong of [foreign, stranger]) {
      const given = await ceremony(approval, ana, key);
      const { challenge } = JSON.parse(Buffer.from(given.client_data, 'base64url').toString());
      const other = wrong.assert({ challenge, rpId: 'portreeve.example' });
      expect(await codeOf(approvals.decideByPasskey(approval.id, other, ana.principal))).toBe('bad_signature');
      // And under the handle of the right one.
      const borrowed = { ...other, handle: key.handle };
      expect(await codeOf(approvals.decideByPasskey(approval.id, borrowed, ana.principal))).toBe('bad_signature');
    }
    expect((await approvals.get(approval.id))?.state).toBe('pending');
  });

  test('F5: a challenge signs one verdict once: not twice, not elsewhere, not by another, not later', async () => {
    const key = device();
    await enrol(ana, key);
    await enrol(bo, device());
    const approval = await open(undefined, 2);
    proposal = testProposal(clock, rita.principal);
    const another = await open(undefined, 2);
    const given = await ceremony(approval, ana, key);
    expect(await codeOf(approvals.decideByPasskey(another.id, given, ana.principal))).toBe('bad_signature');
    expect(await codeOf(approvals.decideByPasskey(approval.id, given, bo.principal))).toBe('bad_signature');
    await approvals.decideByPasskey(approval.id, given, ana.principal);
    expect(await codeOf(approvals.decideByPasskey(approval.id, given, ana.principal))).toBe('bad_signature');
    // The whole verdict, taken from the record, is no good either, even where nobody remembers that it was given.
    const { verdicts } = (await approvals.get(approval.id))!;
    approvalStore.tamper(approval.id, (stored) => ({ ...stored, verdicts: [] }));
    expect(await codeOf(approvals.decide(verdicts[0]!, ana.principal))).toBe('bad_signature');
    const late = await ceremony(another, ana, key);
    clock.advance(5 * 60_000);
    expect(await codeOf(approvals.decideByPasskey(another.id, late, ana.principal))).toBe('bad_signature');
  });

  test('F5: a refused verdict uses its challenge up', async () => {
    const key = device();
    await enrol(ana, key);
    const approval = await open('device_bound');
    const { verdicts } = await approvals.decideByPasskey(
      approval.id,
      await ceremony(approval, ana, key),
      ana.principal,
    );
    const altered = { ...verdicts[0]!, statement: { ...verdicts[0]!.statement, verdict: 'deny' as const } };
    proposal = testProposal(clock, rita.principal);
    const next = await open();
    const moved = { ...altered, statement: { ...altered.statement, approval: next.id } };
    expect(await codeOf(approvals.decide(moved, ana.principal))).toBe('digest_mismatch');
    expect((await approvals.get(next.id))?.state).toBe('pending');
  });

  test('F5: a cloned key is noticed by its counter, refused, and revoked on the spot', async () => {
    const key = device();
    const { id } = await enrol(ana, key);
    const approval = await open();
    await approvals.decideByPasskey(approval.id, await ceremony(approval, ana, key, { counter: 9 }), ana.principal);
    proposal = testProposal(clock, rita.principal);
    const next = await open();
    const stale = await ceremony(next, ana, key, { counter: 9 });
    expect(await codeOf(approvals.decideByPasskey(next.id, stale, ana.principal))).toBe('bad_signature');
    expect(audit.of('identity.passkey_revoked')[0]?.data).toMatchObject({ passkey: id, why: 'cloned' });
    expect((await passkeys.of(ana.principal.id))[0]?.revoked_at).toBe(START);
    // What it had signed, and was not yet carried out, counts no more.
    const first = (await approvalStore.get(approval.id))!;
    expect((await approvals.recheck(first, testProposal(clock, rita.principal, { id: first.proposal }))).valid).toBe(
      false,
    );
    expect(await codeOf(ceremony(next, ana, key))).toBe('bad_signature');
  });

  test('F5: a passkey that was revoked while its verdict was on its way is refused, and not called a copy', async () => {
    const key = device();
    const { id } = await enrol(ana, key);
    const approval = await open();
    const signed = await ceremony(approval, ana, key);
    const { advanceCounter } = store;
    store.advanceCounter = async (tx, passkey, counter) => {
      await store.revokePasskey(tx, id, START);
      return advanceCounter(tx, passkey, counter);
    };
    expect(await codeOf(approvals.decideByPasskey(approval.id, signed, ana.principal))).toBe('bad_signature');
    expect(audit.of('identity.passkey_revoked')).toEqual([]);
    expect((await approvals.get(approval.id))?.state).toBe('pending');
  });

  test('F5: a proposal that was altered behind our back fails the recheck', async () => {
    const key = device();
    await enrol(ana, key);
    const approval = await open();
    await approvals.decideByPasskey(approval.id, await ceremony(approval, ana, key), ana.principal);
    expect((await approvals.recheck(approval, proposal)).valid).toBe(true);
    const other = testProposal(clock, rita.principal, { id: proposal.id, args: { case: 'C-2' } });
    expect((await approvals.recheck(approval, other)).valid).toBe(false);
    // Whoever can write to the store cannot make the signature fit.
    approvalStore.tamper(approval.id, (stored) => ({ ...stored, proposal_digest: other.digest }));
    expect((await approvals.recheck(approval, other)).valid).toBe(false);
    approvalStore.tamper(approval.id, (stored) => ({
      ...stored,
      verdicts: stored.verdicts.map((verdict) => {
        const { statement } = verdict.signed;
        return {
          ...verdict,
          signed: { ...verdict.signed, statement: { ...statement, proposal_digest: other.digest } },
        };
      }),
    }));
    expect((await approvals.recheck(approval, other)).valid).toBe(false);
  });

  test('F5: what was shown is what is signed: another digest gets no challenge', async () => {
    await enrol(ana, device());
    const approval = await open();
    const wish = {
      verdict: 'approve',
      reason: '',
      preview_digest: null,
      proposal_digest: `sha256:${'0'.repeat(64)}`,
    } as const;
    expect(await codeOf(passkeys.challenge(approval, wish, ana.principal))).toBe('digest_mismatch');
    const blind = { ...wish, proposal_digest: approval.proposal_digest, preview_digest: wish.proposal_digest };
    expect(await codeOf(passkeys.challenge(approval, blind, ana.principal))).toBe('digest_mismatch');
    const unsaid = { ...wish, proposal_digest: approval.proposal_digest };
    expect(await codeOf(passkeys.challenge({ ...approval, reason_chars_min: 1 }, unsaid, ana.principal))).toBe(
      'reason_required',
    );
  });
});

describe('what policy asks for', () => {
  const votes = async (approval: Approval, kind: VerdictSignature, verdict: 'approve' | 'deny' = 'approve') => {
    if (kind === 'key') return approvals.decide(await testVerdict(clock, approval, ana, verdict), ana.principal);
    const key = kind === 'passkey' ? synced() : device();
    await enrol(ana, key);
    return approvals.decideByPasskey(approval.id, await ceremony(approval, ana, key), ana.principal);
  };

  test.each<[VerdictSignature, VerdictSignature, string]>([
    ['key', 'key', 'approved'],
    ['key', 'passkey', 'approved'],
    ['passkey', 'key', 'signature_too_weak'],
    ['passkey', 'passkey', 'approved'],
    ['passkey', 'device_bound', 'approved'],
    ['device_bound', 'key', 'signature_too_weak'],
    ['device_bound', 'passkey', 'signature_too_weak'],
    ['device_bound', 'device_bound', 'approved'],
  ])('F5: asked for %s, signed by %s: %s', async (asked, given, outcome) => {
    const approval = await open(asked);
    const came = await votes(approval, given).then(
      ({ state }) => state,
      (error) => error.code,
    );
    expect(came).toBe(outcome);
  });

  test('F4: any registered key can say no', async () => {
    expect((await votes(await open('device_bound'), 'key', 'deny')).state).toBe('denied');
  });

  test('F5: a stored approval that asks for less than it was opened with does not hide who signed how', async () => {
    const approval = await open('passkey');
    await votes(approval, 'passkey');
    const found = await approvals.recheck(approval, proposal);
    expect(found).toMatchObject({ valid: true, by_passkey: [ana.principal.id], by_device: [], confirmed: false });
    approvalStore.tamper(approval.id, (stored) => ({ ...stored, signature: 'device_bound' }));
    expect((await approvals.recheck(approval, proposal)).valid).toBe(false);
  });
});

test('F5: without a relying party nobody\u2019s passkey counts', async () => {
  const key = device();
  await enrol(ana, key);
  const approval = await open();
  const stage = { uow, audit, clock, signers: testSigners(ana) };
  const without = createApprovals({ ...stage, store: approvalStore });
  const given = await ceremony(approval, ana, key);
  expect(await codeOf(without.decideByPasskey(approval.id, given, ana.principal))).toBe('bad_signature');
  const elsewhere = createApprovals({
    ...stage,
    store: approvalStore,
    passkeys: { store, relying_party: { id: 'other.example', origin: 'https://other.example' } },
  });
  expect(await codeOf(elsewhere.decideByPasskey(approval.id, given, ana.principal))).toBe('bad_signature');
  expect(await codeOf(passkeys.revoke(asId('passkey', 'pk_none'), ana.principal.id, ana.principal))).toBe('not_found');
});
