import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '@portreeve/contract';
import { defineTool, defineWorkflow } from '@portreeve/sdk';
import { createGate, type Gate, type GateCall } from '@portreeve/sdk/gate';
import { governTools as governAiTools } from '@portreeve/sdk/vercel-ai';
import { mcpRequest, type TestServer } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import tools from '../support/desk-tools.ts';
import { mcpTools } from '../support/mcp-tools.ts';
import { decide, deskHouse, gateOf, somebody } from './desk.ts';

let house: TestServer;
beforeAll(async () => {
  house = await deskHouse();
});
afterAll(() => house?.close());

const newGate = async (): Promise<Gate> => gateOf(house, await somebody(house));

describe('I5: the gate for agents whose tools run where they are', () => {
  test('I5 D5: what was foreseen is let and nothing is called; the rest waits for a person', async () => {
    const gate = await newGate();
    await gate.declare('Run "make test" here.', [
      { tool: 'desk_start_build', times: 1, values: { '/command': ['make test'] } },
    ]);
    const before = house.downstream.calls.length;
    const one = await gate.ask({ tool: 'desk_start_build', args: { command: 'make test' } });
    expect(one).toMatchObject({ go: true, by: 'caller' });
    expect(await gate.ask({ tool: 'desk_start_build', args: { command: 'curl evil.example' } })).toMatchObject({
      go: false,
      status: 'waiting',
      say: expect.stringContaining('People must approve'),
    });
    expect(house.downstream.calls.length).toBe(before);
  });

  test('I5 D5: leave to read what is untrusted taints, before anything was read', async () => {
    const gate = await newGate();
    await gate.declare('Run "make test" here.', [{ tool: 'desk_start_build', times: 1 }]);
    expect(await gate.ask({ tool: 'desk_read_page', args: { page: 'one' } })).toMatchObject({ go: true, by: 'caller' });
    expect(await gate.ask({ tool: 'desk_start_build', args: { command: 'rm -rf .' } })).toMatchObject({
      go: false,
      status: 'waiting',
    });
  });

  test('I5: what people have approved is let once: the same again is another question', async () => {
    const gate = await newGate();
    const call = { tool: 'desk_start_build', args: { command: 'make release' } };
    const waiting = await gate.ask(call);
    if (waiting.go || waiting.proposal === null) throw new Error('it did not wait');
    expect(await gate.follow(waiting.proposal, call.args)).toMatchObject({ go: false, status: 'waiting' });
    await decide(house, waiting.say, 'approve');
    expect(await gate.ask(call)).toMatchObject({ go: true, by: 'caller', proposal: waiting.proposal });
    expect(await gate.ask(call)).toMatchObject({ go: false, status: 'waiting' });
  });

  test('I5: a leave is given in one answer: the same key, following and looking give none again', async () => {
    const me = await somebody(house);
    const gate = gateOf(house, me);
    await gate.declare('Run "make test".', [
      { tool: 'desk_start_build', times: 1, values: { '/command': ['make test'] } },
    ]);
    const call = { tool: 'desk_start_build', args: { command: 'make test' }, key: 'toolu_once' };
    const first = await gate.ask(call);
    expect(first).toMatchObject({ go: true, by: 'caller' });
    expect(await gate.ask(call)).toMatchObject({ go: false, status: 'given', proposal: first.proposal });
    expect(await gate.follow(String(first.proposal), call.args)).toMatchObject({ go: false, status: 'given' });
    expect((await me.get(`/v1/proposals/${first.proposal}`)).body).toMatchObject({ status: 'given' });
    const again = await Promise.all([1, 2].map(() => gate.ask({ ...call, args: { command: 'ls' }, key: 'toolu_two' })));
    expect(again.filter(({ go }) => go)).toEqual([]);
  });

  test('I5 INV1: to look changes nothing: an approved proposal is done by whoever carries it on, once', async () => {
    const me = await somebody(house);
    const gate = gateOf(house, me);
    const args = { command: 'make dist' };
    const waiting = await gate.ask({ tool: 'desk_start_build', args });
    if (waiting.go || waiting.proposal === null) throw new Error('it did not wait');
    await decide(house, waiting.say, 'approve');
    const look = async () => (await me.get(`/v1/proposals/${waiting.proposal}`)).body.status;
    expect([await look(), await look()]).toEqual(['ready', 'ready']);
    const lets = await Promise.all([1, 2, 3].map(() => gate.follow(String(waiting.proposal), args)));
    expect(lets.map(({ go }) => go).filter(Boolean)).toEqual([true]);
    expect(await look()).toBe('given');
  });

  test('B2 INV1: a token that was made for other tools neither sees nor carries on what it could not ask for', async () => {
    const me = await somebody(house);
    const waiting = await gateOf(house, me).ask({ tool: 'desk_start_build', args: { command: 'make all' } });
    if (waiting.go) throw new Error('it did not wait');
    await decide(house, waiting.say, 'approve');
    const wish = { label: 'narrow', roles: ['requester'], tools: ['find_owner'], ttl_minutes: 60 };
    const narrow = { ...me, token: (await me.post('/v1/tokens', wish)).body.token as string };
    const headers = { authorization: `Bearer ${narrow.token}`, 'content-type': 'application/json' };
    const path = `${house.url}/v1/proposals/${waiting.proposal}`;
    expect((await fetch(path, { headers })).status).toBe(404);
    expect((await fetch(`${path}/resume`, { method: 'POST', body: '{}', headers })).status).toBe(404);
    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
    const task = await mcpRequest(house.url, narrow.token, 'tasks/get', { taskId: waiting.proposal }, { capabilities });
    expect(JSON.stringify(task)).toContain('There is no such task');
    expect((await me.get(`/v1/proposals/${waiting.proposal}`)).body).toMatchObject({ status: 'ready' });
  });

  test('I5: what the gateway carries out itself says so, so that nobody does it a second time', async () => {
    const gate = await newGate();
    const read = await gate.ask({ tool: 'cases_find_owner', args: { case_id: 'CASE-1' } });
    expect(read).toMatchObject({ go: true, by: 'gateway', result: { owner: 'team-a' } });
  });

  test('I5: a call that is delivered twice under one key is one proposal', async () => {
    const gate = await newGate();
    const call = { tool: 'desk_start_build', args: { command: 'ls' }, key: 'toolu_1' };
    const [one, two] = [await gate.ask(call), await gate.ask(call)];
    expect(two.proposal).toBe(one.proposal);
    expect(await gate.ask({ ...call, args: { command: 'rm' } })).toMatchObject({ go: false, status: 'refused' });
  });

  test('I5: bad arguments, a tool that is not there and a bad token are blocks that say why', async () => {
    const gate = await newGate();
    expect(await gate.ask({ tool: 'desk_start_build', args: { cmd: 1 } })).toMatchObject({
      go: false,
      status: 'refused',
      say: expect.stringContaining('command'),
    });
    expect(await gate.ask({ tool: 'desk_nothing', args: {} })).toMatchObject({ go: false });
    expect(await gateOf(house, { token: 'x' }).ask({ tool: 'desk_read_page', args: { page: 'x' } })).toMatchObject({
      go: false,
    });
  });

  test('I5: a tool that its caller carries out is not among those of MCP', async () => {
    const { token } = await somebody(house);
    const names = await mcpTools(house.url, token);
    expect(names).toContain('cases_find_owner');
    expect(names.filter((name) => name.startsWith('desk_'))).toEqual(['desk_drop_build']);
  });
});

