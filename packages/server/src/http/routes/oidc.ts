import { nameSchema, PortreeveError } from '@portreeve/contract';
import { OIDC_SIGN_IN_MINUTES, type OidcSignIn } from '@portreeve/identity';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { beginCookie, clearCookie, readCookie, SESSION_COOKIE, setCookie } from '../cookies.ts';
import { route } from '../route.ts';

const params = z.object({ provider: nameSchema });
const nothing = z.object({ location: z.string().describe('Where the browser goes; also in the header `Location`') });

function providerOf(services: Services, name: string): OidcSignIn {
  const provider = services.oidcByName.get(name);
  if (!provider) throw new PortreeveError('not_found', `There is no identity provider ${name}.`);
  return provider;
}

/** Where a person who has signed in lands. The page itself needs no cookie: a `Strict` one is not sent on this way. */
const LANDING = '/';

/** Sign-in by OpenID Connect, for a browser: it follows two redirects and keeps two cookies. */
export const oidcRoutes = [
  route({
    method: 'GET',
    url: '/v1/oidc/:provider/begin',
    operation: 'public',
    summary: 'Begin a sign-in: send the browser to the identity provider',
    records: 'none',
    per_minute: 30,
    params,
    query: z.strictObject({
      prove: z.literal('anew').optional().describe('The provider asks the person again, whoever is signed in there'),
    }),
    answers: { 303: nothing },
    handler: async ({ services, params, query, reply }) => {
      const provider = providerOf(services, params.provider);
      const { url, cookie } = await provider.begin({ fresh: query.prove === 'anew' });
      setCookie(services.web, reply, beginCookie(params.provider), cookie, OIDC_SIGN_IN_MINUTES * 60);
      reply.headers({ location: url, 'cache-control': 'no-store' });
      return { location: url };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/oidc/:provider/callback',
    operation: 'public',
    summary: 'Finish a sign-in: the identity provider sends the browser here, and it leaves with a session cookie',
    records: ['identity.signed_in', 'identity.account_created', 'identity.account_changed', 'identity.refused'],
    per_minute: 60,
    params,
    answers: { 303: nothing },
    handler: async ({ services, params, request, reply }) => {
      const provider = providerOf(services, params.provider);
      const cookie = readCookie(services.web, request, beginCookie(params.provider)) ?? '';
      reply.header('cache-control', 'no-store');
      // Good for one answer, whatever becomes of it.
      clearCookie(services.web, reply, beginCookie(params.provider));
      const { token, expires_at } = await provider.finish(request.url, cookie);
      const seconds = (Date.parse(expires_at) - services.clock.now().getTime()) / 1000;
      setCookie(services.web, reply, SESSION_COOKIE, token, seconds);
      reply.header('location', LANDING);
      return { location: LANDING };
    },
  }),
];
