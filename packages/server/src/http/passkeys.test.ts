import { softwareAuthenticator } from '@portreeve/approve/testing';
import type { SignedVerdict } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decideByPasskey, enrolment, signedByPasskey, withPasskey } from '../testing/passkeys.ts';
import { APPROVERS, type ShownApproval, type SignedInClient, type TestServer, testServer } from '../testing/server.ts';

let house: TestServer;
let lead: SignedInClient;
let second: SignedInClient;
beforeAll(async () => {
  house = await testServer({ config: { identity: { base_url: 'https://portreeve.example' } } });
  lead = await house.as('lead');
  second = await house.addAccount('second-lead', ['approver'], APPROVERS);
});
afterAll(() => house?.close());

const waiting = async (): Promise<ShownApproval> => house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);

describe('F5: a verdict signed by a passkey', () => {
  test('is verified, carried out, and kept with all that proves it', async () => {
    const key = await withPasskey(house, lead);
    const shown = await waiting();
    const { status, body } = await decideByPasskey(lead, shown, key, 'approve');
    expect(status).toBe(201);
    expect(body.state).toBe('approved');
    const [verdict] = body.verdicts as SignedVerdict[];
    expect(verdict).toMatchObject({
      statement: { approval: shown.approval.id, proposal_digest: shown.digest, approver: lead.principal.id },
      passkey: { handle: key.handle, alg: 'ES256' },
    });
    const { run } = (await lead.get(`/v1/approvals/${shown.approval.id}`)).body;
    expect(await house.ended(run)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
  });

  test('counts for nothing with a wrong key, on another origin, twice, or when it was altered', async () => {
    const [key, foreign] = [await withPasskey(house, lead), await withPasskey(house, second)];
    const shown = await waiting();
    const path = `/v1/approvals/${shown.approval.id}/passkey-verdicts`;
    const sent = async (by: SignedInClient, assertion: object) => {
      const { status, body } = await by.post(path, assertion);
      return [status, body.code];
    };
    const elsewhere = await signedByPasskey(lead, shown, key, 'approve', { origin: 'https://portreeve.example.evil' });
    expect(await sent(lead, elsewhere)).toEqual([403, 'bad_signature']);
    const borrowed = await signedByPasskey(lead, shown, foreign, 'approve');
    expect(await sent(lead, borrowed)).toEqual([403, 'bad_signature']);
    const good = await signedByPasskey(lead, shown, key, 'approve');
    expect(await sent(second, good)).toEqual([403, 'bad_signature']);
    const client = JSON.parse(Buffer.from(good.client_data, 'base64url').toString());
    const forged = { ...good, client_data: Buffer.from(JSON.stringify({ ...client, x: 1 })).toString('base64url') };
    expect(await sent(lead, forged)).toEqual([403, 'bad_signature']);
    // The forged one has used the challenge up.
    expect(await sent(lead, good)).toEqual([403, 'bad_signature']);
    const other = await waiting();
    const moved = await signedByPasskey(lead, other, key, 'approve');
    expect(await sent(lead, moved)).toEqual([403, 'bad_signature']);
    const unseen = `sha256:${'0'.repeat(64)}`;
    const wrong = { verdict: 'approve', reason: '', proposal_digest: unseen, preview_digest: null };
    expect((await lead.post(`/v1/approvals/${shown.approval.id}/challenges`, wrong)).body.code).toBe('digest_mismatch');

    const { records } = await house.server.services.audit.search({
      type: 'approval.refused_verdict',
      approval: shown.approval.id,
    });
    expect(records).toHaveLength(6);
    expect((await lead.get(`/v1/approvals/${shown.approval.id}`)).body.approval).toMatchObject({
      state: 'pending',
      verdicts: [],
    });
    const denied = await decideByPasskey(lead, shown, key, 'deny');
    expect(denied.body.state).toBe('denied');
    // Replayed whole, through the way for keys.
    expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, denied.body.verdicts[0])).body.code).toBe(
      'approval_closed',
    );
  });

  test('by a clone is refused, and revokes the key', async () => {
    const key = await withPasskey(house, second);
    await decideByPasskey(second, await waiting(), key, 'deny', { counter: 40 });
    const shown = await waiting();
    const cloned = await decideByPasskey(second, shown, key, 'approve', { counter: 40 });
    expect([cloned.status, cloned.body.code]).toEqual([403, 'bad_signature']);
    const { passkeys } = (await second.get('/v1/passkeys')).body;
    expect(passkeys.at(-1).revoked_at).not.toBeNull();
    const { records } = await house.server.services.audit.search({ type: 'identity.passkey_revoked', limit: 1 });
    expect(records[0]?.payload?.data).toMatchObject({ why: 'cloned', account: second.principal.id });
  });

  test('a freeze stops it too, unless it denies', async () => {
    const key = await withPasskey(house, lead);
    const shown = await waiting();
    const operator = await house.as('operator');
    await operator.post('/v1/environment/freezes', { target: 'all', reason: 'a test' });
    try {
      expect((await decideByPasskey(lead, shown, key, 'approve')).body.code).toBe('frozen');
      expect((await decideByPasskey(lead, shown, key, 'deny')).body.state).toBe('denied');
    } finally {
      await operator.post('/v1/environment/thaws', { target: 'all', stage: 'lifted', reason: 'a test' });
    }
  });
});

describe('F5: enrolment', () => {
  test('nobody enrols with a made-up, a used or another\u2019s invitation; a revoked passkey signs nothing', async () => {
    const key = softwareAuthenticator('https://portreeve.example');
    const good = (await enrolment(house, lead, key)) as { proof: { code: string } };
    const made = { ...good, proof: { kind: 'invitation', code: 'A'.repeat(43) } };
    expect((await lead.post('/v1/passkeys', made)).body.code).toBe('refused');
    const theirs = (await enrolment(house, second, key)) as { proof: object };
    expect((await lead.post('/v1/passkeys', theirs)).body.code).toBe('bad_signature');
    const mine = (await enrolment(house, lead, key)) as object;
    expect((await lead.post('/v1/passkeys', { ...mine, proof: theirs.proof })).body.code).toBe('refused');
    const { status, body } = await lead.post('/v1/passkeys', await enrolment(house, lead, key));
    expect(status).toBe(201);
    expect(body).toMatchObject({ device_bound: true, rp_id: 'portreeve.example', revoked_at: null });
    expect(JSON.stringify(body)).not.toContain(key.handle);

    const shown = await waiting();
    const signed = await signedByPasskey(lead, shown, key, 'approve');
    expect((await second.call('DELETE', `/v1/passkeys/${body.id}`)).status).toBe(404);
    expect((await lead.call('DELETE', `/v1/passkeys/${body.id}`)).status).toBe(200);
    expect((await lead.post(`/v1/approvals/${shown.approval.id}/passkey-verdicts`, signed)).body.code).toBe(
      'bad_signature',
    );
  });

  test('an administrator invites others and not themselves', async () => {
    const admin = await house.as('admin');
    const { status } = await admin.post(`/v1/accounts/${admin.principal.id}/passkeys/invitations`);
    expect(status).toBe(403);
    expect((await lead.post(`/v1/accounts/${lead.principal.id}/passkeys/invitations`)).status).toBe(403);
  });
});
