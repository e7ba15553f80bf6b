import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsThere, type ConsoleHouse, consoleHouse, settled, type Tab } from './house.ts';
import { type Seeded, seed } from './seed.ts';
import { NO_NOTES, tryNoNotes } from './try-rules.ts';

/** The main ways of people through the console, by keyboard where that is promised, against the real server. */
describe.skipIf(!browserIsThere)('I1: what people do in the console', () => {
  let house: ConsoleHouse;
  let seeded: Seeded;
  beforeAll(async () => {
    house = await consoleHouse();
    seeded = await seed(house.house);
  }, 120_000);
  afterAll(() => house?.close());

  const record = async (type: string) => {
    const { body } = await (await house.house.as('auditor')).get(`/v1/audit/records?type=${type}&limit=1`);
    return body.records[0];
  };
  /** How many decisions are on record. */
  const decisionsOn = async (): Promise<number> => {
    const { token } = await house.house.as('auditor');
    const headers = { authorization: `Bearer ${token}` };
    const text = await (await fetch(`${house.house.url}/v1/policy/decisions`, { headers })).text();
    return text.trimEnd().split('\n').length - 1;
  };
  const done = async ({ complaints, context }: Tab) => {
    expect(complaints).toEqual([]);
    await context.close();
  };

  test('a wrong password is said without saying what was wrong; a right one leads to where one wanted to go', async () => {
    const tab = await house.stranger();
    const { page } = tab;
    await tab.open(`/runs/${seeded.done}`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByLabel('Account').fill('lead');
    await page.getByLabel('Password').fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('There is no account with this name and this password.').waitFor();
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await page.getByLabel('Password').fill(house.house.passwordOf('lead'));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/runs/${seeded.done}`);
    await page.getByText('Ended:').waitFor();
    await done(tab);
  });

  test('by the keyboard alone: sign in, next, back, look and decide, deny with a reason', async () => {
    const tab = await house.stranger();
    const { page } = tab;
    await tab.open('/sign-in');
    await page.getByLabel('Account').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('lead');
    await page.keyboard.press('Tab');
    await page.keyboard.type(house.house.passwordOf('lead'));
    await page.keyboard.press('Enter');
    await page.waitForURL('**/inbox');
    await page.locator('tr.row').first().waitFor();
    const selected = () => new URL(page.url()).searchParams.get('at');
    // It takes the focus once it is there.
    const listHasFocus = () => page.locator('.table-scroll:focus').waitFor();
    await listHasFocus();
    await page.keyboard.press('j');
    await expect.poll(selected).not.toBeNull();
    const first = selected();
    await page.keyboard.press('j');
    await expect.poll(selected).not.toBe(first);
    const second = selected();
    await page.keyboard.press('k');
    await expect.poll(selected).toBe(first);
    await page.keyboard.press('j');
    await expect.poll(selected).toBe(second);
    expect(await page.locator('tr[aria-selected="true"]').count()).toBe(1);

    // Letters are keys of the list and of nothing else (WCAG 2.1.4): who has gone on to something else decides nothing.
    await page.getByRole('link', { name: 'Runs' }).focus();
    for (const key of ['k', 'd', 'a', 'ArrowUp']) await page.keyboard.press(key);
    await page.getByRole('button', { name: 'Deny with a reason' }).focus();
    for (const key of ['k', 'd', 'a']) await page.keyboard.press(key);
    expect([selected(), await page.getByRole('dialog').count()]).toEqual([second, 0]);
    expect(new URL(page.url()).pathname).toBe('/inbox');
    await page.getByRole('region', { name: 'approvals, scrollable' }).focus();

    await page.keyboard.press('d');
    await page.getByRole('dialog').waitFor();
    // Focus is in the dialog, Escape leaves it, and the keys of the inbox rest while it is open.
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await listHasFocus();
    await page.keyboard.press('d');
    await page.getByLabel('Reason').focus();
    await page.keyboard.type('jkd: the case is closed');
    expect(selected()).toBe(second);
    await page.route('**/approve/**', (route) => route.fulfill({ contentType: 'text/plain', body: 'signed there' }));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/approve/**');
    const { pathname, hash } = new URL(page.url());
    expect(pathname).toBe(`/approve/${second}`);
    expect(Object.fromEntries(new URLSearchParams(hash.slice(1)))).toEqual({
      verdict: 'deny',
      reason: 'jkd: the case is closed',
    });
    // What is signed is the page's own: it takes the reason, shows it to be read, and leaves nothing in the address.
    await page.unroute('**/approve/**');
    await page.reload();
    await page.getByRole('button', { name: 'Deny' }).waitFor();
    await expect.poll(() => page.locator('#reason').inputValue()).toBe('jkd: the case is closed');
    expect(new URL(page.url()).hash).toBe('');
    // Nothing was decided on the way: a link decides nothing.
    const { body } = await (await house.house.as('lead')).get(`/v1/approvals/${second}`);
    expect(body.approval.state).toBe('pending');

    await page.goBack();
    await settled(page);
    await page.locator('tr[aria-selected="true"]').waitFor();
    await listHasFocus();
    await page.keyboard.press('a');
    await page.waitForURL('**/approve/**');
    expect(new URL(page.url()).hash).toBe('');
    await done(tab);
  });

  test('a run is followed while it goes on, to its end', async () => {
    const tab = await house.as('lead');
    const { page } = tab;
    house.house.downstream.replyWith((_call, response) =>
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":1}'),
    );
    const { id } = await house.house.submit({ case_id: 'CASE-1' });
    const shown = await house.house.approvalOf(id);
    await tab.open(`/runs/${id}`);
    await page.getByText('Asked 1 of note-leads to agree').waitFor();
    expect(await page.locator('[aria-current="step"]').textContent()).toMatch(/^approve/);
    expect(await page.getByText('live', { exact: true }).count()).toBe(1);
    const verdict = await house.house.verdict('lead', shown, 'approve');
    await (await house.house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
    await page.getByText('Ended: The workflow came to its end.').waitFor();
    await page.getByText('ended', { exact: true }).waitFor();
    expect(await page.locator('.stages [data-state="done"]').count()).toBe(10);
    // No auditor: the lines lead to no records.
    expect(await page.getByText(/^record \d+$/).count()).toBe(0);
    await done(tab);
  });

  test('C5: a freeze asks who one is once the proof is old, holds at once, and is thawed', async () => {
    const tab = await house.as('operator');
    const { page } = tab;
    const { pool } = house.house.server.services.database;
    await pool.query("UPDATE identity_sessions SET proven_at = now() - interval '6 minutes'");
    await tab.open('/environment');
    await page.getByRole('button', { name: 'Freeze', exact: true }).click();
    await page.getByLabel('Which').selectOption('case-note');
    await page.getByLabel('Reason').fill('The notes look wrong');
    await page.getByRole('button', { name: 'Freeze now' }).click();
    await page.getByRole('heading', { name: 'Is it you?' }).waitFor();
    expect(house.house.server.services.environment.facts().freezes).toEqual([]);
    expect((await record('api.refused')).payload.data).toMatchObject({
      operation: 'environment.freeze',
      code: 'proof_needed',
    });
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Prove', exact: true }).click();
    await page.getByText('There is no account with this name and this password.').waitFor();
    await page.getByLabel('Password').fill(house.house.passwordOf('operator'));
    await page.getByRole('button', { name: 'Prove', exact: true }).click();
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.getByText('workflow:case-note', { exact: true }).first().waitFor();
    expect(house.house.server.services.environment.facts().freezes).toEqual(['workflow:case-note']);
    expect((await record('identity.proven')).payload.actor_name).toBe('operator');

    await page.getByRole('button', { name: 'Thaw' }).click();
    await page.getByLabel('Everything goes on').check();
    await page.getByLabel('Reason').fill('They are right');
    await page.getByRole('dialog').getByRole('button', { name: 'Thaw' }).click();
    await page.getByText('Nothing is frozen, there is no incident').waitFor();
    expect(house.house.server.services.environment.facts().freezes).toEqual([]);
    await done(tab);
  });

  test('A5: a run that a person denied points to what its workflow may be used for', async () => {
    const { id } = await house.house.submit({ case_id: 'CASE-1' });
    const shown = await house.house.approvalOf(id);
    const verdict = await house.house.verdict('lead', shown, 'deny');
    await (await house.house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
    const tab = await house.as('analyst');
    const { page } = tab;
    await tab.open(`/runs/${id}`);
    await page.getByRole('link', { name: 'What case-note may be used for, and whom to ask' }).click();
    await page.getByRole('heading', { name: 'Acceptable use' }).waitFor();
    await page.getByRole('heading', { name: 'Who answers for it' }).waitFor();
    // At the paragraph that answers for it, and a keyboard goes on from there.
    expect(new URL(page.url()).hash).toBe('#decisions');
    await page.locator('#decisions:focus').waitFor();
    await page.getByRole('heading', { name: 'Whose decision it is' }).waitFor();
    await tab.open(`/runs/${seeded.done}`);
    await page.getByText('Ended:').waitFor();
    expect(await page.getByRole('link', { name: /may be used for/ }).count()).toBe(0);
    await done(tab);
  });

  test('I1: a list that the server pages is sorted by the server: what is not loaded yet is in its place', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    const column = (number: number) => page.locator(`tr.row td:nth-child(${number})`).allInnerTexts();
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/v1/audit/records?')) asked.push(new URL(request.url()).search);
    });
    await tab.open('/audit?sort=index');
    expect((await column(1)).slice(0, 3)).toEqual(['0', '1', '2']);
    expect(new URLSearchParams(asked.at(-1)).get('sort')).toBe('time');
    await tab.open('/audit?sort=-type');
    const { records } = (await (await house.house.as('auditor')).get('/v1/audit/records?sort=-type&limit=1')).body;
    expect((await column(3))[0]).toBe(records[0].entry.type);
    expect(new URLSearchParams(asked.at(-1)).get('sort')).toBe('-type');
    // Where no index gives that order, what is loaded is sorted.
    await tab.open('/audit?type=run.submitted&sort=outcome');
    expect(new URLSearchParams(asked.at(-1)).get('sort')).toBeNull();
    const { runs } = (await (await house.house.as('operator')).get('/v1/runs?order=oldest&limit=2')).body;
    await tab.open('/runs?sort=begun');
    const links = await page
      .locator('tr.row td:first-child a')
      .evaluateAll((all) => all.map((each) => each.getAttribute('href')));
    expect(links.slice(0, 2)).toEqual(runs.map(({ id }: { id: string }) => `/runs/${id}`));
    await done(tab);
  });

  test('I8: a hand-off is finished with what was found', async () => {
    const tab = await house.as('operator');
    const { page } = tab;
    await tab.open('/queue');
    await page
      .getByRole('link', { name: /look_up_owner/ })
      .first()
      .click();
    await page.getByLabel('It did not happen').check();
    await page.getByLabel('What was done').fill('Looked downstream: nothing was asked.');
    await page.getByRole('button', { name: 'Say that it is finished' }).click();
    await page.getByText('done', { exact: true }).waitFor();
    const { body } = await (await house.house.as('operator')).get(`/v1/queue/${seeded.handoff}`);
    expect(body.state).toBe('done');
    await done(tab);
  });

  test('H6: a number of the dashboard opens exactly the records that it counts, and /metrics says the same', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/dashboard?span=day');
    const figure = page.getByRole('link', { name: /^Denied by people/ });
    const count = Number(await figure.locator('strong').textContent());
    expect(count).toBeGreaterThan(0);
    await figure.click();
    await page.waitForURL('**/audit?**');
    // The address changes before the page does, and the dashboard has rows too.
    await page.getByRole('heading', { name: 'Record', level: 1 }).waitFor();
    await settled(page);
    await expect.poll(() => page.locator('tr.row').count(), { timeout: 20_000 }).toBe(count);
    expect(await page.locator('tr.row td:nth-child(3)').allInnerTexts()).toEqual(Array(count).fill('approval.closed'));
    const { text, headers } = await (await house.house.as('auditor')).get('/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain(`portreeve_records_total{figure="denied",workflow="case-note"} ${count}\n`);
    await done(tab);
  });

  test('G4: the record is searched by words and filters, and the address says what is seen', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/audit');
    await page.getByLabel('Type of record').fill('approval.closed');
    await page.getByLabel('Outcome').fill('denied');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/audit?type=approval.closed&outcome=denied');
    await settled(page);
    const other = await house.as('auditor');
    await other.open(`/audit${new URL(page.url()).search}`);
    expect(await other.page.locator('tr.row').count()).toBe(await page.locator('tr.row').count());
    await done(other);

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    const csv = await readFile(await (await download).path(), 'utf8');
    expect(csv.split('\r\n')[0]).toBe('Place,Time,Type,Outcome,Who,Workflow,What,Codes');
    expect(csv).toContain('approval.closed,denied');
    await done(tab);
  });

  test('G9: a receipt that was changed on the way is seen in the browser', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/audit/3');
    await page.getByRole('button', { name: 'Check the proof' }).click();
    await page.getByText('The record stands in the signed log, with this content').waitFor();
    await page.route('**/v1/audit/proof/3', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { entry: string };
      await route.fulfill({ json: { ...body, entry: body.entry.replace(/"time":"2/, '"time":"3') } });
    });
    await page.getByRole('button', { name: 'Check the proof' }).click();
    await page.getByText('Not so: The record stands in the signed log').waitFor();
    await page.getByText('Not so: What this page shows is what was proved').waitFor();
    await done(tab);
  });

  test('G9: a run whose records were changed on the way is not called intact', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open(`/replay/${seeded.done}`);
    await page.getByText(/^Intact: all \d+ records stand unchanged/).waitFor();
    await page.route('**/v1/audit/replay/**', async (route) => {
      const body = (await (await route.fetch()).json()) as { records: { payload: string }[] };
      body.records[2]!.payload = body.records[2]!.payload.replace('"read":3', '"read":2');
      await route.fulfill({ json: body });
    });
    await page.reload();
    await page.getByText(/^1 of \d+ records are not as they were recorded/).waitFor();
    await page.getByText('Not as it was recorded: its content is not what was recorded').waitFor();
    await done(tab);
  });

  test('C7: other rules are tried on what was decided; what is wrong with them is shown where it stands', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/policy');
    await page.getByText('Nothing is changed here.').waitFor();
    const action = page.locator('summary', { hasText: 'action.cedar' });
    await action.focus();
    await page.keyboard.press('Enter');
    const rules = page.getByLabel('Rules of action.cedar');
    const text = await rules.inputValue();
    await rules.fill(text + NO_NOTES.replace('Action::"act:', 'Action::"actt:'));
    await page.getByRole('button', { name: 'Replay' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('With these rules nothing would start').waitFor();
    expect(await action.textContent()).toMatch(/changed.*wrong/);
    expect(await rules.getAttribute('aria-invalid')).toBe('true');
    const at = text.split('\n').length + NO_NOTES.split('\n').findIndex((line) => line.startsWith('forbid'));
    await page
      .getByRole('button', { name: `action.cedar, line ${at}` })
      .first()
      .focus();
    await page.keyboard.press('Enter');
    // The line is selected, so that what is typed stands in its place.
    await page.locator('textarea:focus').waitFor();
    await page.keyboard.insertText(NO_NOTES.trimEnd().split('\n').at(-1)!);
    expect(await rules.inputValue()).toBe(text + NO_NOTES);

    const before = await decisionsOn();
    await page.getByRole('button', { name: 'Replay' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('section:focus').waitFor();
    const said = await page.locator('section:focus').getByRole('status').first().textContent();
    expect(said).toMatch(
      new RegExp(`^Of ${before} recorded decisions \\d+ would come out differently; all could be judged`),
    );
    const kinds = await page.getByRole('table', { name: 'what-would-change' }).locator('tr.row').allInnerTexts();
    expect(kinds.map((kind) => kind.split(/\s*\t\s*/).slice(0, 2))).toContainEqual(['asks for approval', 'refused']);
    const first = page.getByRole('table', { name: 'changed-decisions' }).locator('tr.row').first();
    expect(await first.textContent()).toContain('action.no-notes');
    expect(await record('audit.read')).toMatchObject({ payload: { data: { operation: 'what-if' } } });

    // Each leads to its record, and what was tried is there when one comes back.
    const place = await first.getByRole('link').textContent();
    await first.getByRole('link').click();
    await page.waitForURL(`**/audit/${place}`);
    await page.getByText('decision.made').first().waitFor();
    await page.goBack();
    await page.getByText('would come out differently;').waitFor();
    await action.getByText('changed').waitFor();

    // Who stops it has changed nothing; another name than a layer’s is no file.
    await page.route('**/v1/policy/replays', () => undefined);
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('Checking the rules, then judging the decisions…').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped.').waitFor();
    const another = page.getByLabel('Another file');
    for (const [name, seen] of [
      ['rules.cedar', 'A file is called by its layer'],
      ['data.cedar', 'There is a file of that name.'],
      ['data-more.cedar', '1 lines'],
    ] as const) {
      await another.fill(name);
      await page.keyboard.press('Enter');
      await page.getByText(seen).waitFor();
    }
    await page.getByRole('button', { name: 'Leave data-more.cedar out' }).click();
    await page.locator('summary', { hasText: 'data.cedar' }).click();
    await page.getByRole('button', { name: 'Leave data.cedar out' }).click();
    await page.getByText('Left out: data.cedar').waitFor();
    await page.locator('ul.files:focus').waitFor();
    await page.getByRole('button', { name: 'Back to what is in force' }).click();
    await page.getByText('Left out').waitFor({ state: 'detached' });
    expect(await rules.inputValue()).toBe(text);
    await done(tab);
  });

  test('C7: who may not read the record is told which record it is, and gets no link to it', async () => {
    const tab = await house.as('operator');
    await tab.open('/policy');
    await tryNoNotes(tab.page);
    const first = tab.page.getByRole('table', { name: 'changed-decisions' }).locator('tr.row').first();
    expect(await first.textContent()).toMatch(/^\d+act /);
    expect(await first.getByRole('link').count()).toBe(0);
    await done(tab);
  });

  test('B2: sign-out ends the session, and sign-out everywhere ends all', async () => {
    const [one, two] = [await house.as('analyst'), await house.as('analyst')];
    await one.open('/settings');
    await one.page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await one.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await two.open('/runs');
    expect(new URL(two.page.url()).pathname).toBe('/sign-in');
    const three = await house.as('analyst');
    const { cookies } = await three.context.storageState();
    await three.page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await three.page.waitForURL('**/sign-in');
    expect((await three.context.storageState()).cookies).toEqual([]);
    const stolen = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    expect((await fetch(`${house.house.url}/v1/session`, { headers: { cookie: stolen } })).status).toBe(401);
    for (const tab of [one, two, three]) await done(tab);
  });

  test('B2: a session that ends while one works leads to the sign-in, and back to where one was', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/audit?type=run.ended');
    await house.house.server.services.database.pool.query('UPDATE identity_sessions SET ended_at = now()');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page.getByLabel('Account').fill('auditor');
    await page.getByLabel('Password').fill(house.house.passwordOf('auditor'));
    await page.keyboard.press('Enter');
    await page.waitForURL('**/dashboard');
    await done(tab);
  });
});
