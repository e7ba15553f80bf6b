import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { releaseReportSchema } from '@portreeve/contract';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/portreeve.mjs', import.meta.url));
// Each command is a process that loads everything anew.
vi.setConfig({ testTimeout: 180_000 });
let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'portreeve-init-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

/** The command as a stranger runs it: a process of its own, in a folder that has nothing installed. */
const portreeve = (words: readonly string[], cwd = place) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1' };
    execFile(process.execPath, [BIN, ...words], { cwd, env }, (error, out, err) =>
      done({ code: Number(error?.code ?? 0), out, err }),
    );
  });

test('H5 I2: init gives a project whose check and tests pass at once, with nothing installed', async () => {
  const made = await portreeve(['init', 'mine', '--json']);
  expect(made).toMatchObject({ code: 0, err: '' });
  const { folder, files } = JSON.parse(made.out);
  expect(files).toContain('.gitignore');
  expect(files).toContain('workflows/triage-ticket/tests/triage-ticket.test.yaml');

  const check = await portreeve(['check', '--json'], folder);
  expect(check).toMatchObject({ code: 0, err: '' });
  const report = JSON.parse(check.out);
  expect(report.checks.flatMap(({ faults }: { faults: unknown[] }) => faults)).toEqual([]);
  // Declared is all that can be: what is left is to be done, and not to be written.
  const missing = report.readiness[0].items.filter(({ state }: { state: string }) => state === 'fail');
  expect(missing.map(({ id }: { id: string }) => id)).toEqual(['owners', 'tests', 'red-team', 'thresholds']);

  const tested = await portreeve(['test', '--json', '--report', '--junit', 'junit.xml'], folder);
  expect(tested).toMatchObject({ code: 0, err: '' });
  const { ok, reports, written } = JSON.parse(tested.out);
  expect(ok).toBe(true);
  expect(reports[0].figures).toMatchObject({ failed: 0, declared: 4, golden: 6 });
  expect(await readFile(join(folder, 'junit.xml'), 'utf8')).toContain('failures="0"');
  const kept = releaseReportSchema.parse(JSON.parse(await readFile(written[0], 'utf8')));
  expect(kept.release).toBe(report.readiness[0].release);

  // The report is in the state folder, so readiness finds it.
  const again = JSON.parse((await portreeve(['check', '--json'], folder)).out);
  expect(again.readiness[0].items.find(({ id }: { id: string }) => id === 'tests').state).toBe('pass');
  // For production the rest is missing, and that fails the check.
  const forProduction = await portreeve(['check', '--for', 'production'], folder);
  expect(forProduction.code).toBe(1);
  expect(forProduction.out).toMatch(/triage-ticket, for production: \d+ of 23 are missing/);
  expect(forProduction.out).toContain('fix workflow.ts: owners: {');
});

test('H5: init overwrites nothing, and says why it cannot', async () => {
  await writeFile(join(place, 'package.json'), '{"mine":true}');
  const taken = await portreeve(['init']);
  expect(taken).toMatchObject({ code: 1, out: '' });
  expect(taken.err).toContain('conflict:');
  expect(taken.err).toContain('package.json already');
  expect(await readdir(place)).toEqual(['package.json']);
  expect(await readFile(join(place, 'package.json'), 'utf8')).toBe('{"mine":true}');

  const noFolder = await portreeve(['init', 'package.json']);
  expect(noFolder.code).toBe(1);
  expect(noFolder.err).toContain('is no folder');
  const beneath = await portreeve(['init', 'package.json/sub']);
  expect(beneath.code).toBe(1);
  expect(beneath.err).toContain('ENOTDIR');
});

test('H5: a failing test is named, and the exit code says so; a workflow that is not there is named too', async () => {
  const { folder } = JSON.parse((await portreeve(['init', 'mine', '--json'])).out);
  const file = join(folder, 'workflows/triage-ticket/tests/triage-ticket.test.yaml');
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace('urgency: high }\n          label', 'urgency: low }\n          label'),
  );
  const failed = await portreeve(['test'], folder);
  expect(failed.code).toBe(1);
  expect(failed.out).toContain('the ticket that was asked for is sorted, and people are told');
  expect(failed.out).toContain('acts/0/args/urgency is "high" and not "low"');
  expect(failed.out).toContain('9 passed, 1 failed');
  const nowhere = await portreeve(['test', 'no-such'], folder);
  expect(nowhere).toMatchObject({ code: 1 });
  expect(nowhere.err).toContain('unknown_workflow');
});
