import { generateKeyPairSync } from 'node:crypto';
import { fixedClock, GRANT_TYPE, grantClaimsSchema, newId } from '@portreeve/contract';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { createGrantIssuer } from './issue-grant.ts';
import { thumbprintOf } from './prove.ts';
import { executeFixture, TEST_ISSUER, TEST_NOW, testApproval, testContract, testDecision } from './testing/fixture.ts';

describe('F6: a grant', () => {
  test('carries exactly the claims that are pinned here', async () => {
    const { issuer, input, executorKey } = executeFixture();
    const wish = input();
    const { token, claims } = await issuer.issue(wish);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'portreeve-grant+jwt', kid: 'grant-1' });
    const { payload } = await jwtVerify(token, createLocalJWKSet(issuer.jwks()), {
      typ: GRANT_TYPE,
      currentDate: new Date(TEST_NOW),
    });
    expect(payload).toEqual(claims);
    expect(payload).toEqual({
      iss: TEST_ISSUER,
      aud: 'case-system',
      iat: 1795176000,
      nbf: 1795176000,
      exp: 1795176120,
      jti: expect.stringMatching(/^grt_/),
      txn: wish.proposal.run,
      sub: wish.proposal.principal.id,
      act: { sub: 'agent:incident-summary' },
      scope: 'publish_case_summary',
      req_wl: 'portreeve-executor',
      cnf: { jkt: thumbprintOf(executorKey) },
      authorization_details: [
        {
          type: 'urn:portreeve:grant:tool-call',
          actions: ['publish_case_summary'],
          tool_version: '1.0.0',
          // RFC 8785 and SHA-256 of {"case_id":"case-7","summary":"All is well."}
          args_digest: 'sha256:52a56906d54117df8771baed96ae9d277db77bb35aa19731eec552e973341925',
          max_uses: 1,
        },
      ],
      tctx: {
        proposal: wish.proposal.id,
        proposal_digest: wish.proposal.digest,
        workflow: 'incident-summary',
        release: wish.proposal.release,
        policy_version: wish.decision.policy_version,
        decision: wish.decision.id,
        approvals: [wish.approvals[0]!.id],
        approvers: [wish.approvals[0]!.verdicts[0]!.statement.approver],
        environment: 'test',
      },
    });
    expect(grantClaimsSchema.safeParse(payload).success).toBe(true);
  });

  test('of a proposal without a run and without an actor names the proposal and nobody else', async () => {
    const { issuer, input, clock } = executeFixture();
    const wish = input(testContract(), {
      run: null,
      principal: { id: newId('principal', clock), kind: 'person', name: 'ana', roles: [], groups: [], act: [] },
    });
    const { claims } = await issuer.issue({ ...wish, approvals: [] });
    expect(claims.txn).toBe(wish.proposal.id);
    expect(claims).not.toHaveProperty('act');
    expect(claims.tctx.approvers).toEqual([]);
  });

  test('publishes only the public half of its key', () => {
    const [key] = executeFixture().issuer.jwks().keys;
    expect(key).toEqual({
      kty: 'OKP',
      crv: 'Ed25519',
      x: expect.stringMatching(/^[\w-]{43}$/),
      kid: 'grant-1',
      alg: 'EdDSA',
      use: 'sig',
    });
  });
});

describe('nothing is signed', () => {
  test.each(['approve', 'narrow', 'refuse'] as const)('on the decision %s', async (outcome) => {
    const { issuer, input, clock } = executeFixture();
    const wish = { ...input(), decision: testDecision(clock, { outcome }) };
    await expect(issuer.issue(wish)).rejects.toMatchObject({ code: 'grant_invalid' });
  });

  test('for arguments that break the schema of the tool', async () => {
    const { issuer, input } = executeFixture();
    const wish = input(testContract(), { args: { case_id: 'c', summary: 's', publish_everything: true } });
    await expect(issuer.issue(wish)).rejects.toMatchObject({ code: 'bad_request' });
  });

  test('for another tool or another version than the contract', async () => {
    const { issuer, input } = executeFixture();
    const wish = input();
    const other = { ...wish, contract: testContract({ version: '1.0.1' }) };
    await expect(issuer.issue(other)).rejects.toMatchObject({ code: 'grant_mismatch' });
  });

  test('F5: for a proposal that was altered after it got its digest', async () => {
    const { issuer, input } = executeFixture();
    const wish = input();
    const altered = { ...wish, proposal: { ...wish.proposal, args: { case_id: 'case-8', summary: 'All is well.' } } };
    await expect(issuer.issue(altered)).rejects.toMatchObject({ code: 'grant_mismatch' });
  });

  test('with an approval of another proposal', async () => {
    const { issuer, input, clock } = executeFixture();
    const wish = { ...input(), approvals: [testApproval(clock, input().proposal)] };
    await expect(issuer.issue(wish)).rejects.toMatchObject({ code: 'grant_mismatch' });
  });

  test('F4: with an approval that is open, or whose quorum one person fills twice', async () => {
    const { issuer, input, clock } = executeFixture();
    const wish = input();
    const open = testApproval(clock, wish.proposal, { state: 'pending' });
    await expect(issuer.issue({ ...wish, approvals: [open] })).rejects.toMatchObject({ code: 'grant_invalid' });
    const once = testApproval(clock, wish.proposal, { quorum: 2 });
    const twice = { ...once, verdicts: [once.verdicts[0]!, once.verdicts[0]!] };
    await expect(issuer.issue({ ...wish, approvals: [twice] })).rejects.toMatchObject({ code: 'grant_invalid' });
  });

  test.each([0, 301, 1.5, Number.NaN])('for a life of %d seconds', (ttl_s) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const options = {
      privateKey,
      keyId: 'k',
      issuer: TEST_ISSUER,
      environment: 'test',
      clock: fixedClock(TEST_NOW),
      executor_jkt: thumbprintOf(privateKey),
    };
    expect(() => createGrantIssuer({ ...options, ttl_s })).toThrow('A grant lives from 1 to 300 seconds');
  });

  test('with a key that is not a private Ed25519 key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const { publicKey } = generateKeyPairSync('ed25519');
    const options = {
      executor_jkt: thumbprintOf(publicKey),
      keyId: 'k',
      issuer: TEST_ISSUER,
      environment: 'test',
      clock: fixedClock(TEST_NOW),
    };
    for (const privateKey of [rsa, publicKey]) {
      expect(() => createGrantIssuer({ ...options, privateKey })).toThrow('Ed25519 private key');
    }
  });
});
