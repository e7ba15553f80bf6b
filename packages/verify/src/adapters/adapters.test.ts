import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request as Request_, type Response as Response_ } from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { withGrant } from '../grant/fetch.ts';
import { memoryReplayStore } from '../grant/replay.ts';
import { createGrantVerifier } from '../grant/verify-grant.ts';
import { ARGS, AUDIENCE, claims, ISSUER, jwks, prove, sign, TOOL } from '../testing/make-grant.ts';
import * as forExpress from './express.ts';
import * as forFastify from './fastify.ts';
import * as forHono from './hono.ts';

interface System {
  readonly origin: string;
  send(path: string, init: RequestInit): Promise<Response>;
  close(): Promise<void>;
}
type Handle = (request: object) => void;

const ROUTE = '/cases/:case_id';
const told = (granted: ReturnType<typeof forExpress.grantOf>) => ({
  by: granted.grant.subject,
  as: granted.grant.actor,
  approvers: granted.grant.approvers,
  args: granted.args,
});

const verifierAt = (origin: () => string, change = {}) =>
  createGrantVerifier({ jwks, issuer: ISSUER, audience: AUDIENCE, origin, replay: memoryReplayStore(), ...change });

async function listen(listener: (origin: () => string) => RequestListener): Promise<System> {
  let origin = '';
  const server: Server = createServer(listener(() => origin));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    send: (path, init) => fetch(origin + path, init),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** Each framework with one route behind a verification, and one whose handler forgot it. */
const SYSTEMS: Record<string, (called: Handle, change?: object) => Promise<System>> = {
  express: (called, change) =>
    listen((origin) => {
      const app = express();
      const verifier = verifierAt(origin, change);
      app.post(
        ROUTE,
        express.json({ limit: '64kb' }),
        forExpress.requireGrant(verifier, { tool: TOOL }),
        (request: Request_, response: Response_) => {
          called(request);
          response.json(told(forExpress.grantOf(request)));
        },
      );
      app.post('/forgotten', (request, response) => void response.json(forExpress.grantOf(request)));
      return app as unknown as RequestListener;
    }),
  fastify: async (called, change) => {
    const app = fastify();
    let origin = '';
    const verifier = verifierAt(() => origin, change);
    app.post(ROUTE, { preHandler: forFastify.requireGrant(verifier, { tool: TOOL }) }, async (request) => {
      called(request);
      return told(forFastify.grantOf(request));
    });
    app.post('/forgotten', async (request) => forFastify.grantOf(request));
    origin = await app.listen({ port: 0, host: '127.0.0.1' });
    return { origin, send: (path, init) => fetch(origin + path, init), close: () => app.close() };
  },
  hono: async (called, change) => {
    const origin = 'https://cases.test';
    const app = new Hono();
    app.post(
      ROUTE,
      forHono.requireGrant(
        verifierAt(() => origin, change),
        { tool: TOOL },
      ),
      (context) => {
        called(context);
        return context.json(told(forHono.grantOf(context)));
      },
    );
    app.post('/forgotten', (context) => context.json(forHono.grantOf(context)));
    return { origin, send: async (path, init) => app.request(origin + path, init), close: async () => undefined };
  },
  fetch: async (called, change) => {
    const origin = 'https://cases.test';
    const handler = withGrant(
      verifierAt(() => origin, change),
      {
        tool: TOOL,
        args: (request, body) => ({
          ...(body as object),
          case_id: decodeURIComponent(new URL(request.url).pathname.slice('/cases/'.length)),
        }),
        body_bytes_max: 64 * 1024,
      },
      (request, granted) => {
        called(request);
        return Response.json(told(granted));
      },
    );
    return { origin, send: (path, init) => handler(new Request(origin + path, init)), close: async () => undefined };
  },
};

const { case_id, ...BODY } = ARGS;
let open: System | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

describe.each(Object.entries(SYSTEMS))('F11: %s', (name, start) => {
  let called = 0;
  const begin = async (change?: object) => {
    called = 0;
    open = await start(() => void called++, change);
    return open;
  };
  const headersFor = async (system: System, change: { claims?: object; path?: string; token?: string } = {}) => {
    const now = new Date();
    const token = change.token ?? (await sign(claims(now, { jti: `grt_${Math.random()}`, ...change.claims })));
    const url = `${system.origin}${change.path ?? `/cases/${case_id}`}`;
    return {
      'content-type': 'application/json',
      'Portreeve-Grant': token,
      DPoP: await prove(token, now, { method: 'POST', url }),
    };
  };
  const post = (
    system: System,
    headers: Record<string, string>,
    body: unknown = BODY,
    path = `/cases/${case_id}?trace=1`,
  ) => system.send(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const refusal = async (answer: Promise<Response>) => {
    const response = await answer;
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await response.json()) as { status: number; code: string };
    expect(problem.status).toBe(response.status);
    expect(called).toBe(0);
    return [problem.status, problem.code];
  };

  test('the handler learns who acted for whom, who approved, and the arguments', async () => {
    const system = await begin();
    const response = await post(system, await headersFor(system));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      by: 'prn_ana',
      as: 'agent:incident-summary',
      approvers: ['prn_ben'],
      args: { ...ARGS },
    });
    expect(called).toBe(1);
  });

  test('without a grant, without a proof, with another body, path or audience the handler does not run', async () => {
    const system = await begin();
    const { DPoP: _, ...unproved } = await headersFor(system);
    expect(await refusal(post(system, { 'content-type': 'application/json' }))).toEqual([401, 'grant_missing']);
    expect(await refusal(post(system, unproved))).toEqual([401, 'grant_no_proof']);
    const good = await headersFor(system);
    expect(await refusal(post(system, good, { ...BODY, extra: 1 }))).toEqual([403, 'grant_mismatch']);
    expect(await refusal(post(system, good, BODY, '/cases/case-8'))).toEqual([403, 'grant_mismatch']);
    expect(await refusal(post(system, await headersFor(system, { path: '/cases/case-8' })))).toEqual([
      403,
      'grant_bad_proof',
    ]);
    expect(await refusal(post(system, await headersFor(system, { claims: { aud: 'payroll' } })))).toEqual([
      403,
      'grant_wrong_audience',
    ]);
    // None of that has used the grant up.
    expect((await post(system, good)).status).toBe(200);
  });

  test('the second use is refused', async () => {
    const system = await begin();
    const headers = await headersFor(system);
    expect((await post(system, headers)).status).toBe(200);
    called = 0;
    expect(await refusal(post(system, headers))).toEqual([409, 'grant_replayed']);
  });

  test('two grants in one request are none', async () => {
    const system = await begin();
    const headers = new Headers(await headersFor(system));
    headers.append('Portreeve-Grant', headers.get('Portreeve-Grant')!);
    expect(await refusal(post(system, Object.fromEntries(headers)))).toEqual([401, 'grant_malformed']);
  });

  test('a body that is no object, or none at all, is refused', async () => {
    const system = await begin();
    for (const body of ['[1]', '"x"', 'null', '']) {
      // Frameworks refuse some of these themselves.
      expect([400, 403]).toContain((await post(system, await headersFor(system), body)).status);
      expect(called).toBe(0);
    }
  });

  test('a body that is no JSON, or too large, does not reach the handler', async () => {
    const system = await begin();
    for (const body of ['{"summary":', `{"summary":"${'x'.repeat(2 * 1024 * 1024)}"}`]) {
      const response = await post(system, await headersFor(system), body).catch(() => null);
      expect(response?.ok ?? false).toBe(false);
      expect(called).toBe(0);
    }
  });

  test('keys or a replay store that do not answer are an error of the system, and no permission', async () => {
    const away = await begin({ jwks: new URL('http://127.0.0.1:9/jwks.json') });
    expect(await refusal(post(away, await headersFor(away)))).toEqual([503, 'grant_keys_unavailable']);
    await away.close();
    const forgetful = await begin({ replay: { use: () => Promise.reject(new Error('disk full')) } });
    const response = await post(forgetful, await headersFor(forgetful)).catch(() => null);
    expect(response?.status ?? 500).toBe(500);
    expect(called).toBe(0);
  });

  test('a handler without a verification before it gets no grant', async () => {
    if (name === 'fetch') return expect(withGrant.length).toBe(3);
    const system = await begin();
    expect((await system.send('/forgotten', { method: 'POST' })).status).toBe(500);
  });
});

test('F11: an argument that stands in the path and in the body is refused', async () => {
  const system = await SYSTEMS.express!(() => undefined);
  try {
    const now = new Date();
    const token = await sign(claims(now, { jti: 'grt_twice' }));
    const url = `${system.origin}/cases/${case_id}`;
    const headers = {
      'content-type': 'application/json',
      'Portreeve-Grant': token,
      DPoP: await prove(token, now, { method: 'POST', url }),
    };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(ARGS) });
    expect(await response.json()).toMatchObject({ status: 403, code: 'grant_mismatch' });
  } finally {
    await system.close();
  }
});
