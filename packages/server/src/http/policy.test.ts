import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type Json, type JsonObject, RECORD_TYPES } from '@portreeve/contract';
import { baselinePolicies } from '@portreeve/policy';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { replayAgainst } from '../check/what-if.ts';
import { PROJECT, type SignedInClient, type TestServer, testServer } from '../testing/server.ts';
import { DECISION_TYPES } from './views/decisions.ts';

let house: TestServer;
let operator: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  operator = await house.as('operator');
});
afterAll(() => house?.close());

/** The lines of the stream; its last one says that it is whole. */
async function decisions(query = ''): Promise<{ record: number; request: JsonObject; decision: JsonObject }[]> {
  const response = await fetch(`${house.url}/v1/policy/decisions${query}`, {
    headers: { authorization: `Bearer ${operator.token}` },
  });
  expect(response.headers.get('content-type')).toBe('application/jsonl');
  const lines = (await response.text()).trimEnd().split('\n');
  expect(lines.at(-1)).toBe('{"end":true}');
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

describe('C7: recorded decisions for judging anew', () => {
  test('every type of record that holds a decision with its request is among them', () => {
    const holding = Object.entries(RECORD_TYPES)
      .filter(([, { shape }]) => 'decision' in shape && 'request' in shape)
      .map(([name]) => name);
    expect([...DECISION_TYPES].sort()).toEqual(holding.sort());
  });

  test('each decision comes with the request that it judged, in the order of the log, from a time on', async () => {
    const shown = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    const asked = await (await house.as('analyst')).post('/v1/accounts', {});
    expect(asked.status).toBe(403);
    const all = await decisions();
    expect(all.map(({ record }) => record)).toEqual(all.map(({ record }) => record).toSorted((a, b) => a - b));
    expect(new Set(all.map(({ request }) => request.kind))).toEqual(new Set(['admit', 'read', 'ask', 'act', 'api']));
    for (const { request, decision } of all) expect(decision.request_digest).toBe(digestOf(request));
    expect(all.find(({ request }) => request.kind === 'act')?.decision).toMatchObject({ outcome: 'approve' });
    expect(shown.approval.state).toBe('pending');
    expect(await decisions('?since=2100-01-01T00:00:00Z')).toEqual([]);
    expect(await decisions('?until=2000-01-01T00:00:00Z')).toEqual([]);
  });

  test('G7: that it was read is on record with its filter', async () => {
    await decisions('?since=2100-01-01T00:00:00Z');
    const { records } = await house.server.services.audit.search({ type: 'audit.read', limit: 1 });
    expect(records[0]?.payload?.data).toMatchObject({
      operation: 'decisions',
      filter: { since: '2100-01-01T00:00:00Z' },
    });
  });
});

interface File {
  name: string;
  text: string;
}
const NO_NOTES = `
@id("action.no-notes")
@code("no_notes")
@reason("No note is published before the audit is over.")
@next("Wait for the end of the audit.")
forbid (principal, action == Action::"act:publish_note", resource);
`;
const filesInForce = async (): Promise<File[]> => (await operator.get('/v1/policy/files')).body.files;
/** The rules in force, with one of these files changed. */
const candidate = async (name: string, change: (text: string) => string): Promise<File[]> =>
  (await filesInForce()).map((file) => (file.name === name ? { name, text: change(file.text) } : file));
const replay = (files: File[], more: JsonObject = {}, by: SignedInClient = operator) =>
  by.post('/v1/policy/replays', { files, ...more });

describe('C7: a candidate is tried over HTTP', () => {
  const readings = async () => (await house.server.services.audit.search({ type: 'audit.read', limit: 500 })).records;
  beforeAll(async () => {
    await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    await (await house.as('analyst')).post('/v1/accounts', {});
  });

  test('the files in force are those that a start read, and looking at them is on record', async () => {
    const { status, body } = await operator.get('/v1/policy/files');
    expect(status).toBe(200);
    const baseline = Object.entries(baselinePolicies()).map(([layer, [source]]) => [`${layer}.cedar`, source!.text]);
    expect(body.own).toBe(false);
    expect(body.files.map(({ name, text }: File) => [name, text])).toEqual(baseline);
    const { records } = await house.server.services.audit.search({ type: 'api.read', limit: 1 });
    expect(records[0]?.payload?.data).toMatchObject({ operation: 'policy.replay', target: '/v1/policy/files' });
  });

  test('what is found is what the command finds, with the rules that would decide, and it is on record', async () => {
    const files = await candidate('action.cedar', (text) => text + NO_NOTES);
    const folder = await mkdtemp(join(tmpdir(), 'portreeve-candidate-'));
    for (const { name, text } of files) await writeFile(join(folder, name), text);
    const recorded = await decisions();
    const told = await replayAgainst({ candidate: folder, project: PROJECT }, async () =>
      (async function* () {
        for (const line of recorded) yield line as unknown as Json;
        yield { end: true };
      })(),
    ).finally(() => rm(folder, { recursive: true }));
    // Both runs: that of this test, and that of the test before.
    expect(told).toMatchObject({ total: recorded.length, changed_total: 2 });
    for (const { rules } of told.changed) expect(rules[0]).toBe('action.no-notes');

    const { status, body } = await replay(files);
    expect(status).toBe(200);
    const { policy_version, in_force, cut, earliest, ...found } = body;
    expect({ ...found, changed: found.changed.toReversed() }).toEqual(told);
    expect(found.changes).toEqual({ 'approve>refuse': 2 });
    expect(in_force).toBe(house.server.services.policy.version);
    expect(policy_version).not.toBe(in_force);
    expect([cut, earliest]).toEqual([null, (recorded[0] as unknown as { time: string }).time]);
    const [reading] = await readings();
    expect(reading?.payload?.data).toEqual({
      operation: 'what-if',
      filter: { limit: 20_000, policy_version },
      results: 0,
    });
    expect(reading?.entry.actor.id).toBe(operator.principal.id);

    const same = (await replay(await filesInForce())).body;
    expect(same).toMatchObject({ policy_version: in_force, changed_total: 0, same: recorded.length, changes: {} });
    expect((await replay(files, { until: '2000-01-01T00:00:00Z' })).body).toMatchObject({ total: 0, earliest: null });
  });

  test('so many are judged as were asked for, the newest, and that there are earlier ones is said', async () => {
    const files = await filesInForce();
    const all = await decisions();
    const newest = all.at(-1) as unknown as { time: string };
    expect((await replay(files, { limit: 1 })).body).toMatchObject({ total: 1, cut: 'limit', earliest: newest.time });
    expect((await replay(files, { limit: all.length })).body).toMatchObject({ total: all.length, cut: null });
    expect((await replay(files, { limit: 100_001 })).body).toMatchObject({ code: 'bad_request' });
  });

  test('who may not is refused, and that is on record', async () => {
    const files = await filesInForce();
    for (const name of ['analyst', 'lead']) {
      const by = await house.as(name);
      const answers = [await replay(files, {}, by), await by.get('/v1/policy/files')];
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([403, 403].map((at) => [at, 'refused']));
      const { records } = await house.server.services.audit.search({ type: 'api.refused', limit: 1 });
      expect(records[0]?.payload?.data).toMatchObject({ operation: 'policy.replay', target: '/v1/policy/files' });
      expect(records[0]?.entry.actor.id).toBe(by.principal.id);
    }
  });

  test('what could not start is refused with file, line and what to do, and nothing is read for it', async () => {
    const before = (await readings()).length;
    const own = (await filesInForce()).find(({ name }) => name === 'action.cedar')!;
    const lines = own.text.split('\n').length;
    for (const [change, path, message, name = 'action.cedar'] of [
      [(text: string) => `${text}forbid (principal`, `policies/action.cedar:${lines}`, /unexpected end of input/],
      [
        (text: string) =>
          `${text}@id("action.x") @code("no_x") @reason("Nothing is done.")\nforbid (principal, action == Action::"actt", resource);`,
        `policies/action.cedar:${lines + 1}`,
        /^rule action\.x: .*did you mean `Action::"act"`\?/,
      ],
      [
        () => '',
        'policies/environment.cedar:1',
        /^the layer environment has no rule that decides.* Add a permit to environment\.cedar/,
        'environment.cedar',
      ],
      [
        () => '@id("action.open") @code("open") @reason("All of it.")\npermit (principal, action, resource);',
        'policies/action.cedar:1',
        /^rule action\.open: lets the .* workflow case-note use publish_note .*Restore the forbid of the tier/,
      ],
    ] as const) {
      const { status, body } = await replay(await candidate(name, change));
      expect([status, body.code], JSON.stringify(body)).toEqual([422, 'candidate_broken']);
      const errors: { path: string; message: string }[] = body.errors;
      expect(errors).toContainEqual({ path, message: expect.stringMatching(message) });
      // Of this machine nothing is said.
      expect(JSON.stringify(body)).not.toContain(PROJECT);
    }
    const bad = async (files: File[]) => (await replay(files)).body;
    const whole = await filesInForce();
    expect((await bad([{ name: 'rules.cedar', text: '' }])).errors).toEqual([
      { path: 'files.0.name', message: expect.stringContaining('<layer>.cedar') },
    ]);
    expect((await bad([...whole, whole[0]!])).errors[0].message).toBe('two files have the same name');
    const large = [0, 1].map((n) => ({ name: `action-${n}.cedar`, text: `// ${'x'.repeat(140 * 1024)}` }));
    expect((await bad([...whole, ...large])).errors[0].message).toContain('at most 256 KiB in all');
    const many = Array.from({ length: 51 }, (_, n) => ({ name: `action-${n}.cedar`, text: '' }));
    expect(await bad(many)).toMatchObject({ code: 'bad_request' });
    expect((await readings()).length).toBe(before);
  });

  test('one candidate at a time: another is told when to come again', async () => {
    const files = await filesInForce();
    const { whatIf } = house.server.services;
    const open = await whatIf.open(files, new AbortController().signal);
    const turned = await replay(files);
    expect([turned.status, turned.body.code]).toEqual([429, 'too_many_attempts']);
    expect(turned.headers.get('retry-after')).toBe('15');
    await open.close();
    expect((await replay(files)).status).toBe(200);
  });

  test('where nobody waits for the answer any more the work ends, whatever it waits for', async () => {
    const files = await filesInForce();
    const { audit } = house.server.services;
    const search = audit.search.bind(audit);
    const leave = new AbortController();
    const spy = vi.spyOn(audit, 'search').mockImplementationOnce(() => {
      leave.abort();
      return new Promise(() => undefined);
    });
    const asked = fetch(`${house.url}/v1/policy/replays`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operator.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ files }),
      signal: leave.signal,
    });
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    spy.mockImplementation(search);
    await expect.poll(async () => (await replay(files)).status, { timeout: 20_000 }).toBe(200);
    spy.mockRestore();
  });
});

