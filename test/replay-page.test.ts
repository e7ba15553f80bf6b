import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { replayPage } from '@portreeve/cli/replay-page';
import { digestOf, draft, SYSTEM_ACTOR } from '@portreeve/contract';
import { type TestServer, testServer } from '@portreeve/server/testing';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CHROMIUM = process.env.PORTREEVE_TEST_CHROMIUM ?? '/usr/bin/chromium';
const present = existsSync(CHROMIUM);
if (!present) process.stderr.write(`skipped: no browser at ${CHROMIUM} (Debian: apt-get install chromium)\n`);

const HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)><!-- ada@example.org';

describe.skipIf(!present)('G9: the page of a run, opened in a browser', () => {
  let house: TestServer;
  let browser: Browser;
  let folder: string;
  let page: string;
  beforeAll(async () => {
    house = await testServer();
    folder = await mkdtemp(join(tmpdir(), 'portreeve-page-'));
    const { id } = await house.submit({ case_id: 'CASE-1' });
    await house.approvalOf(id);
    // What others write stands in the record; in the page it stays text.
    const note = {
      type: 'handoff.closed',
      actor: SYSTEM_ACTOR,
      refs: { run: id, workflow: 'incident-summary', release: digestOf('a release') },
      data: { note: HOSTILE },
    } as const;
    await house.server.services.audit.record([draft(note)]);
    const { status, body } = await (await house.as('auditor')).get(`/v1/audit/replay/${id}`);
    expect(status).toBe(200);
    page = replayPage(body);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await house?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  let files = 0;
  async function open(html: string) {
    const file = join(folder, `${files++}.html`);
    await writeFile(file, html);
    const context = await browser.newContext({ viewport: { width: 1100, height: 1400 } });
    const tab = await context.newPage();
    const asked: string[] = [];
    const errors: string[] = [];
    tab.on('request', (request) => asked.push(request.url()));
    tab.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await tab.goto(pathToFileURL(file).href);
    await tab
      .waitForFunction("document.getElementById('verdict').className !== 'verdict'", null, { timeout: 5000 })
      .catch(
        // Where the script may not run the page says so by itself.
        () => undefined,
      );
    const verdict = (await tab.locator('#verdict').textContent())!.trim();
    const wrong = await tab.locator('.step.wrong').count();
    const steps = await tab.locator('.step').allInnerTexts();
    const seen = { verdict, wrong, steps, asked, errors, title: await tab.title() };
    if (process.env.PORTREEVE_TEST_SHOTS)
      await tab.screenshot({ path: join(process.env.PORTREEVE_TEST_SHOTS, `replay-${files}.png`), fullPage: true });
    await context.close();
    return seen;
  }
  /** The page with one byte of the first place where `mark` stands changed. */
  const changed = (mark: string, to: string) => {
    expect(page).toContain(mark);
    return page.replace(mark, () => to);
  };

  test('a good page says that it is intact, tells the run, and asks nobody', async () => {
    const seen = await open(page);
    expect(seen.verdict).toMatch(/^✓ Intact\. All \d+ records stand in the signed log, unchanged\./);
    expect(seen.wrong).toBe(0);
    expect(seen.errors).toEqual([]);
    expect(seen.asked).toHaveLength(1);
    expect(seen.title).toBe('Portreeve: one run, from the record');
    const told = seen.steps.join('\n');
    for (const type of [
      'run.submitted',
      'run.admitted',
      'source.read',
      'prompt.assembled',
      'model.answered',
      'approval.requested',
    ])
      expect(told).toContain(type);
    expect(told).toContain('</script><script>document.title=');
    expect(page).not.toContain('ada@example.org');
    expect(page.match(/<script/g)).toHaveLength(2);
  });

  test('a byte that was changed in an entry, a payload, a proof, the checkpoint or the key is seen', async () => {
    const data = JSON.parse(/id="replay">(.*)<\/script>/.exec(page)![1]!);
    const signature = /\u2014 \S+ (\S+)/.exec(data.checkpoint)![1]!;
    const flip = (text: string, at: number) => {
      const other = text[at] === 'A' ? 'B' : 'A';
      return text.slice(0, at) + other + text.slice(at + 1);
    };
    for (const [mark, to, verdict] of [
      ['run.admitted', 'run.admittee', /1 of \d+ records are not as they were recorded/],
      ['\\"nonce\\":\\"', '\\"nonce\\":\\"x', /1 of \d+ records are not as they were recorded/],
      [data.records[2].path[0], flip(data.records[2].path[0], 4), /records are not as they were recorded/],
      [signature, flip(signature, 40), /signature of the checkpoint does not verify/],
      [data.vkey, data.vkey.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A')), /Not intact/],
    ] as const) {
      const seen = await open(changed(mark, to));
      expect(seen.verdict, mark).toMatch(/^✗ Not intact/);
      expect(seen.verdict, mark).toMatch(verdict);
    }
  });

  test('records that were exchanged, or are of another run, are seen', async () => {
    const data = JSON.parse(/id="replay">(.*)<\/script>/.exec(page)![1]!);
    const [first, second, ...others] = data.records;
    expect((await open(replayPage({ ...data, records: [second, first, ...others] }))).verdict).toMatch(/Not intact/);
    expect((await open(replayPage({ ...data, run: 'run_other' }))).verdict).toMatch(/Not intact/);
  });

  test('a script that was changed does not run, and the page says that it is not checked', async () => {
    for (const html of [
      changed("fault = 'The checkpoint is of another log.'", "fault = 'The checkpoint is of another lot.'"),
      page.replace('</body>', '<script>document.title = "owned"</script></body>'),
    ]) {
      const seen = await open(html);
      expect(seen.title).toBe('Portreeve: one run, from the record');
      expect(seen.errors.join()).toMatch(/Content Security Policy/);
    }
    expect((await open(changed('const steps = [];', 'const steps = []; '))).verdict).toMatch(/^Not checked/);
  });

  test('without Ed25519 it says that the signature was not checked, and no more', async () => {
    const without =
      "<script>crypto.subtle.importKey = async () => { throw new DOMException('NotSupportedError'); };</script>";
    const open_policy = page.replace(/<meta http-equiv[^>]*>/, '').replace('<title>', `${without}<title>`);
    expect((await open(open_policy)).verdict).toMatch(
      /^▲ The records agree with the checkpoint, but its signature was not/,
    );
  });
});
