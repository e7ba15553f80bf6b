import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { createEgress } from '../egress/egress.ts';
import { s3Objects } from './s3.ts';
import { startS3Server } from './testing/s3-server.ts';

const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const region = 'eu-central-1';

test('objects are put and got, signed, with the headers that tiles are served with', async () => {
  const clock = fixedClock('2026-11-21T08:00:00.000Z');
  const server = await startS3Server({ clock, region, ...KEY });
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-s3-'));
  const secret_access_key_file = join(folder, 'key');
  await writeFile(secret_access_key_file, `${KEY.secretAccessKey}\n`);
  const egress = createEgress({ allow: [{ host: '127.0.0.1', port: server.port, private: true }] });
  const auth = { method: 'keys', access_key_id: KEY.accessKeyId, secret_access_key_file } as const;
  const open = (more: object = {}) =>
    s3Objects({
      ...{ name: 'second', fetch: egress.fetch, region, bucket: 'audit', prefix: 'a/b/', auth, clock },
      ...{ endpoint: server.endpoint, ...more },
    });
  const store = open();
  try {
    expect(await store.read('checkpoint')).toBeNull();
    await store.write('checkpoint', Buffer.from('caf\u00e9'));
    await store.write('tile/0/x001/067.p/3', Buffer.from([0, 255, 10]));
    expect((await store.read('checkpoint'))!.toString()).toBe('caf\u00e9');
    expect(await store.read('tile/0/x001/067.p/3')).toEqual(Buffer.from([0, 255, 10]));
    expect(server.objects.get('/audit/a/b/checkpoint')?.headers).toEqual({
      type: 'text/plain; charset=utf-8',
      cache: 'no-cache',
    });
    expect(server.objects.get('/audit/a/b/tile/0/x001/067.p/3')?.headers).toEqual({
      type: 'application/octet-stream',
      cache: 'public, max-age=31536000, immutable',
    });
    await expect(open({ region: 'eu-west-1' }).read('checkpoint')).rejects.toThrow(/^the store answered 403$/);
    await expect(open({ endpoint: 'http://127.0.0.1:1/' }).read('checkpoint')).rejects.toThrow('cannot be reached');
    await writeFile(secret_access_key_file, 'another');
    await expect(store.write('checkpoint', Buffer.from('x'))).rejects.toThrow(/^the store answered 403$/);
    expect(server.objects.get('/audit/a/b/checkpoint')!.bytes.toString()).toBe('caf\u00e9');
    server.state.broken = true;
    await expect(store.read('checkpoint')).rejects.toThrow(/^the store answered 503$/);
  } finally {
    await egress.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
});