describe('C2: a decision is explained', () => {
  test('which rules decided, where they stand, and which attribute would change it', async () => {
    const { approval } = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    const { status, body } = await operator.get(`/v1/proposals/${approval.proposal}/explanation`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      proposal: approval.proposal,
      recorded: { outcome: 'approve', phase: 'submit' },
      same_policy: true,
      decision: { outcome: 'approve', next: expect.stringContaining('denied if it is not approved by then') },
    });
    const action = body.layers.find(({ layer }: { layer: string }) => layer === 'action');
    expect(action.rules[0]).toMatchObject({ effect: 'forbid', file: expect.stringMatching(/action\.cedar$/) });
    expect(action.rules[0].line).toBeGreaterThan(0);
    expect(action.rules[0].text).toContain('forbid');
    expect(body.changes).toContainEqual({ attribute: 'principal in Role', to: '["approver"]', outcome: 'refuse' });
  });

  test('a proposal that is not there, and one whose decision cannot be told exactly', async () => {
    const missing = await operator.get('/v1/proposals/prop_none/explanation');
    expect(missing.status).toBe(404);
    const { approval } = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    const { gate } = house.server.services;
    const stored = (await gate.get(approval.proposal))!;
    const altered = { ...stored, proposal: { ...stored.proposal, args: { another: true } } };
    const spy = vi.spyOn(gate, 'get').mockResolvedValue(altered);
    const answer = await operator.get(`/v1/proposals/${approval.proposal}/explanation`);
    spy.mockRestore();
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'conflict', next: expect.stringContaining('audit search') });
  });
});
