import { readdirSync, readFileSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { testDatabase } from '@portreeve/server/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { blocks } from '../docs/blocks.ts';
import { expectShown } from '../docs/shown.ts';
import { stepsOf } from '../docs/transcript.ts';
import { ROOT } from '../repository.ts';
import { CLI } from '../support/cli.ts';
import { recordsOf, signIn } from '../support/people.ts';
import {
  cleanUp,
  type Ended,
  freePort,
  namedIn,
  type Started,
  start,
  temporaryFolder,
  until,
} from '../support/processes.ts';

/*
 * Each example as its README has it, typed as by somebody who has just cloned the repository: all in one folder, one after the
 * other, so that the second finds what the first has left. The words are the page's; only the port is our own.
 */

/** That each project has a page that says how it is tried is for example-readmes.test.ts. */
const pageOf = (name: string) => blocks.filter(({ file }) => file === `examples/${name}/README.md`);
const projects = readdirSync(join(ROOT, 'examples')).filter((name) =>
  pageOf(name).some(({ words }) => words.get('in') === 'try'),
);
const NPM = 'npm run portreeve --';

/** What the page calls an id, or a token, that a command has shown. */
const NAMES: Readonly<Record<string, RegExp>> = {
  RUN: /\brun_[0-9a-z]{26}\b/g,
  APPROVAL: /\bappr_[0-9a-z]{26}\b/g,
  EXECUTION: /\bexec_[0-9a-z]{26}\b/g,
  ACCOUNT: /\bprn_[0-9a-z]{26}\b/g,
  TOKEN: /\bprt_[\w-]+/g,
};

let folder: string;
let database: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await symlink(join(ROOT, 'examples'), join(folder, 'examples'));
  database = await testDatabase();
});
afterAll(async () => {
  await cleanUp();
  await database.close();
}, 60_000);
/** Of the example that is being tried; the next one takes its place, also where this one fails. */
let server: Started | undefined;
afterEach(async () => {
  server?.child.kill('SIGTERM');
  await server?.ended;
}, 60_000);

/** A line in a shell, with `npm run portreeve` as package.json has it. */
const typed = (line: string): Started =>
  start('sh', ['-c', line.replace(NPM, `'${process.execPath}' '${CLI}'`)], {
    cwd: folder,
    env: { DATABASE_URL: database.url },
  });

/** A run goes on while somebody reads: who looks too early looks again. */
const looked = (line: string): Promise<Ended> =>
  until(`${line} to tell the end`, 30_000, async () => {
    const ended = await typed(line).ended;
    return ended.out.includes('the run is ') ? ended : null;
  });

test('J6: what a README calls `npm run portreeve` is the command', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(join(ROOT, scripts.portreeve.replace(/^node /, ''))).toBe(CLI);
});

test.each(projects)('J6 G2 G9 H8: examples/%s does what its README says', { timeout: 120_000 }, async (name) => {
  const page = pageOf(name);
  const [up, ...steps] = page.filter(({ words }) => words.get('in') === 'try').flatMap(stepsOf);
  expect(up?.command).toBe(`${NPM} up --project examples/${name}`);
  const port = await freePort();
  server = typed(`exec ${up!.command} --no-console --port ${port}`);
  await server.printed(/^ {2}state /m);

  const ids = new Map<string, string>();
  for (const { command, shown } of steps) {
    const line = command.replace(/\b[A-Z]+(?= |$)/g, (word) => (word in NAMES ? ids.get(word)! : word));
    const { code, out, err } = await (line.includes('audit replay') ? looked(line) : typed(line).ended);
    // What waits for a person exits with 3.
    expect([0, 3], `${line}\n${out}${err}`).toContain(code);
    expectShown(`${out}${err}`, shown);
    for (const [word, pattern] of Object.entries(NAMES)) {
      const last = out.match(pattern)?.at(-1);
      if (last) ids.set(word, last);
    }
  }
  expect(steps.at(-1)!.command).toBe(`${NPM} audit verify`);

  const line = page.flatMap(({ text }) => text.split('\n')).find((each) => each.startsWith(`${NPM} evidence`))!;
  const evidence = await typed(line).ended;
  expect(evidence.code, evidence.err).toBe(0);
  const report = await readFile(join(folder, /--out (\S+)/.exec(line)![1]!), 'utf8');
  const auditor = await signIn(`http://127.0.0.1:${port}`, join(folder, '.portreeve'), 'auditor');
  const named = (await recordsOf(auditor, ids.get('RUN')!)).filter(({ entry }) => report.includes(entry.id));
  expect(named.map(({ entry }) => entry.type)).toContain('approval.verdict');

  server.child.kill('SIGTERM');
  const { code, out } = await server.ended;
  expect(code).toBe(0);
  expectShown(out, up!.shown);
  expect(namedIn(folder)).toEqual([]);
});
