import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, freePort, type Started, start, temporaryFolder, until } from '../support/processes.ts';

/*
 * Processes that really die, with a tool whose downstream can be asked what became of a call, and with one that can not:
 * the first comes to a known end by itself, the second to a person. (`crash.test.ts` has the one that honours the key.)
 */

/** What really happened, by idempotency key. */
const entries = new Map<string, number>();
let downstream: Server;
let state: string;
let port: number;
let running: Started;
let people: Record<'analyst' | 'operator' | 'auditor', Person>;

const schema = (properties: object) => ({
  ...{ type: 'object', additionalProperties: false, required: Object.keys(properties), properties },
});
const text = { type: 'string', maxLength: 100 };
const tool = (name: string, over: object) => ({
  ...{ name, version: '1.0', title: name, description: 'A tool of a test.', tier: 2, effect: 'write', profiles: {} },
  ...{
    args: schema({ account: text }),
    result: schema({ entry: text }),
    sinks: [{ path: '/account', kind: 'target' }],
  },
  ...{ clearance: { confidentiality: 'internal', categories: [] }, timeout_ms: 5000, idempotency: 'none' },
  ...{ undo: { tool: 'cancel_entry', args: { entry: { from: 'result', pointer: '/entry' } }, window_minutes: 60 } },
  ...{ audience: 'urn:test:ledger' },
  binding: { connector: 'http', method: 'POST', url: 'system://case-system/entries', body: true },
  ...over,
});
const TOOLS = [
  tool('book_entry_blindly', {}),
  tool('book_entry', {
    status: {
      tool: 'find_entry',
      args: { key: { from: 'key' } },
      happened: { pointer: '/state', equals: 'booked' },
      did_not_happen: { pointer: '/state', equals: 'absent' },
      result: { entry: { from: 'answer', pointer: '/entry' } },
    },
  }),
  tool('cancel_entry', { args: schema({ entry: text }), sinks: [{ path: '/entry', kind: 'target' }] }),
  tool('find_entry', {
    ...{
      tier: 1,
      effect: 'read',
      args: schema({ key: text }),
      result: schema({ state: text, entry: text }),
      sinks: [],
    },
    ...{
      undo: 'irreversible',
      binding: { connector: 'http', method: 'GET', url: 'system://case-system/entries/{key}' },
    },
  }),
];
const WORKFLOW = {
  contract: {
    ...{ name: 'bookings', version: '1.0', title: 'Bookings', purpose: 'Books entries.', tier: 'low', history: {} },
    owners: { security: 'a', platform: 'b', business: 'c', escalation: 'd' },
    scope: { sources: [], tools: TOOLS.map(({ name }) => name), prompts: [] },
    ...{ approvers: ['leads'], approval_timeout_minutes: 60, input: schema({ tool: text }) },
  },
  ...{ tools: TOOLS, sources: [] },
};

