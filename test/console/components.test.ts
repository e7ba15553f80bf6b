import { rightsByRole } from '@portreeve/console/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROWSER_PRESENT } from '../support/browser.ts';
import { type MockTab, mockHouse } from './mock-house.ts';

/** Pages by themselves, against the API's mock, which refuses what the role of the reader may not have. */
describe.skipIf(!BROWSER_PRESENT)('I1: components of the console', () => {
  let house: Awaited<ReturnType<typeof mockHouse>>;
  beforeAll(async () => {
    house = await mockHouse();
  }, 120_000);
  afterAll(() => house?.close());

  const done = async ({ complaints, close, api }: MockTab) => {
    expect(complaints).toEqual([]);
    expect(api.refused).toEqual([]);
    await close();
  };
  const id = (kind: string, n: number) => `${kind}_${String(n).padStart(26, '0')}`;
  const at = (minutes: number) => new Date(Date.UTC(2026, 10, 21, 9) + minutes * 60_000).toISOString();

  const handoffs = [0, 1, 2].map((n) => ({
    ...{
      id: id('hand', n),
      kind: ['error', 'denied', 'unknown_outcome'][n],
      why: `It was so ${n}`,
      workflow: 'refund',
    },
    ...{ run: null, created_at: at(n), due_at: at(100 - n), state: 'open' },
  }));

  test('the queue is ordered by the server, page by page, by each column that it has an order for', async () => {
    const answer = ({ query }: { query: Readonly<Record<string, string>> }) => {
      const by = query.sort?.replace('-', '') === 'due' ? 'due_at' : 'created_at';
      const sorted = handoffs.toSorted((a, b) => (a[by] < b[by] ? -1 : 1));
      if (query.sort?.startsWith('-')) sorted.reverse();
      const from = query.after === undefined ? 0 : sorted.findIndex((each) => each.id === query.after) + 1;
      const rows = sorted.slice(from, from + 2);
      return { handoffs: rows, next: from + 2 < sorted.length ? rows.at(-1)!.id : null } as never;
    };
    const tab = await house.as({ roles: ['operator'], answers: { 'GET /v1/queue': answer } });
    const { page, api } = tab;
    const seen = () => page.locator('tr.row td:nth-child(2)').allTextContents();
    await tab.open('/queue');
    await expect.poll(seen).toEqual(['It was so 0', 'It was so 1']);
    await page.getByRole('button', { name: 'Due' }).click();
    await expect.poll(seen).toEqual(['It was so 2', 'It was so 1']);
    await page.getByRole('button', { name: 'Load more' }).click();
    await expect.poll(seen).toEqual(['It was so 2', 'It was so 1', 'It was so 0']);
    await page.getByRole('button', { name: 'Due' }).click();
    await expect.poll(seen).toEqual(['It was so 0', 'It was so 1']);
    expect(api.calls.map(({ query }) => query.sort)).toEqual(expect.arrayContaining(['due', '-due']));
    await done(tab);
  });

  test('amended approvals are a list of their own, and the inbox is ordered by the server', async () => {
    const tab = await house.as({ roles: ['approver'], groups: ['leads'] });
    const { page, api } = tab;
    await tab.open('/inbox');
    await page.getByLabel('State').selectOption('amended');
    await page.getByText('No approval is amended').waitFor();
    await tab.open('/inbox?sort=-until');
    const asked = api.calls.filter(({ operation }) => operation === 'GET /v1/approvals').map(({ query }) => query);
    expect(asked).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ state: 'amended' }),
        expect.objectContaining({ state: 'pending', sort: '-until' }),
      ]),
    );
    await done(tab);
  });

  test('what a team takes for planted tests stands beside what it takes for real ones', async () => {
    const planted = {
      ...{ team: 'refund-leads', planted: 4, caught: 1, missed: 3, unanswered: 0, caught_percent: 25 },
      ...{ to_verdict_p50_ms: 4000, real_to_verdict_p50_ms: 90_000, in_view_p50_ms: 2000, real_in_view_p50_ms: 61_000 },
      records: ['41'],
    };
    const report = { decisions: 0, unreadable: 0, cut: false, teams: [], reviewers: [], kinds: [] };
    const answers = { 'GET /v1/oversight': () => ({ ...report, planted: [planted], planted_by: [] }) as never };
    const tab = await house.as({ roles: ['auditor'], answers });
    await tab.open('/oversight');
    const row = tab.page.getByRole('table', { name: 'planted' }).locator('tr.row');
    await row.waitFor();
    const texts = await row.locator('td').allTextContents();
    expect(texts).toEqual(['refund-leads', '4', '1', '3', '0', '25%', '4 s', '90 s', '2 s, 61 s']);
    expect(await row.getByRole('link', { name: '4', exact: true }).getAttribute('href')).toBe('/audit/41');
    await done(tab);
  });

  test('C7: what cannot be judged, what was left out and what stays an approval of others are said', async () => {
    const digest = (n: number) => `sha256:${String(n).repeat(64)}`;
    const changed = {
      ...{ record: 'finance:7', decision: id('dec', 1), request_digest: digest(1), asked: 'act refund_order' },
      ...{ from: 'approve', to: 'approve', rules: ['action.two'] },
      remedies: [{ kind: 'approval', groups: ['leads', 'finance'], quorum: 2 }],
    };
    const replay = {
      ...{
        policy_version: digest(2),
        in_force: digest(3),
        total: 1204,
        same: 1189,
        changed_total: 3,
        changed: [changed],
      },
      changes: { 'approve>approve': 1, 'permit>refuse': 2 },
      cannot_judge: [
        { why: 'args/note was redacted', count: 11 },
        { why: 'its record was erased', count: 1 },
      ],
      ...{ cut: 'limit', earliest: at(0) },
    };
    const answers = {
      'GET /v1/policy/files': () => ({ own: true, files: [{ name: 'action.cedar', text: '// none' }] }),
      'POST /v1/policy/replays': () => replay as never,
    };
    const tab = await house.as({ roles: ['auditor'], answers });
    const { page } = tab;
    await tab.open('/policy?span=all');
    await page.getByRole('button', { name: 'Replay' }).click();
    const said = page.locator('section:focus').getByRole('status').first();
    await said.waitFor();
    expect(await said.textContent()).toMatch(
      /^Of 1,204 recorded decisions 3 would come out differently; 12 cannot be judged\.These are the newest, back to 21 Nov 2026.*Earlier ones were not judged/,
    );
    const rows = async (name: string) => {
      const table = page.getByRole('table', { name }).locator('tr.row');
      return Promise.all((await table.all()).map((row) => row.locator('td').allTextContents()));
    };
    expect(await rows('what-would-change')).toEqual([
      ['asks for approval', 'asks for approval', '1', 'other people, or more'],
      ['permitted', 'refused', '2', 'the outcome'],
    ]);
    expect(await rows('changed-decisions')).toEqual([
      [
        ...['finance:7', 'act refund_order', 'asks for approval', 'asks for approval', 'action.two'],
        '2 of leads, finance',
      ],
    ]);
    expect(await page.getByRole('link', { name: 'finance:7' }).getAttribute('href')).toBe('/audit/finance%3A7');
    await page.getByText('the newest 1', { exact: true }).waitFor();
    expect(await rows('cannot-be-judged')).toEqual([
      ['args/note was redacted', '11'],
      ['its record was erased', '1'],
    ]);
    // All that is on record has no beginning.
    const asked = tab.api.calls.find(({ operation }) => operation === 'POST /v1/policy/replays');
    expect(asked?.body).toEqual({ files: [{ name: 'action.cedar', text: '// none' }] });
    expect(await page.getByText('This project has no rules of its own').count()).toBe(0);
    await done(tab);
  });

  test('H6: cost and latency stand over time and by what was asked for, money as whole millionths, unknown parts as none', async () => {
    const [since, until] = ['2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z'];
    const parts = <T>(first: T, last: T, between: T) => [first, ...Array.from({ length: 22 }, () => between), last];
    const figures = {
      ...{ since, until, figures: [], codes: [], models: [], models_whole: false, marks: [] },
      costs: [],
      spent: [
        { currency: 'EUR', micros: 1_234_567, series: parts<number | null>(null, 234_567, 0) },
        { currency: 'USD', micros: 5, series: parts(5, 0, 0) },
      ],
      latency: {
        ...{ answers: 3, p50_ms: 80, p95_ms: 400 },
        series: parts<object | null>(
          null,
          { answers: 3, p50_ms: 80, p95_ms: 400 },
          { answers: 0, p50_ms: null, p95_ms: null },
        ),
      },
      latencies: [
        { value: 'sha256:aa', answers: 2, p50_ms: 90, p95_ms: 400 },
        { value: null, answers: 1, p50_ms: 70, p95_ms: 70 },
      ],
    };
    const tab = await house.as({ roles: ['auditor'], answers: { 'GET /v1/figures': () => figures as never } });
    const { page } = tab;
    await tab.open('/dashboard?span=day&by=policy_version');
    await page.getByRole('heading', { name: 'Cost of models in EUR, over time: 1.234567' }).waitFor();
    await page.getByRole('heading', { name: 'Cost of models in USD, over time: 0.000005' }).waitFor();
    const cells = async (caption: string, row: number) =>
      page.getByRole('table', { name: caption }).locator('tbody tr').nth(row).locator('td').allTextContents();
    expect([await cells('Cost in EUR', 0), await cells('Cost in EUR', 1), await cells('Cost in EUR', 23)]).toEqual([
      ['not read'],
      ['0.00'],
      ['0.234567'],
    ]);
    expect([await cells('Latency', 0), await cells('Latency', 1), await cells('Latency', 23)]).toEqual([
      ['not read', 'not read'],
      ['\u2013', '\u2013'],
      ['400 ms', '80 ms'],
    ]);
    const rows = page.getByRole('table', { name: 'latencies' }).locator('tr.row');
    expect(await rows.allInnerTexts()).toEqual([
      expect.stringMatching(/sha256:aa\s+2\s+90\s+400/),
      expect.stringMatching(/none\s+1\s+70\s+70/),
    ]);
    const link = await rows.first().getByRole('link').getAttribute('href');
    expect(link).toContain('type=model.answered');
    expect(link).toContain('policy_version=sha256%3Aaa');
    await done(tab);
  });

  test('I1 A2: no page asks for what its reader may not have, and says so in its place', async () => {
    const needs = Object.entries({
      ...{ '/inbox': 'approvals.read', '/queue': 'queue.read', '/dashboard': 'metrics.read', '/runs': 'runs.read' },
      ...{ '/oversight': 'oversight.read', '/audit': 'audit.read', '/environment': 'environment.read' },
      ...{ '/identities': 'agents.read', '/policy': 'policy.replay' },
    });
    const closed: string[] = [];
    for (const role of rightsByRole().keys()) {
      const tab = await house.as({ roles: [role] });
      for (const [path] of needs) {
        await tab.open(path);
        if ((await tab.page.getByText('This is not open to you').count()) > 0) closed.push(`${role} ${path}`);
      }
      expect(tab.api.refused, role).toEqual([]);
      await done(tab);
    }
    const lacking = [...rightsByRole()].flatMap(([role, rights]) =>
      needs.filter(([, right]) => !rights.has(right)).map(([path]) => `${role} ${path}`),
    );
    expect(lacking.length).toBeGreaterThan(10);
    expect(closed).toEqual(lacking);
  }, 120_000);

  test('a page that did ask is found out: the mock refuses it, and the browser sees the refusal', async () => {
    const tab = await house.as({
      roles: ['approver'],
      answers: { 'GET /v1/agents': () => ({ agents: [], next: null }) },
    });
    await tab.open('/inbox');
    const answer = await tab.page.evaluate(`fetch('/v1/agents').then((answer) => answer.status)`);
    expect(answer).toBe(403);
    expect(tab.api.refused).toEqual(['agents.read']);
    await tab.close();
  });
});
