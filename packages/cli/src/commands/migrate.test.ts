import { emptyTestDatabase } from '@portreeve/server/testing';
import { expect, test } from 'vitest';
import { command, documentIn } from '../testing/terminal.ts';

test('J3: the plan changes nothing; the command brings the schema up to date, once', { timeout: 60_000 }, async () => {
  const { url, drop } = await emptyTestDatabase();
  const migrate = (...more: string[]) => command(['migrate', '--database-url', url, '--json', ...more]);
  try {
    const { migrations } = documentIn(await migrate('--plan'));
    const first = migrations[0].statements[0];
    expect(first).toMatchObject({ statement: expect.stringContaining('CREATE'), effects: expect.any(Array) });
    expect(documentIn(await migrate('--plan')).migrations).toEqual(migrations);
    const done = documentIn(await migrate());
    expect(done).toMatchObject({ roles: true, schema: migrations.at(-1).name });
    expect(done.applied).toEqual(migrations.map(({ name }: { name: string }) => name));
    expect(documentIn(await migrate('--plan')).migrations).toEqual([]);
    expect(documentIn(await migrate()).applied).toEqual([]);
    const words = await command(['migrate', '--plan', '--database-url', url]);
    expect(words).toMatchObject({ code: 0, out: 'Nothing is to be done.\n' });
  } finally {
    await drop();
  }
});

test('J3: the plan in words says who waits for what', async () => {
  const { url, drop } = await emptyTestDatabase();
  try {
    const { out } = await command(['migrate', '--plan', '--database-url', url]);
    expect(out).toMatch(/^0002_audit\.sql$/m);
    expect(out).toMatch(/^ {4}nobody waits for it$/m);
  } finally {
    await drop();
  }
});

test('J3: without an address it is a mistake of who calls it', async () => {
  expect(await command(['migrate'], {})).toMatchObject({ code: 2, err: expect.stringContaining('DATABASE_URL') });
});
