import { enrolmentSchema, type Passkey } from '@portreeve/approve';
import { enrolmentStatementSchema, idSchema } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam } from './schemas.ts';

const passkeyInfo = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  alg: z.string(),
  device_bound: z.boolean().describe('Its private key cannot leave its device'),
  rp_id: z.string(),
  aaguid: z.string(),
  created_at: z.string(),
  revoked_at: z.string().nullable(),
});

const infoOf = ({ id, account, name, alg, device_bound, rp_id, aaguid, created_at, revoked_at }: Passkey) => ({
  ...{ id, account, name, alg, device_bound, rp_id, aaguid, created_at, revoked_at },
});

const ceremonyOptions = z.looseObject({}).describe('As `PublicKeyCredential.parseCreationOptionsFromJSON` takes them');

export const passkeyRoutes = [
  route({
    method: 'GET',
    url: '/v1/passkeys',
    operation: 'passkeys.read',
    summary: 'One’s own passkeys',
    records: 'read',
    answers: { 200: z.object({ passkeys: z.array(passkeyInfo) }) },
    handler: async ({ services, who }) => ({
      passkeys: (await services.passkeys.of(who.principal.id)).map(infoOf),
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/passkeys/enrolments',
    operation: 'passkeys.enrol',
    summary: 'Begin to enrol a passkey: what the authenticator is asked with, good for five minutes',
    records: ['identity.passkey_challenged'],
    answers: {
      200: z.object({
        statement: enrolmentStatementSchema,
        creation: ceremonyOptions,
        request: ceremonyOptions.nullable().describe('For a passkey that is there to vouch for the new one'),
      }),
    },
    handler: ({ services, who }) => services.passkeys.beginEnrolment(who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/passkeys',
    operation: 'passkeys.enrol',
    summary: 'Enrol a passkey; an administrator’s invitation, one’s signing key or another passkey vouches for it',
    records: ['identity.passkey_enrolled', 'identity.refused'],
    body: enrolmentSchema,
    answers: { 201: passkeyInfo },
    handler: async ({ services, who, body }) => infoOf(await services.passkeys.finishEnrolment(body, who.principal)),
  }),
  route({
    method: 'DELETE',
    url: '/v1/passkeys/:id',
    operation: 'passkeys.revoke',
    summary: 'End one of one’s own passkeys: what it signed and is not yet carried out counts no more',
    records: ['identity.passkey_revoked'],
    params: idParam('passkey'),
    answers: { 200: z.object({ status: z.literal('revoked') }) },
    handler: async ({ services, who, params }) => {
      await services.passkeys.revoke(params.id, who.principal.id, who.principal);
      return { status: 'revoked' };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/accounts/:id/passkeys',
    operation: 'accounts.list',
    summary: 'The passkeys of an account',
    records: 'read',
    params: idParam('principal'),
    answers: { 200: z.object({ passkeys: z.array(passkeyInfo) }) },
    handler: async ({ services, params }) => ({ passkeys: (await services.passkeys.of(params.id)).map(infoOf) }),
  }),
  route({
    method: 'POST',
    url: '/v1/accounts/:id/passkeys/invitations',
    operation: 'passkeys.manage',
    summary: 'Let somebody else enrol one passkey: a code, shown this once, good for a day',
    records: ['identity.passkey_invited'],
    params: idParam('principal'),
    answers: { 201: z.object({ code: z.string(), expires_at: z.string() }) },
    handler: async ({ services, who, params }) => services.passkeys.invite(params.id, who.principal),
  }),
  route({
    method: 'DELETE',
    url: '/v1/accounts/:id/passkeys/:passkey',
    operation: 'passkeys.manage',
    summary: 'End anybody’s passkey',
    records: ['identity.passkey_revoked'],
    params: z.object({ id: idSchema('principal'), passkey: idSchema('passkey') }),
    answers: { 200: z.object({ status: z.literal('revoked') }) },
    handler: async ({ services, who, params }) => {
      await services.passkeys.revoke(params.passkey, params.id, who.principal);
      return { status: 'revoked' };
    },
  }),
];
