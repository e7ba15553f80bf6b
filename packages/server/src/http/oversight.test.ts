import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchOversight } from '../governance/watch-oversight.ts';
import { hears } from '../notify/choose-channels.ts';
import { lookBehind } from '../notify/look.ts';
import { notifyingWriter } from '../notify/notifying-writer.ts';
import { messageOf } from '../notify/words.ts';
import { notificationStore } from '../store/notifications.ts';
import {
  APPROVERS,
  type ShownApproval,
  type SignedInClient,
  type TestServer,
  testServer,
  WORKFLOW,
} from '../testing/server.ts';

let house: TestServer;
let lead: SignedInClient;
let auditor: SignedInClient;
let other: SignedInClient;
beforeAll(async () => {
  house = await testServer({ config: { oversight: { alarms: { verdicts_min: 2, fast_s: 3600, batch_size: 2 } } } });
  lead = await house.as('lead');
  auditor = await house.as('auditor');
  other = await house.addAccount('other-lead', ['approver'], APPROVERS);
});
afterAll(() => house?.close());

const waiting = async (): Promise<ShownApproval> =>
  house.approvalOf((await house.submit({ case_id: 'ASK-1', publish: false })).id);
const decide = async (name: string, who: SignedInClient, verdict: 'approve' | 'deny') => {
  const shown = await waiting();
  const path = `/v1/approvals/${shown.approval.id}`;
  expect((await who.post(`${path}/views`, { visible_ms: 5 })).body).toEqual({ counted: true });
  const answer = await who.post(`${path}/verdicts`, await house.verdict(name, shown, verdict));
  expect(answer.status).toBe(201);
  return shown;
};

