import { describe, expect, test } from 'vitest';
import { BadVerifierKey, verifyTiles } from './index.ts';
import { makeExport, notes, rootOf, type TestExport } from './testing/make-export.ts';

const many = () => notes(600).map((note) => ({ ...note, time: '2026-11-20T08:00:00.000Z' }));
const made = makeExport(many());

/** The folder that C2SP tlog-tiles describes for an export. */
function layOut({ entries, leaves, checkpoint }: TestExport): Map<string, Buffer> {
  const files = new Map([['checkpoint', Buffer.from(checkpoint)]]);
  const put = (level: string, hashes: readonly Buffer[]) => {
    for (let from = 0; from < hashes.length; from += 256) {
      const part = hashes.slice(from, from + 256);
      const name = `tile/${level}/${String(from / 256).padStart(3, '0')}${part.length < 256 ? `.p/${part.length}` : ''}`;
      files.set(name, Buffer.concat(part));
    }
  };
  put('0', leaves);
  put(
    'entries',
    entries.map((entry) => Buffer.concat([Buffer.of(entry.length >> 8, entry.length & 255), Buffer.from(entry)])),
  );
  const whole = Math.floor(leaves.length / 256);
  put(
    '1',
    Array.from({ length: whole }, (_, i) => rootOf(leaves.slice(i * 256, (i + 1) * 256))),
  );
  return files;
}

const check = (files: Map<string, Buffer>, vkey = made.vkey) =>
  verifyTiles({
    read: async (path) => files.get(path) ?? null,
    checkpoint: files.get('checkpoint')!.toString(),
    ...{ vkey: '', expectedVkeys: [vkey.trim()] },
  });
const flip = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 1;
  return changed;
};

describe('G2: a folder of tiles, checked offline', () => {
  test('nothing was changed; a partial tile may have become whole', async () => {
    const files = layOut(made);
    expect(await check(files)).toMatchObject({
      ok: true,
      complete: true,
      size: 600,
      records: 600,
      payloads_missing: 600,
    });
    for (const level of ['0', 'entries']) {
      const partial = `tile/${level}/002.p/88`;
      files.set(`tile/${level}/002`, Buffer.concat([files.get(partial)!, Buffer.alloc(64)]));
      files.delete(partial);
    }
    expect(await check(files)).toMatchObject({ ok: true, records: 600 });
    await expect(check(files, 'nonsense')).rejects.toThrow(BadVerifierKey);
  });

  const tampered: [string, (files: Map<string, Buffer>) => void, object][] = [
    [
      'a changed entry',
      (f) => f.set('tile/entries/001', flip(f.get('tile/entries/001')!, 40)),
      { kind: 'changed_entry', first_bad_index: 256 },
    ],
    [
      'a changed hash',
      (f) => f.set('tile/0/001', flip(f.get('tile/0/001')!, 32 * 3)),
      { kind: 'changed_leaf', first_bad_index: 259 },
    ],
    [
      'a changed tile above',
      (f) => f.set('tile/1/000.p/2', flip(f.get('tile/1/000.p/2')!, 40)),
      { kind: 'changed_tile' },
    ],
    ['a missing tile above', (f) => f.delete('tile/1/000.p/2'), { kind: 'changed_tile' }],
    ['a missing bundle', (f) => f.delete('tile/entries/001'), { kind: 'missing', first_bad_index: 256 }],
    ['a missing end', (f) => f.delete('tile/entries/002.p/88'), { kind: 'truncated', first_bad_index: 512 }],
    [
      'an end cut in the middle of an entry',
      (f) => f.set('tile/entries/002.p/88', f.get('tile/entries/002.p/88')!.subarray(0, 5000)),
      { ok: false },
    ],
    ['a missing tile of hashes', (f) => f.delete('tile/0/001'), { kind: 'malformed', first_bad_index: 256 }],
    [
      'a changed checkpoint',
      (f) => f.set('checkpoint', Buffer.from(made.checkpoint.replace('\n600\n', '\n599\n'))),
      { kind: 'bad_signature' },
    ],
    [
      'another log of the same key',
      (f) => f.set('checkpoint', Buffer.from(makeExport(many(), made.key).checkpoint)),
      { kind: 'forked' },
    ],
    [
      'two bundles exchanged',
      (f) => {
        const [a, b] = [f.get('tile/entries/000')!, f.get('tile/entries/001')!];
        f.set('tile/entries/000', b).set('tile/entries/001', a);
      },
      { ok: false, first_bad_index: 0 },
    ],
  ];
  test.each(tampered)('%s is named', async (_, tamper, expected) => {
    const files = layOut(made);
    tamper(files);
    expect(await check(files)).toMatchObject({ ok: false, ...expected });
  });
});
