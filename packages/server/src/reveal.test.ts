import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignedInClient, type TestServer, testServer } from './testing/server.ts';
import { caseNoteProject } from './testing/temporary-project.ts';

/** Built here, so that no text of this file is itself a credential. */
const SECRET = `ghp_${'c4N4rY'.repeat(6)}`;

test('G5: the same secret has the same mark in the task, in what the prompt was made from, in an argument and in an answer', async () => {
  const project = await caseNoteProject({ credential: 'downstream-token' });
  const said = `mallory used ${SECRET} on WS-7.`;
  await writeFile(join(project, 'cases/CASE-9.jsonl'), `{"at":"2026-03-02T10:00:00Z","message":"${said}"}\n`);
  const house = await testServer({ project, secrets: { 'downstream-token': 'x-y-z' } });
  try {
    house.downstream.replyWith((call, response) => {
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ revision: 1, echo: JSON.stringify(call.body), seen: said }));
    });
    const run = await house.submit({ case_id: 'CASE-9', remark: `rotate ${SECRET}, please` });
    const shown = await house.approvalOf(run.id);
    const path = `/v1/approvals/${shown.approval.id}/verdicts`;
    await (await house.as('lead')).post(path, await house.verdict('lead', shown, 'approve'));
    await house.ended(run.id);
    const { records } = await house.server.services.audit.search({ run: run.id, limit: 500 });
    const marksOf = (type: string) =>
      JSON.stringify(records.filter(({ entry }) => entry.type === type)).match(
        /\u27e6secret:github-token:64:[0-9a-f]{16}/g,
      );
    const marks = ['run.submitted', 'proposal.submitted', 'execution.result'].map((type) => marksOf(type));
    expect(marks.every((found) => found !== null && found.length > 0)).toBe(true);
    expect(new Set(marks.flat()).size).toBe(1);
    expect(JSON.stringify(records)).not.toContain(SECRET);
  } finally {
    await house.close();
    await rm(project, { recursive: true, force: true });
  }
}, 60_000);

