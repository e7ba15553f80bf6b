import { existsSync } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { blocks } from '../docs/blocks.ts';
import { expectShown } from '../docs/shown.ts';
import { readJournal } from '../support/case-system.ts';
import { CLI, cli, documentIn, projectLikeExample, startCli } from '../support/cli.ts';
import { cleanUp, freePort, namedIn, type Started, start, temporaryFolder, until } from '../support/processes.ts';

afterAll(cleanUp, 60_000);

const STAGES = [
  'identify',
  'admit',
  'retrieve',
  'assemble',
  'reason',
  'validate',
  'propose',
  'decide',
  'approve',
  'grant',
  'execute',
  'record',
];

/** What `npm start` runs, on a state folder and a port of the test's own. */
async function demo(state: string, ...more: string[]): Promise<string[]> {
  return ['up', '--demo', '--port', String(await freePort()), '--state', state, ...more];
}

const journalOf = (state: string) => readJournal(join(state, 'companions/case-system'));
const publishedIn = async (state: string) => (await journalOf(state)).filter((line) => line.type === 'published');
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe('npm start -- --yes', async () => {
  const state = join(await temporaryFolder(), '.portreeve');

  test('J1 G1: carries the main job the whole way and shows each stage', { timeout: 120_000 }, async () => {
    const { code, out, err } = await cli(await demo(state, '--yes'));
    expect(err).toBe('');
    expect(code).toBe(0);
    const shown = [...out.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, word]) => word as string);
    const stages = shown.filter((word) => STAGES.includes(word));
    expect([...new Set(stages)]).toEqual(STAGES);
    expect(out).toContain('SIMULATED');

    // What the approver saw is what was signed and what was sent.
    const run = /run (run_[a-z0-9_-]+)/.exec(out)?.[1];
    expect(out).toMatch(/^digest sha256:[0-9a-f]{64}$/m);
    expect(out).toContain('Exactly this will be sent:');
    expect(out).toMatch(/case_id: CASE-1042 .*from the request/);
    expect(out).toMatch(/approve by lead, signed with key /);
    expect(await publishedIn(state)).toMatchObject([{ case_id: 'CASE-1042', by: { run } }]);

    expect(out).toMatch(/the log verifies: \d+ records/);
    expect(out).toContain('published, once, as approved');
    expectShown(out, blocks.find(({ words }) => words.get('in') === 'demo')!.text);
    const receipt = await readFile(join(state, 'receipts', `${run}.tlog-proof`), 'utf8');
    // On the screen the signature that has thousands of letters is cut, and the file has it whole.
    const lines = receipt.trimEnd().split('\n');
    const onScreen = lines.map((line) => (line.length > 150 ? line.slice(0, 80) : line));
    expect(out.replaceAll(/^ {2}/gm, '')).toContain(onScreen.join('\n'));
    expect(onScreen.filter((line) => line.length === 80)).toHaveLength(1);
  });

  test('J1: leaves no process behind', async () => {
    expect(namedIn(state)).toEqual([]);
    expect(await exists(join(state, 'holder.json'))).toBe(false);
  });

  test('J1 I2: runs a second time on the same data; --json prints one document and nothing else', {
    timeout: 120_000,
  }, async () => {
    const ended = await cli(await demo(state, '--yes', '--json'));
    expect(ended).toMatchObject({ code: 0, err: '' });
    const document = documentIn(ended);
    expect(document).toMatchObject({
      ok: true,
      problem: null,
      run: { state: 'completed', workflow: 'incident-summary', result: { status: 'published', published: true } },
    });
    expect(await publishedIn(state)).toHaveLength(2);
    expect((await publishedIn(state))[1]).toMatchObject({ by: { run: document.run.id } });
    expect(namedIn(state)).toEqual([]);
  });
});

