import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { ROOT } from '../repository.ts';
import { startApart } from '../support/apart.ts';
import { type Person, signIn } from '../support/people.ts';
import { cleanUp } from '../support/processes.ts';

/*
 * The executor under Node's permission model, with the options that the deployment gives it: it starts no program, loads no
 * machine code and writes nowhere but to its state folder, and does its work all the same.
 */

const compose = parse(readFileSync(join(ROOT, 'deploy/compose/compose.yaml'), 'utf8'), { merge: true });
const OPTIONS: string = compose.services.executor.environment.NODE_OPTIONS;
/** What code inside the process would try, before anything else runs in it. */
const TRIED = [
  ['a program', `(await import('node:child_process')).spawnSync('/bin/true')`],
  ['a file', `(await import('node:fs')).writeFileSync('/var/tmp/portreeve-permission', '')`],
  ['a worker', `new (await import('node:worker_threads')).Worker('0', { eval: true })`],
  ['an addon', `process.dlopen({ exports: {} }, '/nowhere.node')`],
] as const;
const attempts = TRIED.map(
  ([what, code]) =>
    `try { ${code}; console.error('${what}: done'); } catch (error) { console.error('${what}: ' + error.code); }`,
);

let apart: Awaited<ReturnType<typeof startApart>>;
let people: Record<'analyst' | 'lead', Person>;
beforeAll(async () => {
  apart = await startApart({ executor: false });
  const as = (name: string) => signIn(apart.url, apart.rest.state, name);
  people = { analyst: await as('analyst'), lead: await as('lead') };
}, 120_000);
afterAll(async () => {
  await apart?.close();
  await cleanUp();
}, 60_000);

test('F7 J5: under the permission model an action is carried out, and nothing else can be', async () => {
  const permitted = OPTIONS.replaceAll('/var/lib/portreeve', apart.executor.state);
  expect(permitted).toMatch(/^--permission /);
  const hook = `data:text/javascript,${encodeURIComponent(attempts.join('\n'))}`;
  apart.executor.process = await apart.startExecutor({ NODE_OPTIONS: `${permitted} --import=${hook}` });
  const { run, approval } = await askForSummary(people.analyst);
  await people.lead.approve(approval);
  expect(await endOf(people.analyst, run)).toMatchObject({ result: { status: 'published' } });

  apart.executor.process.child.kill('SIGTERM');
  const { code, err } = await apart.executor.process.ended;
  expect(code).toBe(0);
  for (const [what] of TRIED)
    expect(err).toContain(`${what}: ${what === 'an addon' ? 'ERR_DLOPEN_DISABLED' : 'ERR_ACCESS_DENIED'}`);
}, 120_000);
