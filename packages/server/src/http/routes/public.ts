import { PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { SESSION_COOKIE, setCookie } from '../cookies.ts';
import { route } from '../route.ts';
import { assertSameOrigin } from '../same-origin.ts';
import { signedInSchema } from './schemas.ts';

/** The routes that need no credential. Each is here for a reason; a test holds this list. */
export const publicRoutes = [
  route({
    method: 'GET',
    url: '/healthz',
    operation: 'public',
    summary: 'The process answers',
    records: 'none',
    answers: { 200: z.strictObject({ status: z.literal('ok') }) },
    handler: async () => ({ status: 'ok' }),
  }),
  route({
    method: 'GET',
    url: '/readyz',
    operation: 'public',
    summary: 'The database answers and policy is loaded',
    records: 'none',
    answers: { 200: z.strictObject({ status: z.literal('ready'), simulated: z.boolean() }) },
    handler: async ({ services }) => {
      const next = 'Restore the database; work continues by itself.';
      const look = () => services.database.pool.query<{ transaction_read_only: string }>('SHOW transaction_read_only');
      const { rows } = await services.pulse.unlessSilent(look).catch((cause: unknown) => {
        throw new PortreeveError('unavailable', 'The database does not answer.', { next, cause });
      });
      if (rows[0]?.transaction_read_only !== 'off')
        throw new PortreeveError('unavailable', 'The database is read-only, so nothing can be recorded.', { next });
      return { status: 'ready', simulated: services.info.endpoints.some((each) => each.simulated) };
    },
  }),
  route({
    method: 'GET',
    url: '/.well-known/jwks.json',
    operation: 'public',
    summary: 'The public keys that verify grants and access tokens (RFC 7517)',
    records: 'none',
    answers: { 200: z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }) },
    handler: ({ services }) => services.jwks(),
  }),
  route({
    method: 'POST',
    url: '/v1/sessions',
    operation: 'public',
    summary: 'Sign in with a local account',
    records: ['identity.signed_in', 'identity.sign_in_failed', 'identity.refused'],
    body: z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1024) }),
    answers: { 201: signedInSchema },
    handler: ({ services, body }) => services.identity.signIn(body),
  }),
  route({
    method: 'GET',
    url: '/v1/sign-in',
    operation: 'public',
    summary: 'How people sign in here: for the page that asks them',
    records: 'none',
    answers: {
      200: z.strictObject({
        environment: z.string(),
        local: z.boolean().describe('Whether local accounts of people are let in'),
        providers: z.array(z.string()).describe('Identity providers, as `/v1/oidc/:provider/begin` names them'),
        simulated: z.boolean().describe('Whether a model here is simulated'),
      }),
    },
    handler: async ({ services }) => ({
      environment: services.info.environment,
      local: services.info.local_accounts,
      providers: [...services.oidcByName.keys()],
      simulated: services.info.endpoints.some((each) => each.simulated),
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/session',
    operation: 'public',
    summary: 'Sign in with a local account in a browser: the session is a cookie, and no script sees it',
    records: ['identity.signed_in', 'identity.sign_in_failed', 'identity.refused'],
    body: z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1024) }),
    answers: { 201: signedInSchema.omit({ token: true }) },
    handler: async ({ services, body, request, reply }) => {
      // Another site must not sign anybody in as somebody of its choice.
      assertSameOrigin(services.web, request);
      const { token, ...rest } = await services.identity.signIn(body);
      const seconds = (Date.parse(rest.expires_at) - services.clock.now().getTime()) / 1000;
      setCookie(services.web, reply, SESSION_COOKIE, token, seconds);
      return rest;
    },
  }),
];
