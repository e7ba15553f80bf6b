import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { ROOT } from '../repository.ts';
import { startApart } from '../support/apart.ts';
import { signIn } from '../support/people.ts';
import { cleanUp, temporaryFolder } from '../support/processes.ts';

/** What no line of an executor's list of modules may match, and a server's does. */
const FORBIDDEN =
  /\/packages\/(model|policy|gate|approve|run|context)\/|@anthropic-ai|issue-grant|audit\/src\/note\.ts|@dbos-inc/;

let apart: Awaited<ReturnType<typeof startApart>>;
let notes: string;
beforeAll(async () => {
  notes = await temporaryFolder();
  apart = await startApart({ executor: false });
}, 120_000);
afterAll(async () => {
  await apart?.close();
  await cleanUp();
}, 60_000);

const loaded = async (name: string) => (await readFile(join(notes, name), 'utf8')).split('\n');
const noting = (name: string) => ({
  NODE_OPTIONS: `--import ${join(ROOT, 'test/roles/note-loaded.mjs')}`,
  NOTE_LOADED: join(notes, name),
});

test('F7 INV4: the process that calls a tool has loaded no model, no policy and nothing that signs', {
  timeout: 60_000,
}, async () => {
  apart.executor.process = await apart.startExecutor(noting('executor'));
  const analyst = await signIn(apart.url, apart.rest.state, 'analyst');
  const lead = await signIn(apart.url, apart.rest.state, 'lead');
  const { run, approval } = await askForSummary(analyst);
  await lead.approve(approval);
  expect(await endOf(analyst, run)).toMatchObject({ result: { status: 'published' } });

  const modules = await loaded('executor');
  expect(modules.filter((url) => FORBIDDEN.test(url))).toEqual([]);
  // A canary: the list is whole, and the same look finds them in the process that has them.
  for (const needed of ['/execute/src/execute.ts', '/execute/src/connectors/http/http-connector.ts', '/workflow.ts'])
    expect(
      modules.some((url) => url.endsWith(needed)),
      needed,
    ).toBe(true);
});

test('F7: a canary: the same look finds all of it in the rest of Portreeve', { timeout: 60_000 }, async () => {
  const rest = apart.rest.process;
  rest.child.kill('SIGTERM');
  await rest.ended;
  apart.rest.process = await apart.startRest(noting('rest'));
  const modules = await loaded('rest');
  for (const name of [
    '/packages/model/',
    '/packages/policy/',
    '/packages/run/',
    '@anthropic-ai',
    'issue-grant',
    'audit/src/note.ts',
    '@dbos-inc',
  ])
    expect(
      modules.some((url) => url.includes(name)),
      name,
    ).toBe(true);
});
