import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type VerdictStatement, verdictBytes } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { verifyExport } from './export.ts';
import type { PasskeyAssertion } from './passkey.ts';
import { makeExport, type TestRecord } from './testing/make-export.ts';
import { verifyVerdict } from './verdict.ts';

const HOME = { rp_id: 'portreeve.example', origin: 'https://portreeve.example' };
const statement = {
  v: 1,
  approval: 'appr_a',
  proposal: 'prop_a',
  proposal_digest: `sha256:${'0'.repeat(64)}`,
  decision: 'dec_a',
  verdict: 'approve',
  approver: 'prn_a',
  reason: 'checked \u20ac',
  signed_at: '2026-11-20T08:00:00Z',
  nonce: 'A'.repeat(22),
};
type Alg = 'ES256' | 'EdDSA' | 'RS256';
const KEYS: Readonly<Record<Alg, { privateKey: KeyObject; publicKey: KeyObject }>> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

interface Flaws {
  readonly type?: string;
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  readonly rp_id?: string;
  readonly flags?: number;
  readonly over?: object;
}

function assertion(alg: Alg, flaws: Flaws = {}): PasskeyAssertion {
  const { type = 'webauthn.get', origin = HOME.origin, rp_id = HOME.rp_id, flags = 0x05, over = statement } = flaws;
  const challenge = sha256(verdictBytes(over as VerdictStatement)).toString('base64url');
  const client = Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: flaws.crossOrigin ?? false }));
  const data = Buffer.concat([sha256(Buffer.from(rp_id)), Buffer.of(flags, 0, 0, 0, 7)]);
  const { privateKey, publicKey } = KEYS[alg];
  const signature = sign(alg === 'EdDSA' ? null : 'sha256', Buffer.concat([data, sha256(client)]), privateKey);
  return {
    handle: 'handle',
    alg,
    public_key: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'),
    authenticator_data: data.toString('base64url'),
    client_data: client.toString('base64url'),
    signature: signature.toString('base64url'),
  };
}

const verifies = (passkey: PasskeyAssertion, said: object = statement) =>
  verifyVerdict({ statement: said as typeof statement, passkey }, HOME);

describe('F5: a verdict by passkey is checked by WebCrypto alone', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)('%s: as it is, and not with one member changed', async (alg) => {
    // ECDSA gives other lengths of r and s each time: some begin with zeros, others need a sign byte.
    for (let i = 0; i < (alg === 'ES256' ? 200 : 1); i++) expect(await verifies(assertion(alg))).toBe(true);
    for (const member of Object.keys(statement))
      expect(await verifies(assertion(alg), { ...statement, [member]: 'other' })).toBe(false);
    const good = assertion(alg);
    for (const member of ['authenticator_data', 'client_data', 'signature', 'public_key'] as const)
      expect(
        await verifies({ ...good, [member]: `${good[member].startsWith('A') ? 'B' : 'A'}${good[member].slice(1)}` }),
        member,
      ).toBe(false);
    expect(await verifies({ ...good, alg: alg === 'ES256' ? 'EdDSA' : 'ES256' })).toBe(false);
    expect(await verifies({ ...good, alg: 'toString' })).toBe(false);
    expect(await verifies({ ...good, signature: '' })).toBe(false);
    expect(await verifies({ ...good, signature: `${good.signature}AAAA` })).toBe(false);
  });

  test.each<[string, Flaws]>([
    ['of an enrolment', { type: 'webauthn.create' }],
    ['on another origin', { origin: 'https://evil.example' }],
    ['in a frame of another site', { crossOrigin: true }],
    ['for another domain', { rp_id: 'evil.example' }],
    ['without its user verified', { flags: 0x01 }],
    ['without its user present', { flags: 0x04 }],
    ['over another statement', { over: { ...statement, verdict: 'deny' } }],
  ])('one made %s does not verify', async (_name, flaws) => {
    expect(await verifies(assertion('ES256', flaws))).toBe(false);
  });
});

describe('F5: in an export', () => {
  const passkey = assertion('ES256');
  const enrolled = (over: object = {}): TestRecord => ({
    type: 'identity.passkey_enrolled',
    data: { account: 'prn_a', passkey: 'pk_a', public_key: passkey.public_key, ...HOME, ...over },
  });
  const revoked: TestRecord = {
    type: 'identity.passkey_revoked',
    data: { account: 'prn_a', passkey: 'pk_a', why: 'owner' },
  };
  const verdict = (assertion = passkey): TestRecord => ({
    type: 'approval.verdict',
    data: { verdict: { statement, passkey: assertion } },
    refs: { approval: 'appr_a' },
  });
  const check = (approvals: boolean, ...records: TestRecord[]) => {
    const { lines, checkpoint, vkey } = makeExport(records);
    return verifyExport({ entries: lines.map((line) => `${line}\n`).join(''), checkpoint, vkey, approvals });
  };

  test('by the passkey that the log enrols for the approver: it is named, with what it signed', async () => {
    const found = await check(true, enrolled(), verdict());
    expect(found).toMatchObject({ ok: true, verdicts: 1, verdicts_by_registered_key: 1 });
    expect(found.proved).toEqual([
      {
        index: 1,
        approval: 'appr_a',
        proposal_digest: statement.proposal_digest,
        verdict: 'approve',
        approver: 'prn_a',
        by: 'passkey',
        registered: true,
      },
    ]);
  });

  test.each<[string, TestRecord[]]>([
    ['nobody enrolled it', [verdict()]],
    ['it is another person\u2019s', [enrolled({ account: 'prn_b' }), verdict()]],
    ['it was enrolled later', [verdict(), enrolled()]],
    ['it was revoked before', [enrolled(), revoked, verdict()]],
  ])('where %s, that is a fault if approvals are asked for', async (_name, records) => {
    expect(await check(false, ...records)).toMatchObject({ ok: true, verdicts_by_registered_key: 0 });
    expect(await check(true, ...records)).toMatchObject({ ok: false, kind: 'bad_verdict' });
  });

  test('made elsewhere than where the passkey was enrolled: a fault in any case', async () => {
    const elsewhere = verdict(assertion('ES256', { origin: 'https://evil.example' }));
    expect(await check(false, enrolled(), elsewhere)).toMatchObject({
      ok: false,
      kind: 'bad_verdict',
      first_bad_index: 1,
    });
    const altered = { ...passkey, signature: passkey.signature.slice(4) };
    expect(await check(false, enrolled(), verdict(altered))).toMatchObject({ ok: false, kind: 'bad_verdict' });
  });
});
