import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkProject } from '@portreeve/server';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

const projects = readdirSync(join(ROOT, 'examples')).filter((name) =>
  existsSync(join(ROOT, 'examples', name, 'portreeve.config.ts')),
);

test.each(projects)('C8: portreeve check finds nothing in examples/%s, its reviewed matrix included', async (name) => {
  const { checks } = await checkProject(join(ROOT, 'examples', name));
  // If you are here because this failed: run `npm run portreeve -- check --project examples/NAME`; it names each fault
  // with its fix. A stale policy-matrix.txt is written anew by `policy matrix --write`; review the difference.
  expect(checks.flatMap(({ name, faults }) => faults.map((fault) => ({ check: name, ...fault })))).toEqual([]);
  expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'ok'));
});
