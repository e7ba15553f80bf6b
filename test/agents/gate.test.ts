import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineTool, defineWorkflow } from '@portreeve/sdk';
import { createGate, type Gate } from '@portreeve/sdk/gate';
import type { TestServer } from '@portreeve/server/testing';
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
    expect(await gate.follow(waiting.proposal)).toMatchObject({ go: false, status: 'waiting' });
    await decide(house, waiting.say, 'approve');
    expect(await gate.ask(call)).toMatchObject({ go: true, by: 'caller', proposal: waiting.proposal });
    expect(await gate.ask(call)).toMatchObject({ go: false, status: 'waiting' });
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
    expect(await gate.follow('prop_1')).toMatchObject({ go: false });
    server.closeAllConnections();
    server.close();
  });

  test('I5: no answer in time, a call that is given up, and a token that cannot be had, are blocks', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const call = { tool: 'a', args: {} };
    expect(await createGate({ url, token: 'x', timeout_ms: 20 }).ask(call)).toMatchObject({ status: 'unreachable' });
    const given_up = AbortSignal.abort();
    expect(await createGate({ url, token: 'x' }).ask({ ...call, signal: given_up })).toMatchObject({ go: false });
    const token = () => Promise.reject(new Error('no token'));
    expect(await createGate({ url, token }).ask(call)).toMatchObject({ go: false });
    server.closeAllConnections();
    server.close();
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
