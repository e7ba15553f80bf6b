import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOTIFIED } from '@portreeve/contract';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import { senderOf } from './senders.ts';

const GUIDE = new URL('../../../../docs/guides/notifications.md', import.meta.url);

test('I7: the configuration of the guide is one, and the guide names each kind', async () => {
  const guide = await readFile(GUIDE, 'utf8');
  const [, text] = /```ts\n([\s\S]*?)```/.exec(guide)!;
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-guide-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'portreeve.config.ts'), text!);
  const { config } = await loadConfig(folder);
  const { channels } = config.notifications;
  expect(channels.map(({ kind }) => kind)).toEqual(['slack', 'teams', 'email']);
  for (const channel of channels)
    expect(senderOf(channel, { systems: config.systems } as never)).toBeTypeOf('function');
  for (const kind of NOTIFIED) expect(guide).toContain(`\`${kind}\``);
});
