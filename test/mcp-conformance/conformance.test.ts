import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { type ShownApproval, type TestServer, testServer } from '@portreeve/server/testing';
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
const proxies: Server[] = [];
let endpoint: string;
let taskEndpoint: string;
let approvers = 0;

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
  endpoint = await endpointOf((await house.as('analyst')).token);
  // Somebody else, who has read nothing yet: what a session has read decides what is asked of people.
  taskEndpoint = await endpointOf((await house.addAccount('task-client', ['requester'])).token);
}, TIMEOUT_MS);

/** Where the suite, which has no way to send a token, reaches the gateway as somebody: this adds one, and changes nothing else. */
async function endpointOf(token: string): Promise<string> {
  const proxy = await listen((request, response) => {
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
  proxies.push(proxy);
  return `${addressOf(proxy).replace('127.0.0.1', 'localhost')}/mcp`;
}

afterAll(async () => {
  for (const proxy of proxies) {
    proxy.closeAllConnections();
    proxy.close();
  }
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

/**
 * The extension's scenarios that a gateway can play. Of the ten that the suite has, it skips one itself
 * (`tasks-status-notifications`), and three ask for what no task here does: nothing is ever asked of the client of a task
 * (`tasks-mrtr-input`, `tasks-mrtr-composition`), and no tool needs the extension (`tasks-required-task-error`).
 */
const TASK_SCENARIOS = [
  'tasks-lifecycle',
  'tasks-capability-negotiation',
  'tasks-wire-fields',
  'tasks-request-state-removal',
  'tasks-request-headers',
  'tasks-dispatch-and-envelope',
];
const NOT_PLAYED = [
  'tasks-status-notifications',
  'tasks-mrtr-input',
  'tasks-mrtr-composition',
  'tasks-required-task-error',
];

test('I4: the scenarios of the tasks extension are those that the suite lists', async () => {
  const { output } = await suite('list', '--server');
  const listed = [...output.matchAll(/^ {2}- (tasks-\S+) \[extension\]$/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...TASK_SCENARIOS, ...NOT_PLAYED].sort());
});

test.each(TASK_SCENARIOS)(
  'I4: the tasks extension through the gateway, with a person who approves: %s',
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'portreeve-conformance-'));
    const stop = await approving();
    try {
      const version = ['--spec-version', '2026-07-28'];
      const { code, output } = await suite(
        'server',
        '--url',
        taskEndpoint,
        ...version,
        '--force',
        '--scenario',
        name,
        '-o',
        folder,
      );
      if (code !== 0) process.stdout.write(`${await failures(folder)}\n${output.slice(-4000)}`);
      expect(code).toBe(0);
      expect(output).toMatch(/Passed: [1-9]\d*\/\d+, 0 failed, 0 warnings/);
    } finally {
      await stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);

/** Somebody who agrees to each job once it would be done: what computes for a minute they leave waiting. */
async function approving(): Promise<() => Promise<void>> {
  const name = `approver-${++approvers}`;
  const approver = await house.addAccount(name, ['approver'], ['case-leads']);
  const decided = new Set<string>();
  let over = false;
  const watching = (async () => {
    while (!over) {
      const { approvals } = (await approver.get('/v1/approvals?state=pending&limit=200')).body;
      for (const { id, created_at } of approvals as { id: string; created_at: string }[]) {
        const shown = (await approver.get<ShownApproval>(`/v1/approvals/${id}`)).body;
        const seconds = Number(shown.args.seconds ?? 1);
        if (decided.has(id) || Date.now() < Date.parse(created_at) + seconds * 1000) continue;
        decided.add(id);
        await approver.post(`/v1/approvals/${id}/verdicts`, await house.verdict(name, shown, 'approve'));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return async () => {
    over = true;
    await watching;
  };
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
    for (const { status, id, errorMessage, details } of checks)
      if (status === 'FAILURE')
        lines.push(`${name.replace(/-\d{4}-.*$/, '')}: ${id}: ${errorMessage} ${JSON.stringify(details ?? {})}`);
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
