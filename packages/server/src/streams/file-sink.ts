import { open } from 'node:fs/promises';
import type { Sink } from '@portreeve/audit';

const NEWLINE = 0x0a;

/**
 * Appends lines to a file and syncs it before it answers. A line that a crash cut off is taken away first; whole lines
 * that were written before the crash may come once more.
 */
export function fileSink(path: string): Sink {
  return {
    async send({ lines }) {
      const file = await open(path, 'a+', 0o600);
      try {
        const { size } = await file.stat();
        const end = await lastLineEnd(file, size);
        if (end < size) await file.truncate(end);
        await file.appendFile(lines.map(({ text }) => `${text}\n`).join(''));
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  };
}

/** Where the last whole line ends. */
async function lastLineEnd(file: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - from, from);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}
