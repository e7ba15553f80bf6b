import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from './start.ts';
import { type TestServer, testServer } from './testing/server.ts';
import { caseNoteProject } from './testing/temporary-project.ts';

let house: TestServer;
beforeAll(async () => {
  house = await testServer({ project: await caseNoteProject({ credential: 'one' }) });
}, 60_000);
afterAll(() => house?.close());

const recorded = async (server = house.server) =>
  (await server.services.audit.search({ type: 'config.changed', order: 'oldest' })).records.map(
    ({ payload }) => payload!.data as { by: string; changes: { part: string; change: string }[] },
  );

test('G1: what is in force is on record at the first start, and again only where it differs', {
  timeout: 60_000,
}, async () => {
  const [first, ...more] = await recorded();
  expect(more).toEqual([]);
  expect(first!.by).not.toBe('');
  const parts = first!.changes.map(({ part }) => part);
  expect(parts).toEqual(
    expect.arrayContaining(['tool.publish_note', 'source.case-events', 'policy', 'database.schema', 'environment']),
  );
  expect(first!.changes.every(({ change }) => change === 'added')).toBe(true);
  await house.restart();
  expect(await recorded()).toHaveLength(1);

  // Another configuration, and another contract of a tool; then the first again, which is a change as well.
  const project = await caseNoteProject({ credential: 'two', config: { audit: { checkpoint_every_s: 7 } } });
  await house.server.stop('for another configuration');
  for (const options of [{ ...house.startOptions, project }, house.startOptions]) {
    const server = await startServer(options);
    const last = (await recorded(server)).at(-1)!;
    expect(last.changes.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['audit.checkpoint_every_s', 'tool.publish_note']),
    );
    expect(last.changes.map(({ part }) => part)).not.toContain('policy');
    await server.stop('done');
  }
});
