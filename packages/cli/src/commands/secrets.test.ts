import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { plainKeystore } from '@portreeve/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { command, documentIn } from '../testing/terminal.ts';

let folder: string;
let state: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-cli-secrets-'));
  state = join(folder, 'state');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const secrets = (...words: string[]) => command(['secrets', ...words, '--state', state]);

/** Runs a command with this text on its standard input, which is no terminal. */
async function piped(text: string | Buffer, ...words: string[]) {
  const input = Readable.from([Buffer.from(text)]);
  const spy = vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as never);
  try {
    return await secrets(...words);
  } finally {
    spy.mockRestore();
  }
}

const notes = async () => {
  const place = join(state, 'secrets', 'changes');
  const files = await readdir(place).catch(() => []);
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(place, file), 'utf8'))));
};

describe('portreeve secrets', () => {
  test('I2 E9: stores what is piped in, lists names alone, and removes; each change is noted for the record', async () => {
    const set = await piped('canary-value\n', 'set', 'case-token', '--json');
    expect(set).toMatchObject({ code: 0, err: '' });
    expect(documentIn(set)).toEqual({ set: 'case-token' });
    const keystore = plainKeystore(state, 'development');
    expect((await keystore.fetch('case-token'))?.value).toBe('canary-value');
    await piped('other', 'set', 'other-token');
    expect(await secrets('list')).toMatchObject({ code: 0, out: 'case-token\nother-token\n' });
    expect(documentIn(await secrets('rm', 'other-token', '--json'))).toEqual({ removed: 'other-token' });
    expect(documentIn(await secrets('rotate', '--json'))).toEqual({ rotated: 1 });
    expect(documentIn(await secrets('list', '--json'))).toEqual({ secrets: ['case-token'] });
    expect((await keystore.fetch('case-token'))?.value).toBe('canary-value');
    const noted = await notes();
    expect(noted.map(({ change, secret }) => `${change} ${secret}`).sort()).toEqual([
      'removed other-token',
      'rotated null',
      'set case-token',
      'set other-token',
    ]);
    expect(JSON.stringify(noted)).not.toContain('canary');
  });

  test('a value is kept with its own line ends, but for the last', async () => {
    await piped('-----BEGIN-----\r\na\n\n', 'set', 'pem');
    expect((await plainKeystore(state, 'development').fetch('pem'))?.value).toBe('-----BEGIN-----\r\na\n');
  });

  test.each([
    ['nothing', '', 'nothing to store'],
    ['a line end alone', '\n', 'nothing to store'],
    ['too much', 'x'.repeat(65 * 1024), 'at most 65536 bytes'],
    ['no text', Buffer.from([0xff, 0xfe]), 'UTF-8'],
  ])('%s is no secret: exit code 2, and nothing is noted', async (_, text, why) => {
    expect(await piped(text, 'set', 'case-token')).toMatchObject({ code: 2, err: expect.stringContaining(why) });
    expect(await notes()).toEqual([]);
  });

  test('a value is no argument, and a name leads nowhere', async () => {
    expect(await piped('x', 'set', 'case-token', 'the-value')).toMatchObject({ code: 2 });
    for (const name of ['../x', 'A', 'a/b', '']) expect((await piped('x', 'set', name)).code, name).toBe(2);
    expect(await secrets('rm', 'case-token')).toMatchObject({ code: 1, err: expect.stringContaining('not_found') });
  });

  test('for a project that does not load nothing is stored', async () => {
    await writeFile(
      join(folder, 'portreeve.config.ts'),
      "export default { environment: 'staging', workflows: ['workflows/none'] };\n",
    );
    // Without its workflows it is no project: nothing is stored for it.
    expect((await piped('x', 'set', 'case-token', '--project', folder)).code).toBe(1);
    expect(await notes()).toEqual([]);
  });
});