describe('a run that waits for a person', async () => {
  const state = join(await temporaryFolder(), '.portreeve');
  let run = '';
  let approval = '';

  test('J1 I2: Ctrl-C while it waits stops everything in order', { timeout: 120_000 }, async () => {
    const waiting = startCli(await demo(state));
    [, run = ''] = await waiting.printed(/run (run_[a-z0-9_-]+)/);
    [, approval = ''] = await waiting.printed(/portreeve approvals approve (appr_[a-z0-9_-]+)/);
    expect(namedIn(state).length).toBeGreaterThan(1);

    // A second one on the same data is told who holds it. It starts nothing: no companion of its own either.
    const elsewhere = await temporaryFolder();
    const trace = join(elsewhere, 'started');
    const command = ['node', '-e', `require('node:fs').writeFileSync(${JSON.stringify(trace)}, '')`];
    const project = await projectLikeExample(elsewhere, { companions: [{ system: 'case-system', command }] });
    const second = await cli(await demo(state, '--yes', '--project', project));
    expect(await exists(trace)).toBe(false);
    expect(second.code).toBe(1);
    expect(second.err).toMatch(/already_running/);
    expect(second.err).toContain(String(waiting.pid));
    expect(second.err).toMatch(/next: .*(--server http:\/\/127\.0\.0\.1:\d+|kill \d+)/);
    const asJson = await cli(await demo(state, '--yes', '--json'));
    expect(asJson.code).toBe(1);
    expect(documentIn(asJson)).toMatchObject({ error: { code: 'already_running' } });

    waiting.child.kill('SIGINT');
    const { code, signal } = await waiting.ended;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(namedIn(state)).toEqual([]);
    expect(await journalOf(state)).toEqual([]);
  });

  test('J1 F4: the next start resumes it, and another terminal approves', { timeout: 120_000 }, async () => {
    const args = await demo(state);
    const resumed = startCli(args);
    await resumed.printed(new RegExp(`The run ${run} was waiting; it goes on`));
    await resumed.printed(new RegExp(`portreeve approvals approve ${approval}`));
    expect(await journalOf(state)).toEqual([]);

    const server = `http://127.0.0.1:${args[3]}`;
    const elsewhere = await temporaryFolder();
    const approve = ['approvals', 'approve', approval, '--state', state, '--server', server, '--json'];
    const approved = await cli(approve, { cwd: elsewhere });
    expect(approved).toMatchObject({ code: 0 });
    expect(documentIn(approved)).toMatchObject({ approval: { id: approval, state: 'approved' } });
    await resumed.printed(/published, once, as approved/);
    await resumed.printed(/Portreeve stays up/);
    expect(await publishedIn(state)).toMatchObject([{ by: { run } }]);

    // Killed without a chance to clean up: what it started ends by itself.
    expect(namedIn(state).length).toBeGreaterThan(1);
    resumed.child.kill('SIGKILL');
    await resumed.ended;
    await until(
      () => `the end of ${namedIn(state).join('\n')}`,
      15_000,
      () => namedIn(state).length === 0,
    );
  });

  test('J1: after kill -9 the next start takes the folder over', { timeout: 120_000 }, async () => {
    expect(await exists(join(state, 'holder.json'))).toBe(true);
    const ended = await cli(await demo(state, '--yes', '--json'));
    expect(documentIn(ended)).toMatchObject({ ok: true, run: { state: 'completed' } });
    expect(documentIn(ended).run.id).not.toBe(run);
    expect(await publishedIn(state)).toHaveLength(2);
  });
});

describe('stopped while it starts', async () => {
  const state = join(await temporaryFolder(), '.portreeve');

  // Each moment by a file that the first start makes. The folder stays: each start finds what the one before left behind.
  test.each([
    ['postgres/password', 'while the database is made'],
    ['postgres/server.log', 'while PostgreSQL starts'],
    ['accounts.json', 'while accounts are made'],
  ])('J1: kill -9 at the appearance of %s (%s) leaves nothing running', { timeout: 120_000 }, async (file) => {
    const starting = startCli(await demo(state, '--yes'));
    await until(`${file} to appear`, 60_000, () => exists(join(state, file)));
    starting.child.kill('SIGKILL');
    await starting.ended;
    await until(
      () => `the end of ${namedIn(state).join('\n')}`,
      15_000,
      () => namedIn(state).length === 0,
    );
  });

  test('J1: Ctrl-C stops it in order, and submits nothing', { timeout: 120_000 }, async () => {
    const starting = startCli(await demo(state, '--yes'));
    await until('the case system to be started', 60_000, () => namedIn(join(state, 'companions')).length > 0);
    starting.child.kill('SIGINT');
    const { code, signal, out } = await starting.ended;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(out).not.toContain('asks for a summary');
    expect(namedIn(state)).toEqual([]);
    expect(await exists(join(state, 'holder.json'))).toBe(false);
  });

  test('J1: the next start works, and little is left of the earlier ones', { timeout: 120_000 }, async () => {
    const again = await cli(await demo(state, '--yes', '--json'));
    expect(documentIn(again)).toMatchObject({ ok: true, run: { state: 'completed' } });
    expect(await publishedIn(state)).toHaveLength(1);
    expect((await readdir(join(state, 'postgres'))).sort()).toEqual(['data', 'password', 'server.log']);
  });
});

describe('in a terminal', () => {
  // `script` (util-linux) gives the command a terminal of its own; what is typed there is what is written to it.
  const script = '/usr/bin/script';
  const possible = process.platform === 'linux' && existsSync(script);
  if (!possible) console.log(`skipped: there is no ${script} to give the command a terminal`);
  const CTRL_C = '\u0003';
  const DOWN = '\u001b[B';
  const ENTER = '\r';

  test.skipIf(!possible)(
    'J1: Ctrl-C at the question stops it; asked again, an answer decides',
    { timeout: 120_000 },
    async () => {
      const state = join(await temporaryFolder(), '.portreeve');
      const inTerminal = async (): Promise<Started> => {
        const words = [process.execPath, CLI, ...(await demo(state))].map((word) => `'${word}'`).join(' ');
        return start(script, ['-qefc', `stty cols 120 rows 60; exec ${words}`, '/dev/null'], { keepInput: true });
      };
      const question = /do you approve that exactly this is published\?[\s\S]*Approve and sign/;

      const first = await inTerminal();
      await first.printed(question);
      first.child.stdin?.write(CTRL_C);
      expect(await first.ended).toMatchObject({ code: 1 });
      expect(namedIn(state)).toEqual([]);
      expect(await publishedIn(state)).toEqual([]);

      const second = await inTerminal();
      await second.printed(/was waiting; it goes on/);
      await second.printed(question);
      second.child.stdin?.write(DOWN + ENTER);
      await second.printed(/published, once, as approved/);
      await second.printed(/Ctrl-C stops it/);
      second.child.stdin?.write(CTRL_C);
      expect(await second.ended).toMatchObject({ code: 0 });
      expect(namedIn(state)).toEqual([]);
      expect(await publishedIn(state)).toHaveLength(1);
    },
  );
});
