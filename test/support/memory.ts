import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK = 16 * 1024 * 1024;

/**
 * Whether a text stands anywhere in the writable memory of a process; null where the system does not let one look. A process
 * may have it in two encodings: strings beyond Latin-1 are kept in UTF-16.
 */
export function memoryHolds(pid: number, text: string): boolean | null {
  let maps: string;
  let memory: number;
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    memory = openSync(`/proc/${pid}/mem`, 'r');
  } catch {
    return null;
  }
  const needles = [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')];
  const buffer = Buffer.alloc(CHUNK);
  try {
    for (const line of maps.split('\n')) {
      const [, from = '', to = '', rights = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
      if (!rights.startsWith('rw') || /\[v(var|dso|syscall)/.test(line)) continue;
      const end = BigInt(`0x${to}`);
      // Chunks overlap, so that a text on their border is found.
      for (let at = BigInt(`0x${from}`); at < end; at += BigInt(CHUNK - needles[1]!.length)) {
        const size = Number(end - at < BigInt(CHUNK) ? end - at : BigInt(CHUNK));
        let read = 0;
        try {
          read = readSync(memory, buffer, 0, size, at);
        } catch {
          // A page that is reserved and was never used.
        }
        if (needles.some((needle) => buffer.subarray(0, read).includes(needle))) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
  }
}
