import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeExport, noteKey, notes } from './log/testing/make-export.ts';

const COMMAND = fileURLToPath(new URL('./main.ts', import.meta.url));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('portreeve-verify', () => {
  const made = makeExport(notes(3));
  let folder: string;
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-verify-'));
    await write('entries.jsonl', made.lines.map((line) => `${line}\n`).join(''));
    await write('checkpoint', made.checkpoint);
    await write('log.vkey', made.vkey);
    await write('expected.vkey', `\n${noteKey().vkey}\n${made.vkey}`);
    await write('other.vkey', noteKey().vkey);
    await write('bad.vkey', 'nonsense');
    await write('empty.vkey', '\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('0: nothing was changed, and whose key says so', () => {
    const plain = run(folder);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toMatch(/3 checked, all that the checkpoint covers/);
    expect(plain.stdout).toMatch(/found in the export itself/);
    expect(plain.stdout).toMatch(/\nOK: nothing was changed\.\n$/);
    const expected = run(folder, '--vkey', join(folder, 'expected.vkey'), '--json');
    expect(expected).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(expected.stdout)).toMatchObject({ ok: true, key_expected: true, size: 3 });
  });

  test('1: something was changed; what the export says cannot steer the terminal', async () => {
    const other = run(folder, '--vkey', join(folder, 'other.vkey'));
    expect(other.status).toBe(1);
    expect(other.stdout).toMatch(/NOT OK: .*\(wrong_key\)/);
    const lines = made.lines.map((line) => line.replace('portreeve', '\\u001b[2J'));
    await write('entries.jsonl', lines.join('\n'));
    const changed = run(folder);
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(/NOT OK from index 0: .*\(changed_entry\)/);
    expect(changed.stdout).not.toContain('\u001b');
    await rm(join(folder, 'entries.jsonl'));
    expect(run(folder, '--vkey', join(folder, 'other.vkey')).status).toBe(1);
  });

  test('2: the command or the folder is not usable', () => {
    for (const args of [[], [folder, folder], [folder, '--nonsense'], [join(folder, 'absent')]])
      expect(run(...args)).toMatchObject({ status: 2, stdout: '' });
    expect(run(folder).stderr).toMatch(/Cannot read .*entries\.jsonl \(ENOENT\)/);
    for (const key of ['bad.vkey', 'empty.vkey', 'absent.vkey'])
      expect(run(folder, '--vkey', join(folder, key))).toMatchObject({ status: 2, stdout: '' });
    expect(run('--help')).toMatchObject({ status: 0, stderr: '' });
  });
});
