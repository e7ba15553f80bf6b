import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { sinceOf } from './commands/replay.ts';
import { UsageError } from './failure.ts';
import { command, documentIn } from './testing/terminal.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/incident-summary/', import.meta.url));
const inExample = ['--project', EXAMPLE];

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-cli-policy-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe('C8: what works without a server', () => {
  test('check says what it looked at, and fails with each fault and its fix', async () => {
    const { code, out, err } = await command(['check', ...inExample]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/✓ project .*\n✓ systems .*\n✓ policies .*\n✓ tiers .*\n✓ decisions .*\n✓ matrix /);
    const json = documentIn(await command(['check', ...inExample, '--json']));
    expect(json).toMatchObject({ ok: true, checks: expect.any(Array) });
    const none = await command(['check', '--project', '/nonexistent']);
    expect(none.code).toBe(1);
    expect(none.out).toMatch(
      /✗ project\n {4}error: There is no portreeve\.config\.ts.*\n {6}fix: .*\n- systems +not looked at/,
    );
    expect((await command(['check', '--project', '/nonexistent', '--json'])).code).toBe(1);
  });

  test('lint, test and matrix', async () => {
    expect(await command(['policy', 'lint', ...inExample])).toMatchObject({ code: 0, out: '✓ nothing to find\n' });
    expect(documentIn(await command(['policy', 'lint', ...inExample, '--json']))).toEqual({ ok: true, faults: [] });
    const tested = await command(['policy', 'test', ...inExample]);
    expect(tested.code).toBe(0);
    expect(tested.out).toMatch(/decisions\.yaml\n {2}✓ a requester may start a run\n[\s\S]*\n14 of 14 hold\n$/);
    expect(documentIn(await command(['policy', 'test', ...inExample, '--json']))).toMatchObject({
      ok: true,
      total: 14,
    });
    const kept = await readFile(join(EXAMPLE, 'policy-matrix.txt'), 'utf8');
    expect(await command(['policy', 'matrix', ...inExample])).toMatchObject({ code: 0, out: kept });
    expect(documentIn(await command(['policy', 'matrix', ...inExample, '--json']))).toEqual({
      file: 'policy-matrix.txt',
      current: true,
      text: kept,
    });
  });

  test('C2: a request in a file is explained: layers, rules with their lines, what would change it', async () => {
    const request = {
      kind: 'admit',
      principal: { id: 'prn_a', kind: 'person', name: 'a\u202e', roles: ['auditor'], groups: [], act: [] },
      workflow: { name: 'incident-summary', tier: 'high', tools: [], sources: [], approvers: [] },
      environment: { name: 'production', freezes: [], incident: false, maintenance: [], outages: [] },
    };
    const folder = await folderWith({ 'asked.json': JSON.stringify(request) });
    const { code, out } = await command(['policy', 'explain', join(folder, 'asked.json'), ...inExample]);
    expect(code).toBe(0);
    expect(out).toMatch(/^refuse by the policy in force\n/);
    expect(out).toMatch(/identity {5}default-deny/);
    expect(out).toMatch(/environment {2}permit\n {4}environment\.open {2}\S+environment\.cedar:\d+\n {6}permit/);
    expect(out).toContain('  permit   if principal in Role were ["requester"]');
    const missing = await command(['policy', 'explain', join(folder, 'none.json'), ...inExample]);
    expect(missing).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^bad_request: .*\nnext: /) });
  });
});

test('C7: the time from which decisions are judged anew', () => {
  const now = new Date('2026-11-20T12:00:00Z');
  expect(sinceOf('30d', now)).toBe('2026-10-21T12:00:00.000Z');
  expect(sinceOf('12h', now)).toBe('2026-11-20T00:00:00.000Z');
  expect(sinceOf('90m', now)).toBe('2026-11-20T10:30:00.000Z');
  expect(sinceOf('999999d', now)).toBe('1970-01-01T00:00:00.000Z');
  expect(sinceOf('2026-11-01', now)).toBe('2026-11-01T00:00:00.000Z');
  expect(sinceOf('2026-11-01T06:00:00+01:00', now)).toBe('2026-11-01T05:00:00.000Z');
  for (const text of ['', 'yesterday', '30', '2026', '30y', '-1d', '1d2h'])
    expect(() => sinceOf(text, now)).toThrow(UsageError);
});
