import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import type { Gate } from '@portreeve/sdk/gate';
import { confirmTools, Ungoverned } from '@portreeve/sdk/managed-agents';
import type { TestServer } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decide, deskHouse, gateOf, noGate, somebody } from './desk.ts';

/*
 * Claude Managed Agents: the client is the official one, the service a server on this machine with the documented events
 * (beta managed-agents-2026-04-01). What the service itself does with a confirmation is not tested here.
 */

let house: TestServer;
beforeAll(async () => {
  house = await deskHouse();
});
afterAll(() => house?.close());

const TOOLS = { bash: 'desk_start_build', 'wiki/read': 'desk_read_page', owner: 'cases_find_owner' };
type Event = Record<string, unknown>;

/** A session that plays its events, and ends once it has been answered as often as it asked. */
async function service(play: readonly Event[]) {
  const sent: Event[] = [];
  let stream: ServerResponse | null = null;
  let asks = play.filter(({ stop_reason }) => stop_reason).length;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'GET') {
        stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const event of play) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
        if (asks === 0) response.end();
        return;
      }
      const { events } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { events: Event[] };
      sent.push(...events);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}');
      if (--asks === 0) stream?.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { events } = new Anthropic({ baseURL, apiKey: 'none', maxRetries: 0 }).beta.sessions;
  const run = async (gate: Gate, pause = async () => undefined) => {
    try {
      await confirmTools({ gate, events, session: 'sesn_1', tools: TOOLS, pause });
    } finally {
      server.closeAllConnections();
      server.close();
    }
    return sent;
  };
  return { run, sent };
}

const use = (id: string, name: string, input: Event, more: Event = {}): Event => ({
  ...{ id, name, input, processed_at: '2026-11-21T10:00:00Z', type: 'agent.tool_use', evaluated_permission: 'ask' },
  ...more,
});
const idle = (...event_ids: string[]): Event => ({
  ...{ id: `idle_${event_ids}`, type: 'session.status_idle', processed_at: '2026-11-21T10:00:00Z' },
  stop_reason: { type: 'requires_action', event_ids },
});

test('I5: what the gate lets is confirmed, what it refuses is denied with the reason, in one answer', async () => {
  const gate = gateOf(house, await somebody(house));
  const { run } = await service([
    use('sevt_1', 'read', { page: 'one' }, { type: 'agent.mcp_tool_use', mcp_server_name: 'wiki' }),
    use('sevt_2', 'write', { path: '/x' }),
    use('sevt_3', 'owner', { case_id: 'CASE-1' }),
    idle('sevt_1', 'sevt_2', 'sevt_3', 'sevt_never_seen'),
  ]);
  expect(await run(gate)).toEqual([
    { type: 'user.tool_confirmation', tool_use_id: 'sevt_1', result: 'allow' },
    expect.objectContaining({ tool_use_id: 'sevt_2', result: 'deny', deny_message: expect.stringContaining('write') }),
    // The gateway has carried that out: it must not run there as well.
    expect.objectContaining({ tool_use_id: 'sevt_3', result: 'deny', deny_message: expect.stringContaining('team-a') }),
    expect.objectContaining({ tool_use_id: 'sevt_never_seen', result: 'deny' }),
  ]);
});

test.each([
  ['approve', { result: 'allow' }],
  ['deny', { result: 'deny', deny_message: expect.stringContaining('denied') }],
] as const)('I5: while people decide the session waits, and is told when they %s', async (verdict, told) => {
  const gate = gateOf(house, await somebody(house));
  const { run, sent } = await service([use(`sevt_${verdict}`, 'bash', { command: verdict }), idle(`sevt_${verdict}`)]);
  let pauses = 0;
  const said = await run(gate, async () => {
    expect(sent).toEqual([]);
    if (++pauses !== 2) return undefined;
    const asked = await gate.ask({ tool: 'desk_start_build', args: { command: verdict }, key: `sevt_${verdict}` });
    await decide(house, asked.go ? '' : asked.say, verdict);
    return undefined;
  });
  expect(pauses).toBe(2);
  expect(said).toEqual([expect.objectContaining({ tool_use_id: `sevt_${verdict}`, ...told })]);
});

test('I5: a custom tool is carried out by the gateway, and its result goes back', async () => {
  const { run } = await service([
    use('sevt_c', 'owner', { case_id: 'CASE-1' }, { type: 'agent.custom_tool_use' }),
    idle('sevt_c'),
  ]);
  expect(await run(gateOf(house, await somebody(house)))).toEqual([
    {
      type: 'user.custom_tool_result',
      custom_tool_use_id: 'sevt_c',
      content: [{ type: 'text', text: '{"owner":"team-a"}' }],
      is_error: false,
    },
  ]);
});

test('I5: a gate that cannot be reached denies', async () => {
  const { run } = await service([use('sevt_1', 'bash', { command: 'make' }), idle('sevt_1')]);
  expect(await run(noGate())).toEqual([expect.objectContaining({ tool_use_id: 'sevt_1', result: 'deny' })]);
});

test('I5: the same question again is not answered twice', async () => {
  const { run } = await service([
    use('sevt_1', 'nothing', {}),
    idle('sevt_1'),
    { ...idle('sevt_1'), stop_reason: null },
  ]);
  expect(await run(noGate())).toHaveLength(1);
});

test('I5: a tool that ran without being asked for interrupts the session', async () => {
  const { run, sent } = await service([use('sevt_1', 'bash', { command: 'x' }, { evaluated_permission: 'allow' })]);
  await expect(run(noGate())).rejects.toThrow(Ungoverned);
  expect(sent).toEqual([{ type: 'user.interrupt' }]);
});
