import { asId, fixedClock, type KeyVerdict, type VerdictStatement } from '@portreeve/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testPerson } from './testing/index.ts';
import { signVerdict, verifyVerdict } from './verdict.ts';

const clock = fixedClock('2026-11-02T09:00:00.000Z');
const ana = testPerson(clock, 'ana');
const statement: VerdictStatement = {
  v: 1,
  approval: asId('approval', 'appr_1'),
  proposal: asId('proposal', 'prop_1'),
  proposal_digest: `sha256:${'0'.repeat(64)}`,
  decision: asId('decision', 'dec_1'),
  verdict: 'approve',
  approver: ana.principal.id,
  reason: 'Gelesen \u2014 in Ordnung.',
  signed_at: '2026-11-02T09:00:00.000Z',
  nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
};

/** The neighbour in the alphabet whose unused low bits differ: the same bytes in another spelling. */
function twin(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) ^ 1];
}

test('F5: a signed verdict verifies offline, by itself', async () => {
  const signed = await signVerdict(statement, ana.signer);
  expect(signed.public_key).toBe(ana.signer.public_key);
  expect(verifyVerdict(JSON.parse(JSON.stringify(signed)))).toBe(true);
});

test('F5: no member of a signed statement can be changed', async () => {
  const signed = await signVerdict(statement, ana.signer);
  const changes: Partial<VerdictStatement>[] = [
    { approval: asId('approval', 'appr_2') },
    { proposal: asId('proposal', 'prop_2') },
    { proposal_digest: `sha256:${'1'.repeat(64)}` },
    { decision: asId('decision', 'dec_2') },
    { verdict: 'deny' },
    { approver: asId('principal', 'prn_other') },
    { reason: '' },
    { signed_at: '2026-11-02T09:00:00.001Z' },
    { nonce: 'BAAAAAAAAAAAAAAAAAAAAA' },
  ];
  expect(new Set(changes.flatMap((change) => Object.keys(change))).size).toBe(Object.keys(statement).length - 1);
  for (const change of changes)
    expect(verifyVerdict({ ...signed, statement: { ...statement, ...change } }), JSON.stringify(change)).toBe(false);
});

test('F5: another key, another signature, another spelling, or nonsense does not verify and does not throw', async () => {
  const signed = await signVerdict(statement, ana.signer);
  const bo = testPerson(clock, 'bo');
  const wrong: unknown[] = [
    { ...signed, public_key: bo.signer.public_key },
    { ...signed, signature: (await signVerdict(statement, bo.signer)).signature },
    { ...signed, signature: twin(signed.signature) },
    { ...signed, public_key: twin(signed.public_key) },
    { ...signed, signature: 'A'.repeat(86) },
    { ...signed, statement: { ...statement, extra: 1 } },
    { statement },
    null,
    'text',
  ];
  for (const candidate of wrong) expect(verifyVerdict(candidate as KeyVerdict)).toBe(false);
});

test('F5: one flipped bit anywhere in the signature does not verify', async () => {
  const signed = await signVerdict(statement, ana.signer);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 511 }), (bit) => {
      const bytes = Buffer.from(signed.signature, 'base64url');
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      return !verifyVerdict({ ...signed, signature: bytes.toString('base64url') });
    }),
    { numRuns: 64 },
  );
});

test('a malformed statement is not signed', async () => {
  await expect(signVerdict({ ...statement, nonce: 'short' }, ana.signer)).rejects.toThrow();
});
