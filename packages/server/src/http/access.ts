import {
  ANONYMOUS_ACTOR,
  actorOf,
  draft,
  isPortreeveError,
  type PolicyRequest,
  PortreeveError,
} from '@portreeve/contract';
import { type Authenticated, SECRET_PREFIXES } from '@portreeve/identity';
import type { FastifyRequest } from 'fastify';
import type { Services } from '../services.ts';
import { readCookie, SESSION_COOKIE } from './cookies.ts';
import type { Route } from './route.ts';
import { assertSameOrigin } from './same-origin.ts';

/**
 * Lets a call pass or refuses it, and puts either on record: who asks, may they, and (for reads) that they read. If the
 * record cannot be written, nothing is shown (requirements B1, G1, G3).
 */
export async function admit(services: Services, route: Route, request: FastifyRequest): Promise<Authenticated> {
  const target = targetOf(request);
  const who = await authenticate(services, route, request, target);
  const asked: PolicyRequest = {
    kind: 'api',
    principal: who.principal,
    operation: route.operation,
    environment: services.environment.facts(),
  };
  const decision = services.policy.decide(asked);
  if (decision.outcome !== 'permit' && decision.outcome !== 'notify') {
    await services.audit.record([
      draft({
        type: 'api.refused',
        actor: actorOf(who.principal),
        refs: { decision: decision.id, policy_version: decision.policy_version },
        outcome: 'refuse',
        data: { operation: route.operation, target, code: 'refused', decision, request: asked },
      }),
    ]);
    throw new PortreeveError(
      'refused',
      decision.reasons.map((reason) => reason.text).join(' ') || `${who.principal.name} may not ${route.operation}.`,
      {
        next: decision.next,
        extra: { decision },
      },
    );
  }
  await assertProven(services, route, request, who, target);
  if (route.records === 'read') {
    await services.audit.record([
      draft({
        type: 'api.read',
        actor: actorOf(who.principal),
        outcome: 'permit',
        data: { operation: route.operation, target },
      }),
    ]);
  }
  return who;
}

/** For how long a proof of who one is counts as fresh. */
const PROOF_FRESH_MS = 5 * 60_000;

/**
 * A browser that was left open is no person: what gives rights or stops the house wants a fresh proof. A bearer token is
 * held by a program or a terminal, which asks for no password anew.
 */
async function assertProven(
  services: Services,
  route: Route,
  request: FastifyRequest,
  { principal, via }: Authenticated,
  target: string,
): Promise<void> {
  if (!route.fresh_proof || !cameByCookie(request)) return;
  const at = via.kind === 'session' ? via.proven_at : null;
  if (at !== null && services.clock.now().getTime() - Date.parse(at) < PROOF_FRESH_MS) return;
  const { operation } = route;
  await services.audit.record([
    draft({
      type: 'api.refused',
      actor: actorOf(principal),
      outcome: 'refuse',
      data: { operation, target, code: 'proof_needed', decision: null, request: null },
    }),
  ]);
  throw new PortreeveError('proof_needed', 'This asks for a proof of who you are that is less than five minutes old.');
}

/** Whether the credential is the browser's cookie: a bearer token in the header goes before it. */
export function cameByCookie(request: FastifyRequest): boolean {
  return request.headers.authorization === undefined && request.headers.cookie !== undefined;
}

/** The address for the record. The query of a public address may hold a code that signs somebody in. */
function targetOf(request: FastifyRequest): string {
  const target = request.url.slice(0, 500);
  return target.startsWith('/v1/oidc/') ? (target.split('?')[0] as string) : target;
}

async function authenticate(
  services: Services,
  route: Route,
  request: FastifyRequest,
  target: string,
): Promise<Authenticated> {
  try {
    const cookie = cameByCookie(request) && !route.resource ? readCookie(services.web, request, SESSION_COOKIE) : null;
    if (cookie !== null) {
      assertSameOrigin(services.web, request);
      // A cookie is a session and nothing else.
      if (!cookie.startsWith(SECRET_PREFIXES.session))
        throw new PortreeveError('not_signed_in', 'The cookie is no session.');
      return await services.identity.authenticate(cookie);
    }
    const header = request.headers.authorization ?? '';
    // The scheme's name has no case, and one or more spaces follow it (RFC 9110, 11.4).
    const match = /^Bearer +([A-Za-z0-9._-]{1,16384})$/i.exec(header);
    if (!match)
      throw new PortreeveError(
        'not_signed_in',
        header ? 'The Authorization header is not `Bearer …`.' : 'No credential was sent.',
      );
    return await services.identity.authenticate(match[1] as string, ...(route.resource ? [services.mcp.resource] : []));
  } catch (error) {
    if (!isPortreeveError(error)) throw error;
    await services.audit.record([
      draft({
        type: 'api.refused',
        actor: ANONYMOUS_ACTOR,
        outcome: 'refuse',
        data: { operation: route.operation, target, code: error.code, decision: null, request: null },
      }),
    ]);
    throw error;
  }
}

/** Puts on record what a handler refused beyond the rules. A refusal with a decision was recorded where it was made. */
export async function recordRefusal(
  services: Services,
  route: Route,
  request: FastifyRequest,
  who: Authenticated | undefined,
  error: PortreeveError,
): Promise<void> {
  if (error.extra.decision !== undefined) return;
  await services.audit.record([
    draft({
      type: 'api.refused',
      actor: who ? actorOf(who.principal) : ANONYMOUS_ACTOR,
      outcome: 'refuse',
      data: {
        operation: route.operation,
        target: targetOf(request),
        code: error.code,
        decision: null,
        request: null,
      },
    }),
  ]);
}
