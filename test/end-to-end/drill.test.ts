import { afterAll, expect, test } from 'vitest';
import { cli, documentIn } from '../support/cli.ts';
import { cleanUp, namedIn } from '../support/processes.ts';

afterAll(cleanUp);

test('E4 E6 J2: the drill: two processes lose their vendor, and nothing of the work', {
  timeout: 180_000,
}, async () => {
  const ended = await cli(['drill', 'vendor-outage', '--tasks', '12', '--seconds', '4', '--json']);
  expect(ended.err).toBe('');
  const report = documentIn(ended);
  expect(report.checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
  expect(ended.code).toBe(0);
  expect(report).toMatchObject({ drill: 'vendor-outage', ok: true });
  expect(new Set(report.pids).size).toBe(2);
  expect(report.outage_ms).toBeGreaterThanOrEqual(4000);

  const after = Object.fromEntries(report.workflows.map((each: { name: string }) => [each.name, each]));
  expect(after['answer-faq'].after).toMatchObject({ completed: 14, degraded: 0 });
  expect(after['sort-ticket'].after).toMatchObject({ completed: 14, degraded: 12 });
  expect(after['review-claim'].during).toMatchObject({ waiting: 12 });
  expect(after['review-claim'].after).toMatchObject({ completed: 14, waiting: 0 });
  expect(after['check-payment'].after).toMatchObject({ handed_off: 12, queue: 12 });
  // Twelve waited, and they did not come at once.
  const [first, second] = report.attempts.per_second_after;
  expect(first + second).toBeLessThan(12);
  // Whatever the drill started is gone.
  for (const pid of report.pids)
    expect(namedIn('drill/server.ts').filter((line) => line.startsWith(`${pid} `))).toEqual([]);
});
