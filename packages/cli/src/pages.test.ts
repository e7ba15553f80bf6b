import { afterEach, describe, expect, test, vi } from 'vitest';
import { Client } from './client.ts';
import { command, documentIn } from './testing/terminal.ts';

/** A server that has three pages of everything: what it is asked for, and the rows that it gives. */
function pagesOf(name: string, row: (n: number) => object) {
  const asked: URLSearchParams[] = [];
  vi.spyOn(Client.prototype, 'call').mockImplementation(async (_method: string, path: string) => {
    if (path === '/v1/session') return { principal: { id: 'prn_1', name: 'a' } };
    const query = new URL(path, 'http://a').searchParams;
    asked.push(query);
    const n = Number(query.get('after') ?? 0) + 1;
    return { active: 'folder', note: null, [name]: [row(n)], next: n === 3 ? null : String(n) };
  });
  return asked;
}

const at = (n: number) => ({ opened_at: `2026-11-0${n}T00:00:00Z`, posted_at: `2026-11-0${n}T00:00:00Z` });
const LISTS: readonly (readonly [words: string, name: string, row: (n: number) => object])[] = [
  [
    'approvals list',
    'approvals',
    (n) => ({ id: `row ${n}`, state: 'pending', demands: [], verdicts: [], expires_at: '' }),
  ],
  ['approvals notices', 'notices', (n) => ({ ...at(n), workflow: 'one', run: null, text: `row ${n}` })],
  [
    'queue list',
    'handoffs',
    (n) => ({ ...{ id: `row ${n}`, kind: '', workflow: '', state: '' }, ...{ age_minutes: 1, level: 0, why: '' } }),
  ],
  ['release show', 'releases', (n) => ({ workflow: `row ${n}`, version: '1', state: '', origin: '', release: '' })],
  ['changes list --all', 'changes', change],
];

function change(n: number) {
  return {
    ...at(n),
    change: `row ${n}`,
    state: '',
    kind: '',
    subject: '',
    risk: '',
    pieces: 1,
    looser: 0,
    workflows: [],
  };
}

describe('I2 I3: what is a list', () => {
  afterEach(() => vi.restoreAllMocks());
  const env = { PORTREEVE_TOKEN: 'a' };

  test.each(LISTS)('%s says that there is more, and goes on behind it to the end', async (words, name, row) => {
    const asked = pagesOf(name, row);
    const first = await command([...words.split(' '), '--server', 'http://a'], env);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('row 1');
    expect(first.out).toContain('more: --after 1\n');
    const second = await command([...words.split(' '), '--after', '1', '--server', 'http://a', '--json'], env);
    expect(documentIn(second)).toMatchObject({ [name]: [row(2)], next: '2' });
    const last = await command([...words.split(' '), '--after', '2', '--server', 'http://a'], env);
    expect(last.out).toContain('row 3');
    expect(last.out).not.toContain('more:');
    expect(asked.map((query) => query.get('after'))).toEqual([null, '1', '2']);
  });

  test('changes that wait for somebody are listed whole, newest first, whatever was decided since', async () => {
    const asked = pagesOf('changes', change);
    const all = documentIn(await command(['changes', 'list', '--server', 'http://a', '--json'], env));
    expect(all.next).toBeNull();
    expect(all.changes.map(({ change }: { change: string }) => change)).toEqual([
      'row 3',
      'row 3',
      'row 2',
      'row 2',
      'row 1',
      'row 1',
    ]);
    expect(asked.map((query) => `${query.get('state')} ${query.get('after')}`)).toEqual(
      ['open', 'rejected'].flatMap((state) => [null, '1', '2'].map((after) => `${state} ${after}`)),
    );
    const wrong = await command(['changes', 'list', '--after', '1', '--server', 'http://a'], env);
    expect(wrong).toMatchObject({ code: 2, out: '' });
  });
});
