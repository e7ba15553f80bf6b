import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  givesReason,
  reasonCharsOf,
  signedVerdictSchema,
  type VerdictStatement,
  verdictBytes,
  verdictStatementSchema,
} from './approval.ts';
import type { Digest } from './canonical.ts';
import { asId } from './ids.ts';

const statement: VerdictStatement = {
  v: 1,
  approval: asId('approval', 'appr_1'),
  proposal: asId('proposal', 'prop_1'),
  proposal_digest: `sha256:${'a'.repeat(64)}` as Digest,
  decision: asId('decision', 'dec_1'),
  verdict: 'approve',
  approver: asId('principal', 'prn_bob'),
  reason: 'checked “all” of it',
  signed_at: '2026-11-20T12:00:00.000Z',
  nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
};

test('F5: the bytes that a verdict signs are pinned', () => {
  // If you are here because this failed: signatures made before no longer verify. A new form needs a new domain line.
  expect(new TextDecoder().decode(verdictBytes(statement))).toBe(
    'portreeve/verdict/v1\n' +
      '{"approval":"appr_1","approver":"prn_bob","decision":"dec_1","nonce":"AAAAAAAAAAAAAAAAAAAAAA",' +
      '"proposal":"prop_1","proposal_digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",' +
      '"reason":"checked “all” of it","signed_at":"2026-11-20T12:00:00.000Z","v":1,"verdict":"approve"}',
  );
});

test('F5 INV5: a signature covers every member of the statement', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signature = sign(null, verdictBytes(statement), privateKey);
  expect(verify(null, verdictBytes(statement), publicKey, signature)).toBe(true);
  const changes: Partial<VerdictStatement>[] = [
    { approval: asId('approval', 'appr_2') },
    { proposal: asId('proposal', 'prop_2') },
    { proposal_digest: `sha256:${'b'.repeat(64)}` as Digest },
    { decision: asId('decision', 'dec_2') },
    { verdict: 'deny' },
    { approver: asId('principal', 'prn_eve') },
    { reason: 'checked' },
    { signed_at: '2026-11-20T12:00:00.001Z' },
    { nonce: 'AAAAAAAAAAAAAAAAAAAAAB' },
  ];
  // `v` is a literal; all other members must be in the list.
  expect(new Set(changes.flatMap((change) => Object.keys(change))).size).toBe(Object.keys(statement).length - 1);
  for (const change of changes)
    expect(verify(null, verdictBytes({ ...statement, ...change }), publicKey, signature)).toBe(false);
});

test('F5: the schemas refuse what is not exactly a signed verdict', () => {
  const signed = { statement, public_key: 'A'.repeat(43), signature: 'A'.repeat(86) };
  expect(signedVerdictSchema.parse(signed)).toEqual(signed);
  expect(signedVerdictSchema.safeParse({ ...signed, signature: 'A'.repeat(85) }).success).toBe(false);
  expect(signedVerdictSchema.safeParse({ ...signed, public_key: `${'A'.repeat(42)}=` }).success).toBe(false);
  expect(verdictStatementSchema.safeParse({ ...statement, verdict: 'maybe' }).success).toBe(false);
  expect(verdictStatementSchema.safeParse({ ...statement, nonce: 'short' }).success).toBe(false);
  expect(verdictStatementSchema.safeParse({ ...statement, v: 2 }).success).toBe(false);
  expect(verdictStatementSchema.safeParse({ ...statement, extra: 1 }).success).toBe(false);
});

test('F3: a reason is asked for from tier 3 and from high risk on, unless the contract says another number', () => {
  expect([1, 2, 3, 4].map((tier) => reasonCharsOf({ tier }, { tier: 'low' }))).toEqual([0, 0, 10, 10]);
  expect(reasonCharsOf({ tier: 1 }, { tier: 'high' })).toBe(10);
  expect(reasonCharsOf({ tier: 1 }, { tier: 'critical' })).toBe(10);
  expect(reasonCharsOf({ tier: 1, reason_chars_min: 40 }, { tier: 'low' })).toBe(40);
  expect(reasonCharsOf({ tier: 4, reason_chars_min: 0 }, { tier: 'critical' })).toBe(0);
  expect([givesReason('1234567890', 10), givesReason('123456789\u200b', 10), givesReason('', 0)]).toEqual([
    true,
    false,
    true,
  ]);
});
