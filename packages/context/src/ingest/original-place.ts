import { locate } from '../text-map.ts';
import type { Block, OffsetUnit } from './document.ts';

/** Where `block.text[from, to)` stands in the original, in the block's unit: exact where the text stands there verbatim. */
export function originalPlace(block: Pick<Block, 'map' | 'text' | 'unit'>, from: number, to: number): [number, number] {
  return locate(block.map, block.text, widthIn(block.unit), from, to);
}

function widthIn(unit: OffsetUnit): (slice: string) => number {
  if (unit === 'utf-8') return (slice) => Buffer.byteLength(slice);
  return unit === 'utf-16' ? (slice) => slice.length * 2 : (slice) => slice.length;
}
