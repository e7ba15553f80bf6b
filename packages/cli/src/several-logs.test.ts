import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServer, testServer, WORKFLOW } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, documentIn } from './testing/terminal.ts';

const CASES = 'portreeve.test/cases';

describe('G2: several logs at the terminal', () => {
  let house: TestServer;
  let folder: string;
  let run: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-cli-logs-'));
    house = await testServer({ config: { audit: { logs: { cases: { origin: CASES, workflows: [WORKFLOW] } } } } });
    const submitted = await house.submit({ case_id: 'CASE-1', publish: false });
    run = submitted.id;
    await house.ended(submitted.id);
  }, 60_000);
  afterAll(async () => {
    await house?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const audit = (...words: string[]) => command(['audit', ...words, '--as', 'auditor', '--state', house.stateFolder]);

  test('G2: every log is verified, or the one that is named; what was right is kept for each', async () => {
    const resume = join(folder, 'resume.json');
    const all = await audit('verify', '--json', '--resume', resume);
    expect(all.code).toBe(0);
    expect(documentIn(all)).toMatchObject({
      ok: true,
      logs: [
        { name: 'main', ok: true },
        { name: 'cases', ok: true },
      ],
    });
    const kept = JSON.parse(await readFile(resume, 'utf8'));
    expect(Object.keys(kept)).toEqual(['portreeve.test/audit', CASES]);
    const one = await audit('verify', '--log', 'cases', '--resume', resume);
    expect(one).toMatchObject({ code: 0, out: expect.stringContaining(`of ${CASES} verify`) });
    await writeFile(resume, '{"x": 1}');
    expect(await audit('verify', '--resume', resume)).toMatchObject({ code: 2, out: '' });
    expect(await audit('verify', '--log', 'sales')).toMatchObject({ code: 2, out: '' });
    // A checkpoint that was kept is compared with the log that it names.
    const note = (await house.server.services.audit.named('cases').log.checkpoint()).note;
    await writeFile(join(folder, 'kept'), note);
    expect((await audit('verify', '--anchors', join(folder, 'kept'))).code).toBe(0);
    await writeFile(join(folder, 'kept'), note.replace(CASES, 'portreeve.test/sales'));
    expect((await audit('verify', '--anchors', join(folder, 'kept'))).code).toBe(1);
  });

  test('G2 G8: an export has every log, a selection those that have some of it; both are checked together', async () => {
    const whole = join(folder, 'whole');
    expect((await audit('export', '--out', whole)).code).toBe(0);
    expect((await readdir(whole)).sort()).toEqual(['README.txt', 'checkpoint', 'entries.jsonl', 'log.vkey', 'logs']);
    const vkeys = join(folder, 'vkeys');
    await writeFile(vkeys, house.server.services.audit.all.map(({ log }) => `${log.vkey}\n`).join(''));
    const checked = await audit('verify', whole, '--vkey', vkeys, '--approvals', '--json');
    expect(checked.code).toBe(0);
    expect(documentIn(checked)).toMatchObject({
      ok: true,
      complete: true,
      logs: { cases: { ok: true, origin: CASES } },
    });

    const ofRun = join(folder, 'run');
    expect((await audit('export', '--run', run, '--out', ofRun)).code).toBe(0);
    expect(await readdir(ofRun)).toEqual(['logs']);
    const selected = await audit('verify', ofRun, '--json');
    expect(selected.code).toBe(0);
    expect(documentIn(selected)).toMatchObject({ ok: true, complete: false, origin: CASES });
    const alone = join(folder, 'alone');
    expect((await audit('export', '--log', 'cases', '--out', alone)).code).toBe(0);
    expect(documentIn(await audit('verify', alone, '--json'))).toMatchObject({
      ok: true,
      complete: true,
      origin: CASES,
    });
  });

  test('G4: a search names places, and each is shown and proved by its own', async () => {
    const found = documentIn(await audit('search', '--run', run, '--oldest', '--limit', '2', '--json'));
    const [first, second] = found.records.map(({ place }: { place: string }) => place);
    expect([first, second, found.next].every((place) => /^cases:\d+$/.test(place))).toBe(true);
    const next = documentIn(await audit('search', '--run', run, '--oldest', '--after', found.next, '--json'));
    expect(next.records[0].place).not.toBe(second);
    expect(documentIn(await audit('show', first, '--json'))).toMatchObject({ place: first, entry: { log: CASES } });
    expect((await audit('receipt', first)).out).toContain(CASES);
    expect((await audit('search', '--log', 'cases')).out).toMatch(/^cases:\d+ /m);
    expect(documentIn(await audit('replay', run, '--json'))).toMatchObject({ ok: true, log: 'cases' });
  });
});