describe('I5: fail closed', () => {
  const ANSWERS: Record<string, [number, string]> = {
    'no server': [0, ''],
    'no JSON': [200, 'yes'],
    'another form': [200, '{"allowed":true}'],
    'a status of another version': [200, '{"id":"prop_1","status":"permitted"}'],
    'an error of a proxy': [502, '<html>'],
    'a redirect': [302, ''],
    null: [200, 'null'],
  };

  test.each(Object.keys(ANSWERS))('I5: %s is a block', async (name) => {
    const [status, body] = ANSWERS[name]!;
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', location: house.url }).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    if (status === 0) server.close();
    const gate = createGate({ url: `http://127.0.0.1:${port}`, token: 'x' });
    expect(await gate.ask({ tool: 'a', args: {} })).toMatchObject({ go: false });
    expect(await gate.follow('prop_1', {})).toMatchObject({ go: false });
    server.closeAllConnections();
    server.close();
  });

  test('I5: a request that has left and was not answered is not known to have done nothing', async () => {
    const server = createServer((request, response) => {
      if (request.headers['idempotency-key'] === 'broken') response.writeHead(502).end('<html>');
      if (request.headers['idempotency-key'] === 'cut') request.socket.destroy();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const call = { tool: 'a', args: {} };
    const unknown = { go: false, status: 'unknown', proposal: null, say: expect.stringContaining('Do not repeat it') };
    expect(await createGate({ url, token: 'x', timeout_ms: 20 }).ask(call)).toMatchObject(unknown);
    expect(await createGate({ url, token: 'x' }).ask({ ...call, key: 'broken' })).toMatchObject(unknown);
    expect(await createGate({ url, token: 'x' }).ask({ ...call, key: 'cut' })).toMatchObject(unknown);
    const signal = AbortSignal.timeout(20);
    expect(await createGate({ url, token: 'x' }).ask({ ...call, signal })).toMatchObject(unknown);
    server.closeAllConnections();
    server.close();
  });

  test('I5: what never left has done nothing: a call given up before, a token that cannot be had, nobody there', async () => {
    const call = { tool: 'a', args: {} };
    const given_up = AbortSignal.abort();
    const url = 'http://127.0.0.1:65535';
    const nothing = { status: 'unreachable', say: expect.stringContaining('nothing is done') };
    expect(await createGate({ url, token: 'x' }).ask({ ...call, signal: given_up })).toMatchObject(nothing);
    const token = () => Promise.reject(new Error('no token'));
    expect(await createGate({ url, token }).ask(call)).toMatchObject(nothing);
    expect(await createGate({ url, token: 'x' }).ask(call)).toMatchObject(nothing);
  });

  const ARGS_DIGEST = digestOf({ command: 'make' });
  test.each([
    ['errors that are no list', 422, { code: 'bad_input', title: 'x', status: 422, errors: { length: 1 } }, false],
    ['a leave for other arguments', 201, { args_digest: digestOf({ command: 'rm' }) }, false],
    ['a leave that does not say for what', 201, {}, false],
    ['a leave for these', 201, { args_digest: ARGS_DIGEST }, true],
  ])('I5 INV1: %s', async (_name, status, over, go) => {
    const body = { id: 'prop_1', status: 'succeeded', carried_out_by: 'caller', ...over };
    const server = createServer((_request, response) => response.writeHead(status).end(JSON.stringify(body)));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const gate = createGate({ url, token: 'x' });
    expect(await gate.ask({ tool: 'a', args: { command: 'make' } })).toMatchObject({ go });
    expect(await gate.follow('prop_1', { command: 'make' })).toMatchObject({ go });
    server.closeAllConnections();
    server.close();
  });

  test('I5: a framework’s call has one name while its end is not heard, whatever the model calls it then', async () => {
    const keys: (string | undefined)[] = [];
    const answers = ['unknown', 'waiting', 'succeeded', 'refused'];
    const gate = {
      ask: async ({ key }: GateCall) => {
        keys.push(key);
        const status = answers.shift();
        return status === 'succeeded'
          ? { go: true, by: 'gateway', proposal: 'p', result: 1 }
          : { go: false, status, proposal: status === 'unknown' ? null : 'p', say: '' };
      },
    } as unknown as Gate;
    let ran = 0;
    const execute = async (_input: unknown, _options: unknown) => ran++;
    const { act } = governAiTools(gate, { act: { execute } }, { act: 'desk_act' });
    for (const toolCallId of ['one', 'two', 'three', 'one'])
      await act.execute({ a: 1 } as never, { toolCallId } as never).catch(() => undefined);
    expect(ran).toBe(0);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys.every((key) => key !== undefined && key.length <= 200)).toBe(true);
    answers.push('refused');
    const other = governAiTools(gate, { act: { execute } }, { act: 'desk_act' });
    await other.act.execute({ a: 1 } as never, { toolCallId: 'one' } as never).catch(() => undefined);
    expect(keys.at(-1)).not.toBe(keys[0]);
  });
});

test('I5: a tool that its caller carries out has no narrowing and no key, and no place in a workflow', () => {
  const [, run] = tools;
  for (const over of [{ idempotency: 'key' }, { profiles: { less: [{ path: '/command', max: 1 }] } }])
    expect(() => defineTool({ ...run, ...over } as never)).toThrow();
  expect(() =>
    defineWorkflow({
      name: 'x',
      input: { type: 'object' },
      sources: [],
      tools: [run],
      prompts: [],
      run: async () => ({}),
    } as never),
  ).toThrow();
});
