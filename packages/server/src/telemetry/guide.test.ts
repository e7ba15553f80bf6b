import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import { METRICS } from '../http/figures/counters.ts';
import { prometheusName } from '../http/figures/metrics.ts';

test('H6: the guide to figures names each metric, and its configuration is one', async () => {
  const guide = await readFile(new URL('../../../../docs/guides/figures.md', import.meta.url), 'utf8');
  for (const name of Object.keys(METRICS) as (keyof typeof METRICS)[])
    expect(guide).toContain(`\`${prometheusName(name)}\``);
  const [, text] = /```ts\n([\s\S]*?)```/.exec(guide)!;
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-guide-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'portreeve.config.ts'), text!);
  const { config } = await loadConfig(folder);
  expect(config.telemetry).toEqual({
    metrics: { system: 'collector', path: '/v1/metrics', token: 'collector-token', every_s: 60 },
  });
});