describe('H7: human oversight is measured', () => {
  test('an auditor sees all figures, each with its records; a reviewer sees their own alone', async () => {
    await decide('lead', lead, 'approve');
    await decide('lead', lead, 'approve');
    await decide('other-lead', other, 'deny');
    const { body } = await auditor.get('/v1/oversight?days=1');
    expect(body.reviewers.map(({ name }: { name: string }) => name).sort()).toEqual(
      [lead.principal.id, other.principal.id].sort(),
    );
    const mine = body.reviewers.find(({ name }: { name: string }) => name === lead.principal.id);
    expect(mine).toMatchObject({ verdicts: 2, approved: 2, denied: 0, approved_percent: 100, in_view_known: 2 });
    expect(mine.to_verdict_p50_ms).toBeGreaterThanOrEqual(0);
    expect(mine.alarms.map(({ alarm }: { alarm: string }) => alarm)).toEqual(['fast', 'always_yes', 'large_batch']);
    expect(body.teams).toMatchObject([{ name: APPROVERS[0], verdicts: 3, approved: 2, denied: 1 }]);
    expect(body.kinds).toMatchObject([{ name: 'look_up_owner', verdicts: 3 }]);
    for (const place of mine.records) {
      const { records } = (await auditor.get(`/v1/audit/records?type=approval.verdict&limit=200`)).body;
      const found = records.find((each: { place: string }) => each.place === place);
      expect(found.entry.actor.id).toBe(lead.principal.id);
    }
    const own = (await lead.get('/v1/oversight?days=1')).body;
    expect(own.reviewers).toMatchObject([{ name: lead.principal.id, verdicts: 2 }]);
    expect(own.teams).toMatchObject([{ verdicts: 2 }]);
    expect(JSON.stringify(own)).not.toContain(other.principal.id);
    expect((await (await house.as('analyst')).get('/v1/oversight')).status).toBe(403);
    // An owner of a workflow sees how it is decided on, without being an auditor.
    const owner = await house.addAccount('owner', ['approver'], ['security']);
    expect((await owner.get('/v1/oversight?days=1')).body.decisions).toBe(3);
  });

  test('the time in view is bounded, signed in, and no part of what is decided', async () => {
    const shown = await waiting();
    const path = `/v1/approvals/${shown.approval.id}/views`;
    for (const body of [
      { visible_ms: -1 },
      { visible_ms: 1e12 },
      { visible_ms: 1.5 },
      { visible_ms: '1' },
      { visible_ms: 1, who: 'x' },
      {},
    ])
      expect((await lead.post(path, body)).status).toBe(400);
    expect((await house.anonymous.post(path, { visible_ms: 1 })).status).toBe(401);
    const stranger = await house.addAccount('stranger', ['requester'], []);
    expect((await stranger.post(path, { visible_ms: 1 })).status).toBe(404);
    // A day that was never in view: no more than the approval has been there.
    expect((await lead.post(path, { visible_ms: 86_400_000 })).body).toEqual({ counted: true });
    const { records } = (await auditor.get(`/v1/audit/records?type=approval.viewed&approval=${shown.approval.id}`))
      .body;
    expect(records).toHaveLength(1);
    expect(records[0].payload.data.visible_ms).toBeLessThan(60_000);
    const answers = [];
    for (let index = 0; index < 55; index++) answers.push((await lead.post(path, { visible_ms: 1 })).body.counted);
    expect(answers.filter(Boolean)).toHaveLength(49);
    expect((await lead.get(`/v1/approvals/${shown.approval.id}`)).body.approval).toEqual(shown.approval);
    // Who never had it in view decides as well as anybody.
    const verdict = await house.verdict('other-lead', shown, 'deny');
    expect((await other.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).body.state).toBe('denied');
    expect((await lead.post(path, { visible_ms: 1 })).body).toEqual({ counted: false });
  });

  test('an alarm is on record once a week for a workflow, and its owners are told by the outbox', async () => {
    const { services } = house.server;
    const { audit, database, oversight, workflows, clock, stamping: rules } = services;
    const channel = (name: string, groups: string[]) => ({
      ...{ kind: 'slack' as const, name, system: 'slack', webhook: 'hook' },
      rules: [{ kinds: ['oversight.alarm' as const], groups }],
    });
    const owners = Object.values(workflows[0]!.definition.contract.owners);
    const writer = notifyingWriter({
      ...{ audit, uow: database, clock, outbox: notificationStore(database) },
      channels: [channel('owners', [owners[0]!]), channel('others', ['nobody'])],
    });
    const watch = () => watchOversight({ audit, writer, oversight, workflows, rules, clock });
    const one = watch();
    await one.look();
    await one.look();
    // Another process, which does not know what this one has seen.
    await watch().look();
    const { records } = (await auditor.get('/v1/audit/records?type=oversight.alarm&limit=200')).body;
    const leads = records.filter(
      ({ payload }: { payload: { data: { account: string } } }) => payload.data.account === lead.principal.id,
    );
    expect(leads.map(({ entry }: { entry: { outcome: string } }) => entry.outcome).sort()).toEqual([
      'always_yes',
      'fast',
      'large_batch',
    ]);
    expect(leads[0]).toMatchObject({
      entry: { refs: { workflow: WORKFLOW } },
      payload: { data: { groups: [...new Set(owners)], of: 2 } },
    });
    const told = await database.read.selectFrom('notifications').selectAll().execute();
    expect(told.filter(({ about }) => about === 'always_yes')).toHaveLength(2);
    expect(new Set(told.map(({ event }) => event)).size * 2).toBe(told.length);
    const look = lookBehind({} as never);
    const shown = await Promise.all(
      (await notificationStore(database).take('owners', clock.now().toISOString(), clock.now().toISOString(), 50)).map(
        look,
      ),
    );
    for (const each of shown) {
      const message = messageOf(each!, 'https://portreeve.example');
      expect(message.title).toMatch(/^Decisions look like stamping: (fast|always yes|large batch)$/);
      expect(message.link.url).toBe('https://portreeve.example/oversight');
      expect(JSON.stringify(message)).not.toContain(lead.principal.id);
      expect(hears(channel('owners', [owners[0]!]), each!)).toBe(true);
      expect(hears(channel('others', ['nobody']), each!)).toBe(false);
    }
  });
});
