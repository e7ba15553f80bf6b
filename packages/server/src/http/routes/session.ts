import { nameSchema, principalSchema, ROLES } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam } from './schemas.ts';

export const sessionRoutes = [
  route({
    method: 'GET',
    url: '/v1/session',
    operation: 'session.read',
    summary: 'Who is signed in',
    records: 'read',
    answers: {
      200: z.object({ principal: principalSchema, via: z.enum(['session', 'token', 'access_token', 'workload']) }),
    },
    handler: async ({ who }) => ({ principal: who.principal, via: who.via.kind }),
  }),
  route({
    method: 'DELETE',
    url: '/v1/session',
    operation: 'session.end',
    summary: 'Sign out',
    records: ['identity.signed_out'],
    answers: { 200: z.object({ status: z.literal('ended') }) },
    handler: async ({ services, who }) => {
      await services.identity.signOut(who);
      return { status: 'ended' };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/session/signing-key',
    operation: 'session.read',
    summary: 'One’s own signing key, wrapped: only the password opens it, and that stays with its owner',
    records: 'read',
    answers: { 200: z.object({ key: z.unknown() }) },
    handler: async ({ services, who }) => ({ key: await services.identity.signingKeyOf(who.principal.id) }),
  }),
  route({
    method: 'POST',
    url: '/v1/tokens',
    operation: 'tokens.create',
    summary: 'Make an API token; its secret is shown this once',
    records: ['identity.token_created'],
    body: z.strictObject({
      label: z.string().min(1).max(100),
      roles: z.array(z.enum(ROLES)).min(1),
      ttl_minutes: z.int().min(1),
      /** The only tools that may be used with it; left out: all that its account may use. */
      tools: z.array(nameSchema).max(64).optional(),
    }),
    answers: { 201: z.object({ token: z.string(), id: z.string(), expires_at: z.string() }) },
    handler: ({ services, who, body }) => services.identity.createToken({ account: who.principal.id, ...body }, who),
  }),
  route({
    method: 'DELETE',
    url: '/v1/tokens/:id',
    operation: 'tokens.revoke',
    summary: 'Revoke an API token',
    records: ['identity.token_revoked'],
    params: idParam('token'),
    answers: { 200: z.object({ status: z.literal('revoked') }) },
    handler: async ({ services, who, params }) => {
      await services.identity.revokeToken(params.id, who);
      return { status: 'revoked' };
    },
  }),
];
