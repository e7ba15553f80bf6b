import { inflateSync } from 'node:zlib';
import type { Collector } from '../collector.ts';
import { Refused } from '../limits.ts';

/**
 * Unpacks every deflated stream of a PDF once, within what may be unpacked, before the reader of PDF does: it has no bound
 * of its own. Filters that stand one upon the other are followed.
 */
export function checkStreams(bytes: Uint8Array, collector: Collector): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let ended = 0;
  for (let at = buffer.indexOf('stream'); at >= 0; at = buffer.indexOf('stream', at + 6)) {
    if (buffer.toString('latin1', Math.max(0, at - 3), at) === 'end') continue;
    collector.countStream();
    // The dictionary stands before the word; names may be written with #xx.
    const dictionary = buffer
      .toString('latin1', Math.max(0, at - 2000), at)
      .split('endobj')
      .at(-1)!
      .replaceAll(/#([0-9A-Fa-f]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const layers = dictionary.match(/\/(?:FlateDecode|Fl)\b/g)?.length ?? 0;
    const start = buffer[at + 6] === 0x0d ? at + 8 : at + 7;
    if (layers === 0) continue;
    // Searched once for all streams that claim the same end.
    if (ended < start) ended = buffer.indexOf('endstream', start);
    if (ended < 0) ended = buffer.length;
    let data: Uint8Array = buffer.subarray(start, ended);
    for (let layer = 0; layer < Math.min(layers, 4); layer++) {
      const unpacked = unpack(data, collector);
      if (unpacked === null) break;
      data = unpacked;
    }
  }
}

function unpack(data: Uint8Array, collector: Collector): Uint8Array | null {
  try {
    // A stream that was cut is read as far as it goes, as the reader of PDF does.
    const unpacked = inflateSync(data, { maxOutputLength: Math.max(collector.expandable, 1), finishFlush: 2 });
    collector.expand(unpacked.length);
    return unpacked;
  } catch (error) {
    if (error instanceof Refused) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refused(
        'expands_too_much',
        `the streams unpack to more than ${collector.limits.expanded_bytes_max} bytes`,
      );
    return null;
  }
}
