import type { GivenAssertion } from '@portreeve/approve';
import { type Flaws, type SoftwareAuthenticator, softwareAuthenticator } from '@portreeve/approve/testing';
import type { VerdictKind } from '@portreeve/contract';
import type { Answer } from './client.ts';
import type { ShownApproval, SignedInClient, TestServer } from './server.ts';

/** A code by which the admin lets this account enrol a passkey. */
export async function invitationFor(house: TestServer, by: SignedInClient): Promise<string> {
  const { body } = await (await house.as('admin')).post(`/v1/accounts/${by.principal.id}/passkeys/invitations`);
  return body.code;
}

/** What a browser sends to enrol a passkey with an invitation. */
export async function enrolment(house: TestServer, by: SignedInClient, key: SoftwareAuthenticator): Promise<object> {
  const code = await invitationFor(house, by);
  const { statement, creation } = (await by.post('/v1/passkeys/enrolments')).body;
  const made = key.register({ challenge: creation.challenge, rpId: creation.rp.id });
  return { name: 'test key', statement, ...made, proof: { kind: 'invitation', code } };
}

/** A person with a passkey: made in software, enrolled as a browser would. */
export async function withPasskey(
  house: TestServer,
  by: SignedInClient,
  options: Parameters<typeof softwareAuthenticator>[1] = {},
): Promise<SoftwareAuthenticator> {
  const key = softwareAuthenticator(house.server.services.web.origin, options);
  const { status, body } = await by.post('/v1/passkeys', await enrolment(house, by, key));
  if (status !== 201) throw new Error(`the passkey was not enrolled: ${JSON.stringify(body)}`);
  return key;
}

/** The assertion by which a passkey signs a verdict on what was shown. */
export async function signedByPasskey(
  by: SignedInClient,
  { approval, digest }: ShownApproval,
  key: SoftwareAuthenticator,
  verdict: VerdictKind,
  flaws: Flaws = {},
): Promise<GivenAssertion> {
  const shown = { reason: 'I have read it.', proposal_digest: digest, preview_digest: approval.preview_digest };
  const { status, body } = await by.post(
    `/v1/approvals/${approval.id}/${verdict === 'confirm' ? 'confirmation-challenges' : 'challenges'}`,
    verdict === 'confirm' ? shown : { ...shown, verdict },
  );
  if (status !== 200) throw new Error(`there is no challenge: ${JSON.stringify(body)}`);
  return key.assert({ challenge: body.options.challenge, rpId: body.options.rpId }, flaws);
}

/** Gives a verdict by passkey, as the page of the approval does. */
export async function decideByPasskey(
  by: SignedInClient,
  shown: ShownApproval,
  key: SoftwareAuthenticator,
  verdict: VerdictKind,
  flaws: Flaws = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by their assertions
): Promise<Answer<any>> {
  const assertion = await signedByPasskey(by, shown, key, verdict, flaws);
  return by.post(`/v1/approvals/${shown.approval.id}/passkey-verdicts`, assertion);
}
