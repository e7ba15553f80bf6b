import type { Part } from './collector.ts';
import type { OffsetUnit } from './document.ts';

export interface DecodedText {
  readonly text: string;
  readonly unit: Extract<OffsetUnit, 'utf-8' | 'utf-16' | 'windows-1252'>;
  /** Byte at which the character of this index begins. */
  readonly offset: (index: number) => number;
}

const STEP = 1024;

/**
 * Decodes bytes so that every character has an exact byte offset: a byte order mark decides, else UTF-8 where it is valid,
 * else windows-1252, in which every byte is one character. What a document says of its own encoding does not count: a
 * reader and a model must see the same text.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const [first, second, third] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    const label = first === 0xff ? 'utf-16le' : 'utf-16be';
    const text = new TextDecoder(label, { ignoreBOM: true }).decode(bytes).slice(1);
    return { text, unit: 'utf-16', offset: (index) => Math.min(2 + index * 2, bytes.length) };
  }
  const mark = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(mark));
    return { text, unit: 'utf-8', offset: utf8Offsets(text, mark, bytes.length) };
  } catch {
    const text = new TextDecoder('windows-1252').decode(bytes);
    return { text, unit: 'windows-1252', offset: (index) => index };
  }
}

export function partOf(decoded: DecodedText, name: string): Part {
  return { name, unit: decoded.unit, offset: decoded.offset };
}

/** Remembers every 1024th offset, and counts from there. */
function utf8Offsets(text: string, mark: number, length: number): (index: number) => number {
  if (text.length + mark === length) return (index) => mark + index;
  const marks = new Uint32Array(Math.ceil(text.length / STEP) + 1);
  let offset = mark;
  for (let index = 0; index < text.length; index++) {
    if (index % STEP === 0) marks[index / STEP] = offset;
    offset += utf8Length(text.charCodeAt(index));
  }
  marks[Math.ceil(text.length / STEP)] = offset;
  return (index) => {
    const bounded = Math.min(index, text.length);
    const step = Math.floor(bounded / STEP);
    let at = marks[step]!;
    for (let each = step * STEP; each < bounded; each++) at += utf8Length(text.charCodeAt(each));
    return at;
  };
}

/** Bytes of one UTF-16 unit; both halves of a pair count in the first one. */
function utf8Length(unit: number): number {
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  if (unit >= 0xdc00 && unit <= 0xdfff) return 0;
  return unit >= 0xd800 && unit <= 0xdbff ? 4 : 3;
}