describe('G5: what stands behind a mark', () => {
  let house: TestServer;
  let [auditor, admin, scoped]: SignedInClient[] = [];
  beforeAll(async () => {
    house = await testServer({ config: { audit: { scopes: { 'other-readers': ['other-workflow'] } } } });
    auditor = await house.as('auditor');
    admin = await house.as('admin');
    scoped = await house.addAccount('scoped', ['auditor'], ['other-readers']);
  }, 60_000);
  afterAll(() => house?.close());

  /** Somebody's run with a remark: its id, and the marks that stand for what was in it. */
  async function remarked(remark: string, by?: SignedInClient): Promise<{ run: RunId; marks: string[] }> {
    const { id } = await house.submit({ case_id: 'CASE-1', publish: false, remark }, by);
    await house.ended(id);
    const { records } = await house.server.services.audit.search({ run: id, type: 'run.submitted' });
    return { run: id, marks: JSON.stringify(records[0]!.payload).match(/\u27e6[^\u27e7]*\u27e7/g) ?? [] };
  }
  const ask = (mark: string, by = auditor!, more = {}) =>
    by.post('/v1/audit/reveals', { mark, reason: 'the customer called', ...more });
  const recorded = async (type: 'audit.reveal_requested' | 'audit.revealed' | 'audit.reveal_decided') =>
    (await house.server.services.audit.search({ type })).records;

  test('a reader asks with a reason, another person allows it, it is shown once; each is a record without the value', async () => {
    const { run, marks } = await remarked('write to Ada.Lovelace@example.org today');
    const asked = await ask(marks[0]!.slice(1, -1));
    expect([asked.status, asked.body]).toMatchObject([201, { mark: marks[0], state: 'waiting', value: null }]);
    const { id } = asked.body;
    expect((await auditor!.post(`/v1/audit/reveals/${id}/show`)).body.code).toBe('conflict');
    expect((await auditor!.post(`/v1/audit/reveals/${id}/allow`)).status).toBe(403);
    expect((await admin!.post(`/v1/audit/reveals/${id}/allow`)).body).toMatchObject({ state: 'allowed' });
    expect((await admin!.post(`/v1/audit/reveals/${id}/show`)).status).toBe(403);
    expect((await scoped!.post(`/v1/audit/reveals/${id}/show`)).body.code).toBe('conflict');
    const shown = await auditor!.post(`/v1/audit/reveals/${id}/show`);
    expect([shown.status, shown.body.value]).toEqual([200, 'Ada.Lovelace@example.org']);
    expect((await auditor!.post(`/v1/audit/reveals/${id}/show`)).body.code).toBe('conflict');

    const [requested] = await recorded('audit.reveal_requested');
    expect(requested!.payload!.data).toEqual({
      ...{ reveal: id, mark: marks[0], run: null, reason: 'the customer called', second_person: true },
    });
    const [revealed] = await recorded('audit.revealed');
    expect([revealed!.entry.actor.id, revealed!.payload!.data]).toEqual([
      auditor!.principal.id,
      { reveal: id, mark: marks[0], found: run },
    ]);
    expect((await recorded('audit.reveal_decided'))[0]!.entry.actor.id).toBe(admin!.principal.id);
    expect((await auditor!.get('/v1/audit/reveals')).text).not.toContain('Lovelace');
    const first = (await auditor!.get('/v1/audit/reveals?limit=1')).body;
    expect(first).toMatchObject({ reveals: [{}], next: first.reveals[0].id });
    const behind = (await auditor!.get(`/v1/audit/reveals?after=${first.next}`)).body.reveals;
    expect(behind.every(({ id }: { id: string }) => id < first.next)).toBe(true);
  }, 60_000);

  test('a secret is never shown, nor what is no mark, nor what no reader of this scope may see', async () => {
    const { run, marks } = await remarked(`the key is ${SECRET}, of grace@example.org`);
    const [secret, email] = marks as [string, string];
    expect(secret).toMatch(/^\u27e6secret:github-token:64:/);
    expect((await ask(secret)).body).toMatchObject({ code: 'never_revealed', next: expect.stringContaining('Rotate') });
    expect((await ask('ada@example.org')).body.code).toBe('bad_request');
    expect((await ask(email, scoped!)).body.code).toBe('not_found');
    expect((await ask(email, scoped!, { run })).body.code).toBe('not_found');
    expect((await ask(email, auditor!, { run })).status).toBe(201);
    expect((await ask('personal:email:16:0badcafe0badcafe')).body.code).toBe('not_found');
    expect((await ask(email, await house.as('analyst'))).status).toBe(403);
  }, 60_000);

  test('a hold keeps it, and the erasure of its subject ends it, also where it was allowed already', async () => {
    const leaver = await house.addAccount('reveal-leaver', ['requester']);
    const { marks } = await remarked('call leaver@example.org', leaver);
    const { id } = (await ask(marks[0]!)).body;
    await admin!.post(`/v1/audit/reveals/${id}/allow`);
    const operator = await house.as('operator');
    const subject = leaver.principal.id;
    const held = await operator.post('/v1/audit/holds', { kind: 'subject', target: subject, reason: 'a claim' });
    expect((await operator.post('/v1/audit/erasures', { subject, reason: 'they asked' })).body.code).toBe('held');
    expect((await ask(marks[0]!)).status).toBe(201);
    await admin!.post(`/v1/audit/holds/${held.body.id}/lift`, { reason: 'settled' });
    const erasure = await operator.post('/v1/audit/erasures', { subject, reason: 'they asked' });
    expect((await admin!.post(`/v1/audit/erasures/${erasure.body.id}/confirm`)).status).toBe(200);
    const gone = await auditor!.post(`/v1/audit/reveals/${id}/show`);
    expect([gone.status, gone.body.code]).toEqual([404, 'not_found']);
    expect((await recorded('audit.revealed'))[0]!.entry.outcome).toBe('not_kept');
    expect((await ask(marks[0]!)).body.code).toBe('not_found');
  }, 60_000);
});
