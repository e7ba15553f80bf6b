import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { type TestServer, testServer } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureServer } from './fixtures.ts';

/*
 * The official suite (`@modelcontextprotocol/conformance`, pinned) against the gateway: a real server, with an upstream that
 * has the suite's fixtures, every definition of which a person has approved. Nothing is expected to fail.
 */

const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);
const TIMEOUT_MS = 180_000;

let house: TestServer;
let upstream: Server;
let proxy: Server;
let endpoint: string;

beforeAll(async () => {
  const handler = createMcpHandler(fixtureServer);
  upstream = await listen(async (request, response) => {
    const body = await textOf(request);
    const answer = await handler.fetch(
      new Request(`http://127.0.0.1${request.url}`, {
        method: request.method ?? 'GET',
        headers: request.headers as Record<string, string>,
        ...(body === '' ? {} : { body }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) for await (const chunk of answer.body) response.write(chunk);
    response.end();
  });
  house = await testServer({
    config: {
      mcp: {
        upstreams: [
          {
            name: 'fixtures',
            server: { transport: 'http', url: `${addressOf(upstream)}/mcp` },
            prefix: false,
            approvers: ['case-leads'],
            relay: ['elicitation', 'sampling', 'roots'],
          },
        ],
        per_minute: 1_000_000,
      },
      systems: { fixtures: { url: addressOf(upstream), private: true } },
    },
  });
  const operator = await house.as('operator');
  await house.server.services.mcp.gateway.refresh('fixtures');
  for (const { tool, definition } of (await operator.get('/v1/definitions')).body.definitions) {
    const verdict = { upstream: 'fixtures', tool, definition, verdict: 'approved', reason: 'a fixture of the suite' };
    const { status, body } = await operator.post('/v1/definitions/verdicts', verdict);
    expect(status, JSON.stringify(body)).toBe(201);
  }
  const { token } = await house.as('analyst');
  // The suite has no way to send a token: this adds one, and changes nothing else.
  proxy = await listen((request, response) => {
    const { hostname, port } = new URL(house.url);
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    const forward = send({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forward.on('error', () => response.destroy());
    response.on('close', () => forward.destroy());
    request.pipe(forward);
  });
  endpoint = `${addressOf(proxy).replace('127.0.0.1', 'localhost')}/mcp`;
}, TIMEOUT_MS);

afterAll(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await house?.close();
  upstream?.closeAllConnections();
  upstream?.close();
});

for (const version of ['2026-07-28', '2025-11-25']) {
  test(
    `I4: every server scenario that revision ${version} requires passes through the gateway`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'portreeve-conformance-'));
      try {
        const { code, output } = await suite('server', '--url', endpoint, '--requirements', version, '-o', folder);
        if (code !== 0) process.stdout.write(`${await failures(folder)}\n${output.slice(-4000)}`);
        expect(code).toBe(0);
        const required = await requiredScenarios(version);
        expect(required.length).toBeGreaterThanOrEqual(30);
        for (const name of required) expect(output).toMatch(new RegExp(`^✓ ${name}: [1-9]\\d* passed, 0 failed`, 'm'));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );
}

async function requiredScenarios(version: string): Promise<string[]> {
  const { output } = await suite('list', '--requirements', version);
  const part = output.slice(output.indexOf('Server scenarios'), output.indexOf('Client scenarios'));
  return [...part.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => name!);
}

/** What failed, as the suite has written it down. */
async function failures(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const name of await readdir(folder)) {
    const checks = JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as Record<string, string>[];
    for (const { status, id, errorMessage } of checks)
      if (status === 'FAILURE') lines.push(`${name.replace(/-\d{4}-.*$/, '')}: ${id}: ${errorMessage}`);
  }
  return lines.join('\n');
}

function suite(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1024 * 1024, timeout: TIMEOUT_MS - 5000 };
    execFile(process.execPath, [SUITE, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<Server> {
  const server = createServer((request, response) => {
    Promise.resolve(handle(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
