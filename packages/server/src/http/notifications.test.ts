import { MAIL_LOGIN } from '@portreeve/execute/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Downstream, startDownstream } from '../testing/downstream.ts';
import { type TestServer, testServer } from '../testing/server.ts';

const HOOK = '/services/T0/B0/only-who-knows-this-may-post';

let chat: Downstream;
let house: TestServer;
beforeAll(async () => {
  chat = await startDownstream();
  chat.replyWith((_call, response) => response.writeHead(200).end('ok'));
  house = await testServer({
    secrets: { hook: chat.url + HOOK, 'mail-login': JSON.stringify(MAIL_LOGIN) },
    config: {
      systems: { chat: { url: chat.url, private: true }, mail: { url: 'smtp://127.0.0.1:9', private: true } },
      notifications: {
        channels: [
          {
            kind: 'teams',
            name: 'team',
            system: 'chat',
            webhook: 'hook',
            rules: [{ kinds: ['freeze', 'stop'] }, { groups: ['note-leads'] }],
          },
          {
            kind: 'email',
            name: 'silent',
            system: 'mail',
            from: 'p@acme.example',
            to: ['ana@acme.example'],
            credential: 'mail-login',
            rules: [{ kinds: ['stop'] }],
          },
        ],
      },
    },
  });
});
afterAll(async () => {
  await house?.close();
  await chat?.close();
});

const told = (words: string) => chat.calls.map(({ body }) => JSON.stringify(body)).find((each) => each.includes(words));
const arrives = (words: string) => vi.waitUntil(() => told(words), { timeout: 10_000 });

test('I7 F5: who may approve is told by chat, with a link that decides nothing', async () => {
  const shown = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
  const { id } = shown.approval;
  const message = await arrives('Approval asked for: publish_note');
  // Nothing of the arguments, of the rationale or of the requester’s words, and no secret.
  for (const word of ['CASE-1', 'A note on', 'analyst', HOOK]) expect(message).not.toContain(word);
  const [url] = message.match(/http:\/\/127\.0\.0\.1:7410\/approve\/appr_[a-z0-9]+/)!;
  const path = new URL(url).pathname;
  expect(path).toBe(`/approve/${id}`);
  // A scanner of links, a preview of a chat, and the approver: a GET decides nothing for any of them.
  const lead = await house.as('lead');
  for (const authorization of [undefined, `Bearer ${lead.token}`])
    for (const query of ['', '?verdict=approve', '?here'])
      await fetch(`${house.url}${path}${query}`, {
        headers: { accept: 'text/html', 'sec-fetch-site': 'cross-site', ...(authorization ? { authorization } : {}) },
      });
  expect((await lead.get(`/v1/approvals/${id}`)).body.approval).toMatchObject({ state: 'pending', verdicts: [] });
  await vi.waitUntil(async () => (await sent()).some(({ entry }) => entry.refs.approval === id), { timeout: 5000 });
});

const sent = async () => (await house.server.services.audit.search({ type: 'notification.sent', limit: 50 })).records;

test('I7 C5: a freeze and its end are told; a channel that fails is shown and holds no other back', async () => {
  const operator = await house.as('operator');
  await operator.post('/v1/environment/freezes', { target: 'all', reason: 'The secret word is hunter2' });
  expect(await arrives('Everything is stopped')).not.toContain('hunter2');
  await operator.post('/v1/environment/thaws', { target: 'all', stage: 'lifted', reason: 'done' });
  await arrives('The freeze is lifted: everything');
  const silent = async () => {
    const { channels } = (await operator.get('/v1/system')).body as { channels: { name: string }[] };
    return channels.find(({ name }) => name === 'silent');
  };
  await vi.waitUntil(async () => ((await silent()) as { problem?: string | null }).problem, { timeout: 10_000 });
  expect(await silent()).toMatchObject({
    kind: 'email',
    sent_at: null,
    problem: expect.stringMatching(/cannot be reached|not taken/),
  });
});

test('I7: a channel is tried by an administrator alone', async () => {
  const asAdmin = await (await house.as('admin')).post('/v1/notifications/team/test');
  expect(asAdmin).toMatchObject({ status: 200, body: { channel: 'team', problem: null } });
  expect(told('Portreeve can reach team')).toBeDefined();
  expect(await (await house.as('admin')).post('/v1/notifications/nobody/test')).toMatchObject({ status: 404 });
  expect(await (await house.as('lead')).post('/v1/notifications/team/test')).toMatchObject({ status: 403 });
});

test('F5: a link that somebody follows from another site is opened again from here, once', async () => {
  const { id } = (await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id)).approval;
  const get = (path: string, headers: Record<string, string>) =>
    fetch(house.url + path, { headers: { accept: 'text/html', ...headers } });
  const size = await house.server.services.audit.main.size();
  const first = await get(`/approve/${id}`, { 'sec-fetch-site': 'cross-site' });
  expect(first.status).toBe(200);
  expect(first.headers.get('content-security-policy')).toContain("default-src 'none'");
  const text = await first.text();
  expect(text).toContain(`<meta http-equiv="refresh" content="0;url=/approve/${id}?here">`);
  expect(text).not.toContain('CASE-1');
  // Nothing was shown, so nothing is on record.
  expect(await house.server.services.audit.main.size()).toBe(size);
  const again = await get(`/approve/${id}?here`, { 'sec-fetch-site': 'cross-site' });
  expect(again.status).toBe(401);
  expect(await again.text()).toContain(`<a href="/sign-in?then=%2Fapprove%2F${id}">`);
  expect((await get('/approve/%22%3E%3Cscript%3E', { 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  expect(await (await get('/approve/%22%3E%3Cscript%3E', { 'sec-fetch-site': 'cross-site' })).text()).not.toContain(
    '"><script',
  );
});
