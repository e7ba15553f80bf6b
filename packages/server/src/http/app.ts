import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import { isPortreeveError, problemSchema } from '@portreeve/contract';
import type { Authenticated } from '@portreeve/identity';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../services.ts';
import { admit, recordRefusal } from './access.ts';
import { checkText } from './check-text.ts';
import { serveConsole } from './console/serve-console.ts';
import { createInFlight, IN_FLIGHT, type InFlight } from './in-flight.ts';
import { assertOurHost, challenge } from './mcp-guard.ts';
import { oauthErrorSchema, speakOAuth } from './oauth-errors.ts';
import { stepIn } from './pages/step-in.ts';
import { answerBrokenRequest, frameworkProblem, installProblems } from './problems.ts';
import { RequestWindows } from './request-windows.ts';
import type { Route } from './route.ts';
import { routes } from './routes/index.ts';
import { withoutCredential } from './routes/tlog.ts';

/** Requests a minute and address, before anybody is known. */
const FLOOD_LIMIT = 1200;

/** Schemas that stand once in the OpenAPI document and are referred to. */
const named = z.registry<{ id: string }>();
named.add(problemSchema, { id: 'Problem' });
const problemAnswer = {
  description: 'A problem (RFC 9457)',
  content: { 'application/problem+json': { schema: problemSchema } },
};

/**
 * The HTTP face. Every route of the table passes `admit` before its handler runs; there is no other way to add one.
 * `consoleFolder`: a built console, which is served beside it. `trustedProxies`: CIDRs whose `X-Forwarded-For` counts.
 */
export async function buildApp(
  services: Services,
  logger: FastifyBaseLogger,
  options: {
    readonly consoleFolder?: string | undefined;
    readonly trustedProxies?: readonly string[];
    readonly inFlight?: InFlight;
  } = {},
): Promise<FastifyInstance> {
  const { consoleFolder, trustedProxies = [] } = options;
  const enterFlight = createInFlight(options.inFlight ?? IN_FLIGHT);
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    forceCloseConnections: true,
    // What is not in the table is not there.
    exposeHeadRoutes: false,
    frameworkErrors: frameworkProblem,
    clientErrorHandler: answerBrokenRequest,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  installProblems(app, services.redact);
  // Whoever sends an identifier finds it in the answer, whatever that is (AuthZEN 1.0, request identification).
  app.addHook('onRequest', async (request, reply) => {
    const id = request.headers['x-request-id'];
    if (typeof id === 'string') reply.header('x-request-id', id);
  });
  await app.register(helmet);
  await app.register(rateLimit, { max: FLOOD_LIMIT, timeWindow: '1 minute', store: RequestWindows });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Portreeve',
        version: services.info.version,
        description: 'Let Claude act where mistakes are expensive.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: createJsonSchemaTransform({ schemaRegistry: named }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: named }),
  });
  for (const listed of routes) {
    const each = services.public_tiles ? withoutCredential(listed) : listed;
    if (!each.oauth) add(app, services, each, enterFlight);
    // A context of its own: nothing else takes a form, which any page may send.
    else
      await app.register(async (own) => {
        speakOAuth(own);
        add(own, services, each, enterFlight);
      });
  }
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  if (consoleFolder !== undefined) await serveConsole(app, consoleFolder);
  await app.ready();
  return app;
}

/** Paths outside the table: what they show is no secret and changes nothing. */
export const OUTSIDE_THE_TABLE = ['GET /openapi.json'];

/** Loose, because what stays of the headers is what is read of them elsewhere. */
const keyHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'use 1 to 200 visible characters')
    .describe('Your own name for this request. The same again under it is no second action: it gets the first answer')
    .optional(),
});

function add(
  app: FastifyInstance,
  services: Services,
  route: Route,
  enterFlight: ReturnType<typeof createInFlight>,
): void {
  const callers = new WeakMap<object, Authenticated>();
  app.route({
    method: route.method,
    url: route.url,
    ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
    ...(route.per_minute === undefined
      ? {}
      : { config: { rateLimit: { max: perMinute(services, route.per_minute), timeWindow: '1 minute' } } }),
    schema: {
      summary: route.summary,
      operationId: `${route.method.toLowerCase()}_${route.url.replaceAll(/[^a-z0-9]+/gi, '_').replaceAll(/^_|_$/g, '')}`,
      ...(route.operation === 'public'
        ? {}
        : { security: [{ bearer: [] }], description: `Needs the right \`${route.operation}\`.` }),
      ...(route.params ? { params: route.params } : {}),
      ...(route.query ? { querystring: route.query } : {}),
      ...(route.body ? { body: route.body } : {}),
      ...(route.takes_key ? { headers: keyHeaders } : {}),
      response: {
        ...(route.stream
          ? { 200: { description: route.summary, content: { [route.stream]: { schema: z.string() } } } }
          : route.answers),
        '4xx': route.oauth ? oauthErrorSchema : problemAnswer,
        '5xx': route.oauth ? oauthErrorSchema : problemAnswer,
      },
    },
    // Before the body is read, so that a stranger's is not even parsed; behind the limit on requests (`onRequest`), so
    // that a flood does not fill the record.
    ...(route.page
      ? { onRequest: async (request, reply) => ((await stepIn(services.web, request, reply)) ? reply : undefined) }
      : {}),
    preParsing: async (request, reply, payload) => {
      enterFlight(route, reply.raw);
      // What somebody was shown, or was given, stays in no cache; a handler may say otherwise.
      if (route.operation !== 'public' || route.method !== 'GET') reply.header('cache-control', 'no-store');
      if (route.operation !== 'public')
        callers.set(request, await services.pulse.unlessSilent(() => enter(services, route, request, reply)));
      return payload;
    },
    preValidation: async (request) => checkText(request),
    handler: async (request, reply) => {
      const { params, query, body } = request;
      const who = callers.get(request);
      try {
        const key = route.takes_key ? (request.headers['idempotency-key'] as string | undefined) : undefined;
        const call = { services, params, query, body, key, who: who as Authenticated, request, reply };
        const work = () => route.handler(call);
        // A stream has begun to answer, and what is public and leaves no record may do without the database.
        const answer = await (route.stream || route.records === 'none' ? work() : services.pulse.unlessSilent(work));
        if (route.stream) return reply;
        const [status] = Object.keys(route.answers);
        return reply.code(Number(status)).send(answer);
      } catch (error) {
        if (isPortreeveError(error, 'refused'))
          await services.pulse.unlessSilent(() => recordRefusal(services, route, request, who, error));
        if (route.resource && isPortreeveError(error)) challenge(services, reply, error);
        throw error;
      }
    },
  });
}

const perMinute = (services: Services, limit: NonNullable<Route['per_minute']>): number =>
  typeof limit === 'number' ? limit : limit(services);

async function enter(
  services: Services,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Authenticated> {
  if (!route.resource) return admit(services, route, request);
  try {
    assertOurHost(services.mcp.hosts, request);
    return await admit(services, route, request);
  } catch (error) {
    if (isPortreeveError(error)) challenge(services, reply, error);
    throw error;
  }
}
