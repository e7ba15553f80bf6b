import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReleaseShop, releaseShop } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { faults } from '../support/axe.ts';
import { browserIsThere, type ConsoleHouse, consoleHouse, settled, type Tab } from './house.ts';
import { releaseWalks } from './release-walks.ts';
import { type Seeded, seed } from './seed.ts';
import { type SeededReleases, seedDrift, seedReleases } from './seed-releases.ts';
import { tryNoNotes } from './try-rules.ts';

/** Every run takes them; those in the repository are only replaced where that is asked for, as with any golden file. */
const SHOTS = process.env.UPDATE_SCREENSHOTS ? join(ROOT, 'docs/screenshots') : null;

/** Every page, and how it is reached. Screenshots have the same names. */
const PAGES: readonly (readonly [name: string, path: (seeded: Seeded, releases: SeededReleases) => string])[] = [
  ['inbox', ({ approval }) => `/inbox?at=${approval}`],
  ['queue', () => '/queue'],
  ['hand-off', ({ handoff }) => `/queue/${handoff}`],
  ['dashboard', () => '/dashboard?span=hour&figure=runs'],
  ['runs', () => '/runs'],
  ['run', ({ done }) => `/runs/${done}`],
  ['oversight', () => '/oversight'],
  ['record-search', () => '/audit?type=decision.made'],
  ['record', () => '/audit/12'],
  ['replay', ({ done }) => `/replay/${done}`],
  ['environment', () => '/environment'],
  ['releases', () => '/releases'],
  ['release', (_, { next }) => `/releases/${next.release}`],
  ['changes', () => '/changes'],
  ['change', (_, { change }) => `/changes/${change}`],
  ['red-team', () => '/red-team'],
  ['red-team-report', (_, { next, report }) => `/releases/${next.release}/reports/${report}?at=2`],
  ['what-if', () => '/policy'],
  ['readiness', () => '/readiness'],
  ['evidence', () => '/evidence?framework=soc-2&at=CC8.1'],
  ['workflows', () => '/workflows'],
  ['workflow', () => '/workflows/case-note'],
  ['tools-and-sources', () => '/tools'],
  ['identities', () => '/identities'],
  ['settings', () => '/settings'],
  ['drift', () => '/drift'],
];

async function shoot({ page }: Tab, name: string): Promise<void> {
  const image = await page.screenshot(SHOTS ? { path: join(SHOTS, `${name}.png`) } : {});
  expect(image.length).toBeGreaterThan(5000);
}

describe.skipIf(!browserIsThere)('I1: every page of the console', () => {
  let house: ConsoleHouse;
  let seeded: Seeded;
  let shop: ReleaseShop;
  let releases: SeededReleases;
  const tabs: Partial<Record<'light' | 'dark', Tab>> = {};
  beforeAll(async () => {
    shop = await releaseShop();
    house = await consoleHouse({ config: { releases: { active: 'promoted', keys: [shop.key] } } });
    releases = await seedReleases(house.house, shop);
    seeded = await seed(house.house);
    await house.house.addAccount('mira-okafor', ['approver', 'operator', 'auditor', 'admin'], ['note-leads']);
    if (SHOTS) await mkdir(SHOTS, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const)
      tabs[colorScheme] = await house.as('mira-okafor', { colorScheme });
  }, 240_000);
  afterAll(async () => {
    await house?.close();
    await shop?.close();
  });

  test.each(['light', 'dark'] as const)('sign-in, %s: says how, and holds WCAG 2.2 AA', async (colorScheme) => {
    const tab = await house.stranger({ colorScheme });
    await tab.open('/sign-in');
    await tab.page.getByLabel('Account').waitFor();
    expect(await faults(tab.page)).toEqual([]);
    expect(tab.complaints).toEqual([]);
    await shoot(tab, `sign-in-${colorScheme}`);
    await tab.context.close();
  });

  for (const [name, path] of PAGES)
    test.each(['light', 'dark'] as const)(`${name}, %s: shows itself, and holds WCAG 2.2 AA`, async (scheme) => {
      const tab = tabs[scheme]!;
      if (name === 'drift' && scheme === 'light') await seedDrift(house.house);
      await tab.open(path(seeded, releases));
      if (name === 'run') await tab.page.getByText('Ended:').waitFor();
      if (name === 'record') {
        await tab.page.getByRole('button', { name: 'Check the proof' }).click();
        await tab.page.getByText('The record stands in the signed log').waitFor();
      }
      if (name === 'what-if') await tryNoNotes(tab.page);
      await settled(tab.page);
      expect(await tab.page.title()).toMatch(/ · Portreeve$/);
      expect(await faults(tab.page)).toEqual([]);
      expect(tab.complaints).toEqual([]);
      await shoot(tab, `${name}-${scheme}`);
    });

  test('a page that does not exist, and a run that does not, say so', async () => {
    const { page, open } = tabs.light!;
    await open('/runs/run_00000000000000000000000000');
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    await open('/');
    await page.goto(`${house.house.url}/inbox`);
    await page.evaluate("history.pushState({}, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))");
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  });

  test.each(['light', 'dark'] as const)('open questions, %s: freeze and deny hold WCAG 2.2 AA', async (scheme) => {
    const tab = tabs[scheme]!;
    for (const [path, button] of [
      ['/environment', 'Freeze'],
      [`/inbox?at=${seeded.approval}`, 'Deny with a reason'],
    ] as const) {
      await tab.open(path);
      await tab.page.getByRole('button', { name: button }).first().click();
      await tab.page.getByRole('dialog').waitFor();
      expect(await faults(tab.page), path).toEqual([]);
      await tab.page.keyboard.press('Escape');
      await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    expect(tab.complaints).toEqual([]);
  });

  // 320 CSS pixels: 1280 at 400 % (WCAG 1.4.10).
  test('on a narrow screen nothing is cut off sideways, nor of a question', async () => {
    const tab = await house.as('mira-okafor', { viewport: { width: 320, height: 740 } });
    const wide: string[] = [];
    for (const [name, path] of PAGES) {
      await tab.open(path(seeded, releases));
      const over = Number(await tab.page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      if (over > 0) wide.push(`${name}: ${over}`);
    }
    expect(wide).toEqual([]);
    await tab.open('/environment');
    await tab.page.getByRole('button', { name: 'Freeze' }).first().click();
    const dialog = (await tab.page.getByRole('dialog').boundingBox())!;
    expect([dialog.x >= 0, dialog.x + dialog.width <= 320]).toEqual([true, true]);
    const inner =
      "(() => { const each = document.querySelector('dialog'); return each.scrollWidth - each.clientWidth; })()";
    expect(await tab.page.evaluate(inner)).toBeLessThanOrEqual(0);
    await tab.context.close();
  });

  releaseWalks(() => ({ house, shop, seeded: releases }));
});
