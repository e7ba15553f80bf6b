import { type Answer, api } from './client.ts';

type Begun = Answer<'POST /v1/passkeys/enrolments'>;

/** Whether this browser can make and use passkeys. */
export const passkeysWork = (): boolean =>
  typeof PublicKeyCredential === 'function' && 'parseCreationOptionsFromJSON' in PublicKeyCredential;

/**
 * Enrols a passkey of this browser (WebAuthn Level 3): an administrator's code vouches for it, or, without one, a passkey
 * that the person has, which is asked to sign first. Rejects where the person or the server refuses.
 */
export async function enrolPasskey(name: string, code: string | null): Promise<void> {
  const { statement, creation, request } = await api.call('POST /v1/passkeys/enrolments', {});
  const proof = code === null ? await vouch(request) : ({ kind: 'invitation', code } as const);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(creation as never);
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const { id, response } = made.toJSON() as RegistrationResponseJSON;
  await api.call('POST /v1/passkeys', {
    body: {
      ...{ name, statement, proof },
      handle: id,
      client_data: response.clientDataJSON,
      attestation: response.attestationObject,
    },
  });
}

async function vouch(request: Begun['request']) {
  // The form asks for a code then.
  if (request === null) throw new DOMException('nothing vouches for it', 'NotAllowedError');
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(request as never);
  const given = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const { id, response } = given.toJSON() as AuthenticationResponseJSON;
  const { clientDataJSON: client_data, authenticatorData: authenticator_data, signature } = response;
  return { kind: 'passkey', assertion: { handle: id, client_data, authenticator_data, signature } } as const;
}
