import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isPortreeveError, type PortreeveError } from '@portreeve/contract';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { readHolder, takeStateFolder } from './state-folder.ts';

const made: string[] = [];
const newFolder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'portreeve-holder-'));
  made.push(path);
  return path;
};
let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))));

const lock = (of: string): string => join(of, 'holder.json');
const refusal = async (): Promise<PortreeveError> => {
  const error = await takeStateFolder(folder).catch((thrown: unknown) => thrown);
  if (!isPortreeveError(error, 'already_running')) throw new Error('the folder was not refused', { cause: error });
  return error;
};

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

describe('one process holds a state folder', () => {
  test('a second one is told who holds it, where that answers, and what to do', async () => {
    const held = await takeStateFolder(folder);
    expect((await refusal()).detail).toContain(`Process ${process.pid} holds ${folder}`);
    expect((await refusal()).next).toContain(`kill ${process.pid}`);
    await held.announce('http://127.0.0.1:7410');
    const error = await refusal();
    expect(error.detail).toContain('answers on http://127.0.0.1:7410');
    expect(error.next).toContain('--server http://127.0.0.1:7410');
    expect(await readHolder(folder)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:7410' });
  });

  test('once released it can be taken again', async () => {
    await (await takeStateFolder(folder)).release();
    expect(await readHolder(folder)).toBeNull();
    await (await takeStateFolder(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('the folder and the file are for their owner alone', async () => {
    const path = join(folder, 'fresh');
    await takeStateFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(lock(path))).mode & 0o777).toBe(0o600);
  });
});

describe('what a killed process left behind is taken over', () => {
  test.each<[string, () => Promise<string>]>([
    ['a holder that is dead', async () => JSON.stringify({ pid: await deadPid(), started: '1', url: 'http://x' })],
    ['a pid that another process has now', async () => JSON.stringify({ pid: process.pid, started: '1', url: null })],
    ['a file that was never written', async () => ''],
    ['a file that is broken', async () => '{"pid":'],
    ['a holder that is none', async () => '{"pid":-1,"started":"","url":null}'],
    ['a file of something else', async () => '[]'],
  ])('%s', async (_name, text) => {
    await writeFile(lock(folder), await text());
    const held = await takeStateFolder(folder);
    expect(JSON.parse(await readFile(lock(folder), 'utf8'))).toMatchObject({ pid: process.pid, url: null });
    await held.release();
    expect(await readdir(folder)).toEqual([]);
  });
});

test.skipIf(process.platform !== 'linux')('a killed holder whose parent has not noticed yet is dead', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const fieldsOf = async () => (await readFile(`/proc/${line}/stat`, 'utf8')).split(') ')[1]!.split(' ');
    await expect.poll(async () => (await fieldsOf())[0]).toBe('Z');
    const started = (await fieldsOf())[19]!;
    await writeFile(lock(folder), JSON.stringify({ pid: Number(line), started, url: null }));
    await (await takeStateFolder(folder)).release();
  } finally {
    parent.kill('SIGKILL');
  }
});

test('a process that died in the middle of taking it keeps nobody out for long', async () => {
  await mkdir(`${lock(folder)}.taking`);
  await (await takeStateFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

describe('processes that start at the same moment', () => {
  const PROCESSES = 4;
  const ROUNDS = 12;
  /** Takes the folder of each line that it reads, and says how that went. */
  const taker = `
    import { createInterface } from 'node:readline';
    const { takeStateFolder } = await import(${JSON.stringify(new URL('./state-folder.ts', import.meta.url).href)});
    console.log('ready');
    for await (const folder of createInterface({ input: process.stdin }))
      await takeStateFolder(folder).then(() => console.log('held'), (error) => console.log(error.code));
  `;

  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  test('exactly one gets it, also where a dead one held it', async () => {
    const takers = await Promise.all(
      Array.from({ length: PROCESSES }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', taker], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        children.push(child);
        const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
        const next = async (): Promise<string> => String((await lines.next()).value);
        expect(await next()).toBe('ready');
        return { next, take: (path: string) => child.stdin!.write(`${path}\n`) };
      }),
    );
    const dead = JSON.stringify({ pid: await deadPid(), started: '1', url: null });
    for (let round = 0; round < ROUNDS; round++) {
      const path = await newFolder();
      if (round % 3 === 1) await writeFile(lock(path), dead);
      if (round % 3 === 2) await writeFile(lock(path), '');
      for (const each of takers) each.take(path);
      const results = await Promise.all(takers.map((each) => each.next()));
      expect(results.sort()).toEqual([...Array(PROCESSES - 1).fill('already_running'), 'held']);
    }
  });
});