beforeAll(async () => {
  downstream = createServer((request, response) => {
    const asked = /^\/entries\/(.+)$/.exec(request.url ?? '')?.[1];
    if (request.method === 'POST') {
      const key = request.headers['idempotency-key'] as string;
      entries.set(key, (entries.get(key) ?? 0) + 1);
    }
    const body = asked ? { state: entries.has(asked) ? 'booked' : 'absent', entry: `e-${asked}` } : { entry: 'e-new' };
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(downstream, 'listening');
  state = join(await temporaryFolder(), 'state');
  port = await freePort();
  await begin();
}, 120_000);
afterAll(async () => {
  await cleanUp();
  downstream?.close();
}, 60_000);

async function begin(): Promise<void> {
  const project = join(state, '..', 'project');
  await mkdir(join(project, 'one/prompts'), { recursive: true });
  await writeFile(join(project, 'portreeve.config.ts'), "export default { workflows: ['one'] };\n");
  await writeFile(
    join(project, 'one/workflow.ts'),
    `export default { ...${JSON.stringify(WORKFLOW)}, async run({ input, act }) {
      const { status } = await act(input.tool, { account: 'a-1' }, { rationale: 'asked for' });
      return { status };
    } };\n`,
  );
  const program = fileURLToPath(new URL('./server.ts', import.meta.url));
  const system = `http://127.0.0.1:${(downstream.address() as AddressInfo).port}`;
  running = start(process.execPath, [program, state, String(port), system, project], { ipc: true });
  const early = running.ended.then(({ err }) => Promise.reject(new Error(`it ended before it was ready:\n${err}`)));
  early.catch(() => undefined);
  const [{ url }] = (await Promise.race([once(running.child, 'message'), early])) as [{ url: string }];
  people ??= {
    analyst: await signIn(url, state, 'analyst'),
    operator: await signIn(url, state, 'operator'),
    auditor: await signIn(url, state, 'auditor'),
  };
}

/** A run of the tool whose process dies at the instant, and the process after it. */
async function dieAt(kill_at: string, tool: string): Promise<string> {
  const armed = once(running.child, 'message');
  running.child.send({ kill_at });
  await armed;
  const { id } = await people.analyst.post('/v1/runs', { workflow: 'bookings', input: { tool } });
  await until('the process to kill itself', 30_000, () => running.child.signalCode);
  await begin();
  return id;
}

const endOf = (run: string): Promise<Answer> =>
  until(`run ${run} to end`, 60_000, async () => {
    const now = await people.analyst.get(`/v1/runs/${run}`);
    return now.ended_at !== null && now;
  });
const happened = async (run: string): Promise<number> => {
  const records = await recordsOf(people.auditor, run);
  const keys = records.filter(({ entry }) => entry.type === 'execution.intent').map(({ payload }) => payload.data);
  return entries.get(keys.find(({ tool }) => tool.startsWith('book_'))?.idempotency_key) ?? 0;
};

test('F9: after the call, the status tool says that it happened: the run goes on, and nothing is booked twice', {
  timeout: 120_000,
}, async () => {
  const run = await dieAt('after-call', 'book_entry');
  expect((await endOf(run)).result).toEqual({ status: 'succeeded' });
  expect(await happened(run)).toBe(1);
  expect((await people.operator.get(`/v1/queue?run=${run}`)).handoffs).toEqual([]);
  const records = await recordsOf(people.auditor, run);
  const types = records.map(({ entry }) => entry.type);
  expect(types.filter((type) => type.startsWith('settlement.'))).toEqual([
    'settlement.planned',
    'settlement.tried',
    'settlement.ended',
  ]);
  // The question passed the gate: a proposal, a decision, a grant and an intent of its own.
  const asked = records.filter(({ entry }) => entry.refs.tool === 'find_entry').map(({ entry }) => entry.type);
  expect(asked).toEqual(
    expect.arrayContaining(['proposal.submitted', 'decision.made', 'grant.issued', 'execution.intent']),
  );
});

test('F9: before the call, a first "no" is not believed yet: the run waits, and nothing is called', {
  timeout: 120_000,
}, async () => {
  const run = await dieAt('before-call', 'book_entry');
  const tried = await until('the status tool to be asked', 60_000, async () => {
    const records = await recordsOf(people.auditor, run);
    return records.find(({ entry }) => entry.type === 'settlement.tried');
  });
  expect(tried.payload.data).toMatchObject({
    way: 'ask',
    came: 'not_known',
    reason: expect.stringContaining('may still'),
  });
  expect(await people.analyst.get(`/v1/runs/${run}`)).toMatchObject({ ended_at: null });
  expect(await happened(run)).toBe(0);
});

test('INV8 I8: what honours no key and cannot be asked goes to a person, who says what they found; then it can be undone', {
  timeout: 120_000,
}, async () => {
  const run = await dieAt('after-call', 'book_entry_blindly');
  expect((await endOf(run)).result).toEqual({ status: 'unknown' });
  expect(await happened(run)).toBe(1);
  const { handoffs } = await people.operator.get(`/v1/queue?run=${run}`);
  expect(handoffs).toMatchObject([{ kind: 'unknown_outcome', state: 'open', run }]);
  const { execution } = handoffs[0].context;
  const undo = (reason: string) => people.analyst.post(`/v1/executions/${execution}/undo`, { reason });
  expect(await undo('too soon')).toMatchObject({
    code: 'conflict',
    next: expect.stringContaining('Settle that first'),
  });

  const found = { came: 'happened', result: { entry: 'e-7' } };
  await people.operator.post(`/v1/queue/${handoffs[0].id}/finish`, { note: 'seen in the ledger', found });
  const asked = await undo('booked in error');
  // Nobody vouches for who wrote the result, so that a person would look at the undo first.
  expect(asked).toMatchObject({
    state: 'requested',
    tool: 'book_entry_blindly',
    approval: expect.stringMatching(/^appr_/),
  });
  expect(await people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
});
