import { describe, expect, test } from 'vitest';
import { Frontier, leafHash } from './merkle.ts';
import { noteDraft, testAuditLog } from './testing/fixtures.ts';
import { hasTile, newTiles, parseTilePath, type Tile, tilePath } from './tiles.ts';

const paths = (first: number, second: number) => [...newTiles(first, second)].map(tilePath);

describe('C2SP tlog-tiles', () => {
  test('G2: the paths of the specification, and no other path for a tile', () => {
    const at = (index: number, width = 256): string => tilePath({ level: 0, index, width });
    expect(at(1234067)).toBe('tile/0/x001/x234/067');
    expect([at(0), at(999), at(1000), at(5, 112)]).toEqual([
      'tile/0/000',
      'tile/0/999',
      'tile/0/x001/000',
      'tile/0/005.p/112',
    ]);
    for (const level of [0, 1, 63, 'entries'] as const)
      for (const index of [0, 7, 999, 1000, 1234067, 999_999_999_999])
        for (const width of [1, 255, 256]) {
          const tile: Tile = { level, index, width };
          expect(parseTilePath(tilePath(tile).slice('tile/'.length))).toEqual(tile);
        }
    for (const bad of [
      ...[
        '',
        '0',
        '0/',
        '0/1',
        '0/0000',
        '00/000',
        '64/000',
        '-1/000',
        '0/000.p/0',
        '0/000.p/256',
        '0/000.p/01',
        '0/000.p',
      ],
      ...[
        '0/x000/000',
        '0/001/x002',
        '0/x001',
        '0/x001/x234/067/',
        '/0/000',
        '0/000\n',
        'x/000',
        '0/../000',
        '0/000.p/1/2',
      ],
    ])
      expect([bad, parseTilePath(bad)]).toEqual([bad, null]);
  });

  test('G2: a tree of 70,000 has the tiles that the specification counts', () => {
    const all = [...newTiles(0, 70_000)];
    const of = (level: Tile['level']) => all.filter((tile) => tile.level === level);
    expect(of(0).map(({ width }) => width)).toEqual([...Array(273).fill(256), 112]);
    expect(of('entries').map(({ width }) => width)).toEqual([...Array(273).fill(256), 112]);
    expect(of(1).map(({ width }) => width)).toEqual([256, 17]);
    expect(of(2).map(({ width }) => width)).toEqual([1]);
    expect(paths(0, 256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']);
    expect(paths(0, 0)).toEqual([]);
    expect(paths(70_000, 70_000)).toEqual([]);
    expect(paths(70_000, 70_001)).toEqual(['tile/entries/273.p/113', 'tile/0/273.p/113']);
    expect(paths(511, 513)).toEqual(
      ['entries/001', 'entries/002.p/1', '0/001', '0/002.p/1', '1/000.p/2'].map((path) => `tile/${path}`),
    );
  });

  test('what is new since any size, together with what was there, is what a tree has', () => {
    for (const second of [1, 255, 256, 257, 600, 65_536, 66_000])
      for (const first of [0, 1, 200, 256, 511, 65_535].filter((size) => size <= second)) {
        const fresh = paths(first, second);
        const needed = paths(0, second).filter((path) => !paths(0, first).includes(path));
        expect(fresh).toEqual(needed);
        for (const tile of newTiles(0, second)) expect(hasTile(second, tile)).toBe(true);
        for (const tile of newTiles(0, second))
          if (fresh.includes(tilePath(tile))) expect(hasTile(first, tile)).toBe(false);
      }
  });

  test('G2: a log serves the tiles of its newest checkpoint; they make its root, and bundles hold its entries', async () => {
    const { log, uow, store } = testAuditLog();
    await uow.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: 300 }, (_, i) => noteDraft(`é ${i}`)),
      ),
    );
    expect(await log.tile('0/000')).toBeNull();
    const { root, origin } = await log.checkpoint();
    await uow.transaction((tx) => log.append(tx, [noteDraft('not signed yet')]));
    await log.settle();
    const whole = (await log.tile('0/000'))!;
    const partial = (await log.tile('0/001.p/44'))!;
    expect([whole.length, partial.length]).toEqual([8192, 44 * 32]);
    const tree = new Frontier();
    const hashes = Buffer.concat([whole, partial]);
    for (let i = 0; i < 300; i++) tree.push(hashes.subarray(i * 32, i * 32 + 32));
    expect(Buffer.compare(tree.root(), root)).toBe(0);
    const [top] = await store.nodes(null, origin, [{ level: 8, from: 0, to: 1 }]);
    expect(await log.tile('1/000.p/1')).toEqual(Buffer.from(top!.hash));

    const bundle = (await log.tile('entries/001.p/44'))!;
    const entries: Buffer[] = [];
    for (let at = 0; at < bundle.length; ) {
      const length = bundle.readUInt16BE(at);
      entries.push(bundle.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    expect(entries).toHaveLength(44);
    expect(entries.every((entry, i) => leafHash(entry).equals(partial.subarray(i * 32, i * 32 + 32)))).toBe(true);
    for (const absent of [
      '0/001.p/45',
      '0/001',
      '0/002.p/1',
      '1/000.p/2',
      '1/000',
      '2/000.p/1',
      'entries/001.p/45',
      '../checkpoint',
    ])
      expect([absent, await log.tile(absent)]).toEqual([absent, null]);
    await log.close();
  });
});
