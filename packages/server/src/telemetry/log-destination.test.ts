import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logDestination } from './log-destination.ts';

let folder: string;
const read = (name = 'server.log') => readFileSync(join(folder, name), 'utf8');
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('J4: where the log of a process goes', () => {
  test('J4: it goes on in the file that is there', () => {
    logDestination('file', folder).write('one\n');
    logDestination('file', folder).write('two\n');
    expect(read()).toBe('one\ntwo\n');
  });

  test('J4: it takes no more than twice the bound, and no entry is cut', () => {
    const log = logDestination('file', folder, 100);
    for (let at = 0; at < 50; at++) log.write(`entry ${at}\n`);
    expect(`${read('server.log.1')}${read()}`).toMatch(/^(entry \d+\n)+entry 49\n$/);
    expect(read('server.log.1').length).toBeLessThanOrEqual(100);
    expect(read().length).toBeLessThanOrEqual(100);
    // What is longer than the bound is there, too.
    log.write(`${'x'.repeat(200)}\n`);
    expect(read()).toBe(`${'x'.repeat(200)}\n`);
  });

  test('J4: a full disk stops nobody', () => {
    symlinkSync('/dev/full', join(folder, 'server.log'));
    const log = logDestination('file', folder);
    for (let at = 0; at < 3; at++) log.write(`entry ${at}\n`);
  });

  test('J4: what could not be written is counted, and said once it can be', () => {
    const state = join(folder, 'state');
    writeFileSync(state, 'no folder');
    const log = logDestination('file', state);
    log.write('one\n');
    log.write('two\n');
    rmSync(state);
    mkdirSync(state);
    log.write('three\n');
    const [note, entry] = read('state/server.log').split('\n');
    expect(JSON.parse(note!)).toMatchObject({ level: 50, msg: expect.stringContaining('2') });
    expect(entry).toBe('three');
    log.write('four\n');
    expect(read('state/server.log').endsWith('three\nfour\n')).toBe(true);
  });
});
