import { inflateRawSync } from 'node:zlib';
import type { Collector } from './collector.ts';
import { Refused } from './limits.ts';

interface Entry {
  readonly method: number;
  readonly flags: number;
  readonly compressed: number;
  readonly header: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const ENTRY_BYTES_MAX = 32 * 1024 * 1024;

export interface Package {
  readonly names: readonly string[];
  /** Bytes before the first entry and behind the end: something else may stand there. */
  readonly strayBytes: number;
  /** The unpacked bytes of a part, or `null` where there is none. Counts against what may be unpacked. */
  read(name: string): Uint8Array | null;
}

/**
 * Opens a ZIP archive (APPNOTE 6.3.10) by its central directory alone: stored and deflated entries, no encryption, no
 * ZIP64, no archive in several files. A name that occurs twice is refused, because readers differ in which one counts;
 * entries that share bytes cannot multiply them, because all that is unpacked is counted.
 */
export function openZip(bytes: Uint8Array, collector: Collector): Package {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end < 0) throw new Refused('malformed', 'the archive has no end: it was cut');
  const count = view.getUint16(end + 10, true);
  const entries = new Map<string, Entry>();
  let at = view.getUint32(end + 16, true);
  let first = bytes.length;
  for (let index = 0; index < count; index++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL)
      throw new Refused('malformed', 'the directory of the archive is damaged');
    collector.countPart();
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (entries.has(name)) throw new Refused('malformed', 'the archive has two entries of one name');
    const header = view.getUint32(at + 42, true);
    first = Math.min(first, header);
    entries.set(name, {
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      compressed: view.getUint32(at + 20, true),
      header,
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  const behind = bytes.length - (end + 22);
  return {
    names: [...entries.keys()],
    strayBytes: (entries.size > 0 ? first : 0) + behind,
    read(name) {
      const entry = entries.get(name);
      return entry ? unpack(bytes, view, entry, collector) : null;
    },
  };
}

function unpack(bytes: Uint8Array, view: DataView, entry: Entry, collector: Collector): Uint8Array {
  if ((entry.flags & 1) !== 0) throw new Refused('encrypted', 'the document is encrypted');
  const { header } = entry;
  if (header + 30 > bytes.length || view.getUint32(header, true) !== LOCAL)
    throw new Refused('malformed', 'an entry of the archive is damaged');
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  const raw = bytes.subarray(start, start + entry.compressed);
  if (raw.length < entry.compressed) throw new Refused('malformed', 'an entry of the archive was cut');
  if (entry.method === 0) {
    collector.expand(raw.length);
    return raw;
  }
  if (entry.method !== 8) throw new Refused('malformed', 'an entry is packed in a way that is not read');
  const max = Math.min(ENTRY_BYTES_MAX, collector.expandable);
  try {
    const unpacked = inflateRawSync(raw, { maxOutputLength: Math.max(max, 1) });
    collector.expand(unpacked.length);
    return unpacked;
  } catch (error) {
    if (error instanceof Refused) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refused('expands_too_much', `an entry unpacks to more than ${max} bytes`);
    throw new Refused('malformed', 'an entry of the archive does not unpack');
  }
}

/** The last end record whose comment reaches exactly to the end of the file. */
function findEnd(view: DataView): number {
  const lowest = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= lowest; at--) if (view.getUint32(at, true) === END) return at;
  return -1;
}
