import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from './testing/terminal.ts';

/* What `portreeve run --input` refuses before it asks anybody. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-input-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bomb = () => gzipSync(Buffer.alloc(80 * 1024 * 1024));

test.each<[string, (() => Buffer | string) | null, RegExp]>([
  ['a file that is not there', null, /cannot be read: ENOENT/],
  ['a broken gzip file', () => gzipSync('{"EventID":1}').subarray(0, 20), /does not unpack/],
  [
    'a gzip file with a changed byte',
    () => gzipSync('{"EventID":1}\n'.repeat(50)).map((byte, i) => (i === 30 ? byte ^ 0xff : byte)) as Buffer,
    /does not unpack/,
  ],
  ['a gzip bomb', bomb, /does not unpack, or holds more than 67108864 bytes/],
])('I2: %s ends with exit code 2', async (_, content, message) => {
  const file = join(folder, `input-${Math.random()}`);
  if (content) await writeFile(file, content());
  const refused = await command(['run', 'incident-summary', '--input', file, '--server', 'http://127.0.0.1:9']);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toMatch(message);
});

test('I2: a directory, and a device that never ends, end with exit code 2', async () => {
  for (const [file, message] of [
    [folder, /cannot be read: EISDIR/],
    ['/dev/zero', /holds more than 67108864 bytes/],
  ] as const) {
    const refused = await command(['run', 'incident-summary', '--input', file, '--server', 'http://127.0.0.1:9']);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(message);
  }
});

test('I2: --set takes name=value and nothing else', async () => {
  for (const pair of ['case_id', '=x', '']) {
    const refused = await command(['run', 'incident-summary', '--input', '/dev/null', '--set', pair]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('name=value');
  }
});

test('I2: a port that is none ends with exit code 2, and starts nothing', async () => {
  for (const port of ['0', '65536', '-1', '80.5', 'http', '']) {
    const refused = await command(['up', '--demo', '--yes', '--state', join(folder, 'state'), `--port=${port}`]);
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--port') });
  }
});
