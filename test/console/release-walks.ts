import { readFile } from 'node:fs/promises';
import { approve, openedChange, type ReleaseShop } from '@portreeve/server/testing';
import { beforeAll, expect, test } from 'vitest';
import { type ConsoleHouse, settled, type Tab } from './house.ts';
import type { SeededReleases } from './seed-releases.ts';

/** What people do with releases in the console, against the real server: promote, take back, bar, and look at evidence. */
export function releaseWalks(
  given: () => { readonly house: ConsoleHouse; readonly shop: ReleaseShop; readonly seeded: SeededReleases },
): void {
  let house: ConsoleHouse;
  let shop: ReleaseShop;
  let seeded: SeededReleases;
  beforeAll(() => {
    ({ house, shop, seeded } = given());
  });

  const stateOf = async (release: string): Promise<string> =>
    (await (await house.house.as('operator')).get(`/v1/releases/${release}`)).body.state;
  const done = async ({ complaints, context }: Tab) => {
    expect(complaints).toEqual([]);
    await context.close();
  };
  /** Writes the reason and presses the button of the question, by the keyboard. */
  const answer = async ({ page }: Tab, verb: string) => {
    await page.getByLabel('Reason').fill('It reads what it must');
    await page.getByRole('dialog').getByRole('button', { name: verb }).press('Enter');
  };

  test('the register says where each stands; the address is what is filtered, and it is exported', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/releases?state=barred');
    expect(await page.locator('tr.row').count()).toBe(1);
    await page.getByText('barred for ever').waitFor();
    await page.getByLabel('State').selectOption('production');
    await page.waitForURL('**/releases?state=production');
    await page.locator('tr.row').getByText('in production').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    expect(await readFile(await (await download).path(), 'utf8')).toContain(`${seeded.production.release},case-note`);
    // An auditor looks, and changes nothing.
    expect(await page.getByRole('button', { name: 'Roll back' }).count()).toBe(0);
    await done(tab);
  });

  test('H2: what changes is said in words, what loosens comes first, and what it lacks is named', async () => {
    const tab = await house.as('lead');
    const { page } = tab;
    await tab.open(`/releases/${seeded.next.release}`);
    const changes = page.getByRole('region', { name: 'What changes' });
    const first = changes.locator('li').first();
    await first.getByText('loosens').waitFor();
    expect(await first.textContent()).toContain('/limits/max_items from 100 to 500');
    await page.getByText('thresholds.unattended_harm_max').waitFor();
    await changes.getByLabel('Compared with').selectOption({ index: 1 });
    await page.waitForURL('**?from=sha256*');
    await page
      .getByRole('link', { name: /^sha256:/ })
      .first()
      .click();
    await page.getByRole('heading', { name: /^(Tests|Red team) of case-note$/ }).waitFor();
    await done(tab);
  });

  test('H3: a report shows its figures and each case; a row is chosen by the keyboard', async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/red-team');
    await page.locator('tr.row', { hasText: 'failed' }).getByRole('link', { name: 'case-note' }).press('Enter');
    await page.getByRole('heading', { name: 'Red team of case-note' }).waitFor();
    await page.getByRole('region', { name: 'Figures' }).getByText('2.1%').waitFor();
    await page.getByRole('link', { name: 'an event that says the head office agreed' }).press('Enter');
    await page
      .getByRole('region', { name: 'The case' })
      .getByText('look_up_owner was called without a person')
      .waitFor();
    await done(tab);
  });

  test('H2: a change is read, had approved by those who speak for it, and another one rejected with a reason', {
    timeout: 90_000,
  }, async () => {
    const operator = await house.house.as('operator');
    const at = async (change: string) => (await operator.get(`/v1/changes/${change}`)).body.state;
    const tab = await house.as('operator');
    const { page } = tab;
    await tab.open('/changes?kind=model');
    await page.locator('tr.row').getByRole('link').press('Enter');
    await page.getByRole('region', { name: 'What is otherwise' }).getByText('loosens').waitFor();
    const evidence = page.getByRole('region', { name: 'Tests and red team since' });
    expect(await evidence.getByRole('link', { name: /^sha256:/ }).count()).toBe(2);
    await page.getByRole('button', { name: 'Have it approved' }).click();
    await answer(tab, 'Ask the owners');
    await page.getByText('The owners of the workflow were asked to agree.').waitFor();
    await page.getByRole('button', { name: 'Its owners are asked' }).waitFor();
    const link = page.getByRole('link', { name: 'The request in the inbox' });
    const approval = new URL((await link.getAttribute('href'))!, house.house.url).searchParams.get('at')!;
    expect((await approve(house.house, approval, 'sam')).status).toBe(201);
    await expect.poll(() => at(seeded.change), { timeout: 60_000 }).toBe('approved');
    await page.getByRole('region', { name: 'Facts' }).getByText('approved').waitFor({ timeout: 20_000 });
    expect(await page.getByRole('button', { name: /Have it approved|Reject it/ }).count()).toBe(0);

    const other = await openedChange(house.house);
    await tab.open(`/changes/${other}`);
    await page.getByRole('button', { name: 'Reject it' }).click();
    await answer(tab, 'Reject it now');
    await page.getByRole('region', { name: 'Facts' }).getByText('rejected').waitFor();
    expect(await at(other)).toBe('rejected');
    await done(tab);
  });

  test('H1: it is staged and promoted by its owners, rolled back by one button with a fresh proof, and barred', {
    timeout: 120_000,
  }, async () => {
    const operator = await house.house.as('operator');
    const { release } = seeded.next;
    const report = await shop.sealed(shop.report(release, 'red-team'));
    await operator.post(`/v1/releases/${release}/evidence`, { report });
    const tab = await house.as('operator');
    const { page } = tab;
    const owners = ['sam', 'bea'];
    for (const [verb, state, count] of [
      ['Stage it', 'staging', 1],
      ['Let it go on', 'production', 2],
    ] as const) {
      await tab.open(`/releases/${release}`);
      await page.getByRole('button', { name: verb }).click();
      await answer(tab, 'Ask the owners');
      await page.getByText('The owners of the workflow were asked to agree.').waitFor();
      const link = page.getByRole('link', { name: 'The request in the inbox' });
      const approval = new URL((await link.getAttribute('href'))!, house.house.url).searchParams.get('at')!;
      for (const owner of owners.slice(0, count))
        expect((await approve(house.house, approval, owner)).status).toBe(201);
      await expect.poll(() => stateOf(release), { timeout: 60_000 }).toBe(state);
    }
    await house.house.server.services.database.pool.query(
      "UPDATE identity_sessions SET proven_at = now() - interval '6 minutes'",
    );
    await tab.open('/releases');
    await page.getByRole('button', { name: 'Roll back' }).click();
    await answer(tab, 'Roll back now');
    await page.getByRole('heading', { name: 'Is it you?' }).waitFor();
    expect(await stateOf(release)).toBe('production');
    await page.getByLabel('Password').fill(house.house.passwordOf('operator'));
    await page.getByRole('button', { name: 'Prove', exact: true }).click();
    await page.getByText('It is done.').waitFor();
    expect([await stateOf(release), await stateOf(seeded.production.release)]).toEqual(['retired', 'production']);

    await tab.open(`/releases/${release}`);
    await page.getByRole('button', { name: 'Bar for ever' }).click();
    await answer(tab, 'Bar it for ever');
    await page.getByRole('region', { name: 'Facts' }).getByText('barred for ever').waitFor();
    expect(await page.getByRole('button', { name: /Roll back|Bar for ever/ }).count()).toBe(0);
    await done(tab);
  });

  test('H5: readiness names what fails with the fix; H8: evidence leads to the records that it rests on', {
    timeout: 90_000,
  }, async () => {
    const tab = await house.as('auditor');
    const { page } = tab;
    await tab.open('/readiness?sort=state');
    await page.getByText(/^Not ready for test: \d+ of \d+ fail/).waitFor();
    await page.getByRole('region', { name: 'What to mend' }).getByText("owners: { security: 'an address").waitFor();
    await tab.open('/evidence');
    const made: string[] = [];
    page.on('request', (request) => made.push(new URL(request.url()).pathname));
    await page.getByRole('link', { name: 'NIST SP 800-53' }).click();
    await page.getByLabel('Filter what is loaded').fill('CM-14');
    await page.getByRole('link', { name: 'CM-14' }).press('Enter');
    const control = page.getByRole('region', { name: 'CM-14 Signed Components' });
    await control.getByText(/name the trusted key under which their signature held: \d+ of \d+/).waitFor();
    await control.getByRole('link', { name: /^\d+$/ }).first().click();
    await page.waitForURL('**/audit/*');
    await settled(page);
    await page.goBack();
    await control.waitFor();
    // Choosing a control and coming back make no other report: each that is made stands on record.
    expect(made.filter((path) => path.startsWith('/v1/evidence/'))).toEqual(['/v1/evidence/nist-800-53']);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'The report, with its proofs' }).click();
    const report = JSON.parse(await readFile(await (await download).path(), 'utf8'));
    expect(report).toMatchObject({ format: 'portreeve-evidence@v1', framework: 'nist-800-53' });
    await done(tab);
  });
}
