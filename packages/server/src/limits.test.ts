import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { loadKeys } from './config/keys.ts';
import { testDatabase } from './store/testing/database.ts';
import { startDownstream } from './testing/downstream.ts';
import { PROJECT } from './testing/server.ts';
import type { UnderLimit } from './testing/submit-under-limit.ts';

const PROCESS = fileURLToPath(new URL('./testing/submit-under-limit.ts', import.meta.url));
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

test('C6: 200 parallel proposals from two processes against a limit of 50 let exactly 50 through', {
  timeout: 120_000,
}, async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), 'portreeve-limit-'));
  undo.push(() => rm(stateFolder, { recursive: true, force: true }));
  await loadKeys(stateFolder);
  const database = await testDatabase();
  undo.push(() => database.close());
  const downstream = await startDownstream();
  undo.push(() => downstream.close());

  const children = ['one', 'two'].map((name): ChildProcess => {
    const given: UnderLimit = {
      ...{ name, stateFolder, project: PROJECT, count: 100, limit: 50 },
      database: database.url,
      downstream: downstream.url,
    };
    const child = fork(PROCESS, [JSON.stringify(given)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    undo.push(async () => child.kill('SIGKILL'));
    return child;
  });
  await Promise.all(children.map((child) => once(child, 'message')));
  const ended = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  const statuses = (await Promise.all(ended)).map(([message]) => message as string[]);

  const all = statuses.flat();
  expect(all.filter((status) => status === 'succeeded')).toHaveLength(50);
  expect(all.filter((status) => status === 'refused: limit')).toHaveLength(150);
  expect(downstream.calls).toHaveLength(50);
});
