import { idSchema, nameSchema, PortreeveError, ROLES } from '@portreeve/contract';
import type { TokenInfo } from '@portreeve/identity';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam } from './schemas.ts';

const DAY_MS = 86_400_000;
const unusedDays = z.coerce.number().int().min(1).max(365).default(30);

const tokenInfo = z.object({
  id: z.string(),
  account: z.string(),
  environment: z.string(),
  label: z.string(),
  roles: z.array(z.string()),
  tools: z.array(z.string()).nullable(),
  created_at: z.string(),
  expires_at: z.string(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  replaced_by: z.string().nullable(),
  /** Good, made before the days that were asked about, and not used since. */
  unused: z.boolean(),
});
const createdToken = z.object({
  token: z.string().describe('The bearer secret; it is shown this once'),
  id: z.string(),
  expires_at: z.string(),
});

function isUnused(token: TokenInfo, now: number, days: number): boolean {
  const since = now - days * DAY_MS;
  const good = token.revoked_at === null && token.replaced_by === null && Date.parse(token.expires_at) > now;
  return (
    good &&
    Date.parse(token.created_at) < since &&
    (token.last_used_at === null || Date.parse(token.last_used_at) < since)
  );
}

export const tokenRoutes = [
  route({
    method: 'GET',
    url: '/v1/tokens',
    operation: 'tokens.read',
    summary: 'API tokens with their last use: one’s own, or an administrator anybody’s',
    records: 'read',
    query: z.strictObject({ account: idSchema('principal').optional(), unused_days: unusedDays }),
    answers: { 200: z.object({ tokens: z.array(tokenInfo) }) },
    handler: async ({ services, who, query }) => {
      const account = query.account ?? who.principal.id;
      if (account !== who.principal.id && !who.principal.roles.includes('admin'))
        throw new PortreeveError('not_found', 'There is no such account.');
      const now = services.clock.now().getTime();
      const tokens = await services.identity.tokens(account);
      return { tokens: tokens.map((token) => ({ ...token, unused: isUnused(token, now, query.unused_days) })) };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/tokens/unused',
    operation: 'tokens.unused',
    summary: 'API tokens of anybody that are good and that nobody has used for some days: at most 200',
    records: 'read',
    query: z.strictObject({ unused_days: unusedDays }),
    answers: { 200: z.object({ tokens: z.array(tokenInfo) }) },
    handler: async ({ services, query }) => {
      const since = new Date(services.clock.now().getTime() - query.unused_days * DAY_MS);
      const tokens = await services.identity.unusedTokens(since);
      return { tokens: tokens.map((token) => ({ ...token, unused: true })) };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/tokens',
    fresh_proof: true,
    operation: 'tokens.create',
    summary: 'Make an API token; its secret is shown this once',
    records: ['identity.token_created'],
    body: z.strictObject({
      /** Whose; left out: one's own. An administrator makes those of services and agents. */
      account: idSchema('principal').optional(),
      label: z.string().min(1).max(100),
      roles: z.array(z.enum(ROLES)).min(1),
      ttl_minutes: z.int().min(1),
      /** The only tools that may be used with it; left out: all that its account may use. */
      tools: z.array(nameSchema).max(64).optional(),
    }),
    answers: { 201: createdToken },
    handler: ({ services, who, body }) =>
      services.identity.createToken({ ...body, account: body.account ?? who.principal.id }, who),
  }),
  route({
    method: 'POST',
    url: '/v1/tokens/:id/rotate',
    fresh_proof: true,
    operation: 'tokens.rotate',
    summary: 'Make a token in the place of one, which works beside it for a while; its secret is shown this once',
    records: ['identity.token_created', 'identity.token_rotated'],
    params: idParam('token'),
    body: z.strictObject({
      /** How long the replaced one still works: 0 ends it at once, a week is the longest. */
      overlap_minutes: z.int().min(0).max(10_080),
    }),
    answers: { 201: createdToken },
    handler: ({ services, who, params, body }) => services.identity.rotateToken(params.id, body.overlap_minutes, who),
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
