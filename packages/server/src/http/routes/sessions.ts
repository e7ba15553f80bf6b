import type { Principal } from '@portreeve/contract';
import { idSchema, principalSchema } from '@portreeve/contract';
import { signingKeySchema } from '@portreeve/identity';
import { OPERATION_IDS } from '@portreeve/policy';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { cameByCookie } from '../access.ts';
import { clearCookie, SESSION_COOKIE, setCookie } from '../cookies.ts';
import { route } from '../route.ts';
import { idParam } from './schemas.ts';

const sessionInfo = z.object({
  id: z.string(),
  account: z.string(),
  environment: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
});

export const sessionRoutes = [
  route({
    method: 'GET',
    url: '/v1/session',
    operation: 'session.read',
    summary: 'Who is signed in',
    records: 'read',
    answers: {
      200: z.object({
        principal: principalSchema,
        via: z.enum(['session', 'token', 'access_token', 'workload']),
        may: z
          .array(z.string())
          .describe('The operations that policy lets them use now; each is decided anew when it is used'),
        session: z.string().nullable().describe('The session, where it is one'),
        proven_at: z.string().nullable().describe('When the person last proved who they are'),
        expires_at: z.string(),
      }),
    },
    handler: async ({ services, who: { principal, via, expires_at } }) => ({
      principal,
      via: via.kind,
      may: operationsOf(services, principal),
      session: via.kind === 'session' ? via.id : null,
      proven_at: via.kind === 'session' ? via.proven_at : null,
      expires_at,
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/session/proof',
    operation: 'session.prove',
    summary: 'Prove anew, by the password, who one is: for what asks for a fresh proof in a browser',
    records: ['identity.proven', 'identity.sign_in_failed', 'identity.refused'],
    per_minute: 30,
    body: z.strictObject({ password: z.string().min(1).max(1024) }),
    answers: { 200: z.object({ proven_at: z.string() }) },
    handler: ({ services, who, body }) => services.identity.prove(who, body.password),
  }),
  route({
    method: 'DELETE',
    url: '/v1/session',
    operation: 'session.end',
    summary: 'Sign out',
    records: ['identity.signed_out'],
    answers: { 200: z.object({ status: z.literal('ended') }) },
    handler: async ({ services, who, request, reply }) => {
      await services.identity.signOut(who);
      if (cameByCookie(request)) clearCookie(services.web, reply, SESSION_COOKIE);
      return { status: 'ended' };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/session/rotate',
    operation: 'session.rotate',
    summary: 'A new secret for the same session; the old one ends at once, and the session when it would have ended',
    records: ['identity.session_rotated'],
    answers: {
      200: z.object({
        token: z.string().optional().describe('Left out where the session is a cookie: then the cookie is the new one'),
        session: z.string(),
        expires_at: z.string(),
      }),
    },
    handler: async ({ services, who, request, reply }) => {
      const { token, session, expires_at } = await services.identity.rotateSession(who);
      if (!cameByCookie(request)) return { token, session, expires_at };
      const seconds = (Date.parse(expires_at) - services.clock.now().getTime()) / 1000;
      setCookie(services.web, reply, SESSION_COOKIE, token, seconds);
      return { session, expires_at };
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
    url: '/v1/session/signing-key',
    fresh_proof: true,
    operation: 'signing_key.register',
    summary: 'Register one’s first signing key, made and wrapped on one’s own side, as after a sign-in at a provider',
    records: ['identity.signing_key_registered'],
    body: signingKeySchema,
    answers: { 201: z.object({ public_key: z.string() }) },
    handler: async ({ services, who, body }) => {
      await services.identity.registerSigningKey(body, who);
      return { public_key: body.public_key };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/sessions',
    operation: 'sessions.read',
    summary: 'Open sessions: one’s own, or an administrator anybody’s',
    records: 'read',
    query: z.strictObject({ account: idSchema('principal').optional() }),
    answers: { 200: z.object({ sessions: z.array(sessionInfo) }) },
    handler: async ({ services, who, query }) => ({
      sessions: await services.identity.sessions(query.account ?? who.principal.id, who),
    }),
  }),
  route({
    method: 'DELETE',
    url: '/v1/sessions/:id',
    operation: 'sessions.end',
    summary: 'End a session: one’s own, or an administrator anybody’s',
    records: ['identity.sessions_ended'],
    params: idParam('session'),
    answers: { 200: z.object({ status: z.literal('ended') }) },
    handler: async ({ services, who, params }) => {
      await services.identity.endSession(params.id, who);
      return { status: 'ended' };
    },
  }),
  route({
    method: 'DELETE',
    url: '/v1/accounts/:id/sessions',
    operation: 'accounts.end_sessions',
    summary: 'End all sessions of an account, and refuse the access tokens with which agents act for it',
    records: ['identity.sessions_ended'],
    params: idParam('principal'),
    answers: { 200: z.object({ ended: z.int() }) },
    handler: async ({ services, who, params }) => ({ ended: await services.identity.endSessions(params.id, who) }),
  }),
  route({
    method: 'POST',
    url: '/v1/delegations',
    fresh_proof: true,
    operation: 'delegations.create',
    summary: 'Let one agent act for oneself: a token for one exchange at /oauth/token, shown this once',
    records: ['identity.delegated'],
    body: z.strictObject({
      agent: idSchema('principal'),
      scope: z.string().min(1).max(4096),
      ttl_s: z.int().min(1).max(900).optional(),
    }),
    answers: { 201: z.object({ token: z.string(), id: z.string(), expires_at: z.string(), scope: z.string() }) },
    handler: async ({ services, who, body: { agent, scope, ttl_s } }) => {
      const { delegation } = services.identity;
      if (!delegation) throw new TypeError('the server is wired without access tokens');
      return delegation.delegate({ agent, scope, ...(ttl_s === undefined ? {} : { ttl_s }) }, who);
    },
  }),
];

/** What a face may offer. Nothing rests on it: whoever calls is judged at the call. */
function operationsOf({ policy, environment }: Services, principal: Principal): string[] {
  const facts = environment.facts();
  return OPERATION_IDS.filter((operation) => {
    const { outcome } = policy.decide({ kind: 'api', principal, operation, environment: facts });
    return outcome === 'permit' || outcome === 'notify';
  });
}
