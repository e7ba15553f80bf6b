import { type AuditStore, TILE_HEIGHT } from './ports.ts';
import { broken } from './stored-tree.ts';

/** Hashes of a whole tile, and entries of a whole bundle. */
const TILE_WIDTH = 2 ** TILE_HEIGHT;
const LEVEL_MAX = 63;

/** One resource of C2SP tlog-tiles: a tile of hashes at a level, or a bundle of entries. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  /** 256, or less at the right edge of a tree. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, with the index in groups of three digits. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g)!;
  const n = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${n}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tile of a path without its `tile/`; `null` for any other text: each tile has one path. */
export function parseTilePath(path: string): Tile | null {
  const match = /^(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (!match) return null;
  const level = match[1] === 'entries' ? match[1] : Number(match[1]);
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  const index = Number(match[2]!.replaceAll(/[x/]/g, ''));
  if ((level !== 'entries' && level > LEVEL_MAX) || (match[3] !== undefined && width >= TILE_WIDTH)) return null;
  const tile: Tile = { level, index, width };
  return tilePath(tile) === `tile/${path}` ? tile : null;
}

/** Whether a tree of `size` records has this tile: the whole one, or one that some earlier size ended in. */
export function hasTile(size: number, { level, index, width }: Tile): boolean {
  return index * TILE_WIDTH + width <= countAt(size, level);
}

/** The tiles that a tree of `second` records has and one of `first` has not, in an order in which they can be written. */
export function* newTiles(first: number, second: number): Generator<Tile> {
  for (const level of ['entries' as const, ...Array((LEVEL_MAX / TILE_HEIGHT) | 0).keys()]) {
    const [before, count] = [countAt(first, level), countAt(second, level)];
    if (count === 0) return;
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < count; index++) {
      const width = Math.min(TILE_WIDTH, count - index * TILE_WIDTH);
      if (index * TILE_WIDTH + width > before) yield { level, index, width };
    }
  }
}

/** The bytes of a tile that the log has. Throws `log_broken` where something that it is made of is missing. */
export async function readTile(store: AuditStore, log: string, tile: Tile): Promise<Buffer> {
  const from = tile.index * TILE_WIDTH;
  const to = from + tile.width;
  if (tile.level === 'entries') {
    const entries = await store.entries(log, from, to);
    if (entries.length !== tile.width) throw broken(from, `of the records ${from} to ${to - 1} some are missing`);
    return Buffer.concat(entries.flatMap(bundled));
  }
  const nodes = await store.nodes(null, log, [{ level: tile.level * TILE_HEIGHT, from, to }]);
  const hashes = nodes.sort((a, b) => a.index - b.index).map(({ hash }) => hash);
  if (hashes.length !== tile.width) throw broken(null, `the tile ${tilePath(tile)} is not whole`);
  return Buffer.concat(hashes);
}

/** How many hashes (or entries) there are at a tile level. */
function countAt(size: number, level: number | 'entries'): number {
  return level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
}

function bundled(entry: string): Buffer[] {
  const bytes = Buffer.from(entry, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return [length, bytes];
}
