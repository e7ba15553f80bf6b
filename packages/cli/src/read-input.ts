import { createReadStream } from 'node:fs';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UsageError } from './failure.ts';

const MAX_BYTES = 64 * 1024 * 1024;

/** The bytes of the input, unpacked where they are gzip. */
export async function readInput(file: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readBounded(file === '-' ? process.stdin : createReadStream(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return (await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES }).catch(() => {
    throw new UsageError(`${file} does not unpack, or holds more than ${MAX_BYTES} bytes.`);
  })) as Buffer;
}

async function readBounded(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new UsageError(`The input holds more than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
