import { fileURLToPath } from 'node:url';
import {
  AGENT_TOOLSET,
  type ShownApproval,
  type SignedInClient,
  type TestServer,
  testServer,
} from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, start, temporaryFolder } from '../support/processes.ts';

/*
 * The real MCP Inspector in command-line mode (`@modelcontextprotocol/inspector`, pinned), as a process, against a running
 * gateway: what somebody sees who tries it out by hand.
 */

const INSPECTOR = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url),
);

let house: TestServer;
let analyst: SignedInClient;
let home: string;
beforeAll(async () => {
  house = await testServer({ config: { mcp: { toolsets: [AGENT_TOOLSET] } } });
  analyst = await house.as('analyst');
  home = await temporaryFolder();
});
afterAll(async () => {
  await house?.close();
  await cleanUp();
});

/** One call of the command; what it says on standard output is one JSON document. */
function inspecting(era: 'modern' | 'legacy', args: readonly string[], token = analyst.token) {
  const where = ['--server-url', `${house.url}/mcp`, '--transport', 'http', '--protocol-era', era];
  const how = ['--header', `Authorization: Bearer ${token}`, '--stored-auth-only', '--format', 'json', '--quiet'];
  const env = { HOME: home, PATH: process.env.PATH ?? '' };
  return start(process.execPath, [INSPECTOR, '--cli', ...where, ...how, ...args], { env });
}
async function inspect(...given: Parameters<typeof inspecting>) {
  const { code, out, err } = await inspecting(...given).ended;
  return { code, err, said: out.trim() === '' ? null : JSON.parse(out) };
}
const toolArgs = (name: string, args: object) => [
  ...['--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args)],
];
const callTool = (era: 'modern' | 'legacy', name: string, args: object, token?: string) =>
  inspect(era, toolArgs(name, args), token);
const textIn = (said: unknown): string => JSON.stringify(said);

describe.each(['modern', 'legacy'] as const)('I4: the MCP Inspector at the command line, %s', (era) => {
  test('lists the tools of whoever asks, and none of their schemas breaks a client', async () => {
    const { code, said, err } = await inspect(era, ['--method', 'tools/list', '--strict']);
    expect(code, err).toBe(0);
    expect(textIn(said)).toContain('"declare_intent"');
    expect(textIn(said)).toContain('"cases_find_owner"');
  });

  test('reads through the same gate', async () => {
    const read = await callTool(era, 'cases_find_owner', { case_id: 'CASE-1' });
    expect(read.code, read.err).toBe(0);
    expect(textIn(read.said)).toContain('team-a');
  });

  test('gets nothing without a token that is good here', async () => {
    const { code, said, err } = await callTool(era, 'cases_find_owner', { case_id: 'CASE-1' }, 'none of ours');
    expect(code).not.toBe(0);
    expect(`${textIn(said)}${err}`).not.toContain('team-a');
  });
});

test('I4: an effect is a pending result for a client of an older revision, which exits with its failure', async () => {
  const { code, said } = await callTool('legacy', 'cases_post_note', {
    case_id: 'CASE-1',
    note: 'older',
    evidence: [],
  });
  expect(textIn(said)).toContain('pending_approval');
  expect(code).not.toBe(0);
});

test('I4 F4: an effect is a task for one of the newest; it waits, and gets the result once a person has approved', async () => {
  house.downstream.replyWith((_call, response) =>
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":7}'),
  );
  const begun = Date.now();
  const { ended } = inspecting(
    'modern',
    toolArgs('cases_post_note', { case_id: 'CASE-1', note: 'newest', evidence: [] }),
  );
  const lead = await house.as('lead');
  const pending = async () =>
    (await lead.get('/v1/approvals?state=pending&limit=200')).body.approvals.filter(
      ({ created_at }: { created_at: string }) => Date.parse(created_at) > begun,
    );
  await expect.poll(async () => (await pending()).length, { timeout: 30_000 }).toBe(1);
  const [{ id }] = await pending();
  const shown = (await lead.get<ShownApproval>(`/v1/approvals/${id}`)).body;
  expect(shown.args).toMatchObject({ note: 'newest' });
  await lead.post(`/v1/approvals/${id}/verdicts`, await house.verdict('lead', shown, 'approve'));
  const { code, out, err } = await ended;
  expect(code, err).toBe(0);
  expect(textIn(JSON.parse(out))).toContain('"revision":7');
}, 90_000);
