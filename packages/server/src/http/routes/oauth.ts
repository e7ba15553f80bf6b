import { EXCHANGE_GRANT_TYPE } from '@portreeve/identity';
import { z } from 'zod';
import { OAuthRefusal } from '../oauth-errors.ts';
import { route } from '../route.ts';

const tokenAnswer = z.object({
  access_token: z.string(),
  issued_token_type: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  scope: z.string(),
});

/** What an OAuth client looks for. The credentials are in the request itself: a subject's and an agent's. */
export const oauthRoutes = [
  route({
    method: 'GET',
    url: '/.well-known/oauth-authorization-server',
    operation: 'public',
    summary: 'Where tokens are exchanged, and by which keys they verify (RFC 8414)',
    records: 'none',
    answers: {
      200: z.object({
        issuer: z.string(),
        token_endpoint: z.string(),
        jwks_uri: z.string(),
        grant_types_supported: z.array(z.string()),
        response_types_supported: z.array(z.string()),
        token_endpoint_auth_methods_supported: z.array(z.string()),
      }),
    },
    handler: async ({ services }) => ({
      issuer: services.accessTokens.issuer,
      token_endpoint: `${services.web.origin}/oauth/token`,
      jwks_uri: `${services.web.origin}/.well-known/jwks.json`,
      grant_types_supported: [EXCHANGE_GRANT_TYPE],
      // There is no authorization endpoint: people sign in at the identity provider.
      response_types_supported: [],
      // The agent's own token is the `actor_token`; there is no other client.
      token_endpoint_auth_methods_supported: ['none'],
    }),
  }),
  route({
    method: 'POST',
    url: '/oauth/token',
    operation: 'public',
    summary: 'Exchange a subject’s and an agent’s token for one with which the agent acts for the subject (RFC 8693)',
    records: ['identity.token_exchanged', 'identity.refused'],
    oauth: true,
    per_minute: 300,
    // Two tokens of 16 KiB and what stands beside them.
    bodyLimit: 64 * 1024,
    answers: { 200: tokenAnswer },
    handler: async ({ services, body, reply }) => {
      const { delegation } = services.identity;
      if (!delegation) throw new TypeError('the server is wired without access tokens');
      const answer = await delegation.exchangeToken((body ?? {}) as Record<string, unknown>);
      if (!answer.ok) throw new OAuthRefusal(answer.body);
      reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
      return answer.body;
    },
  }),
];
