import { UsageError } from './failure.ts';

const BYTES_MAX = 64 * 1024;

/**
 * A secret from the terminal, where it is not shown, or the whole of standard input without the line end at its end. It is
 * never taken from an argument: other users of the machine see those.
 */
export async function readSecret(message: string, input: NodeJS.ReadStream = process.stdin): Promise<string> {
  if (input.isTTY) {
    const { isCancel, password } = await import('@clack/prompts');
    const answer = await password({ message, mask: '', input });
    if (isCancel(answer)) throw new UsageError('Cancelled.');
    return required(answer);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    const part = Buffer.from(chunk as Buffer);
    bytes += part.length;
    if (bytes > BYTES_MAX) throw new UsageError(`A secret has at most ${BYTES_MAX} bytes.`);
    chunks.push(part);
  }
  try {
    return required(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, ''));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError('A secret is text in UTF-8.');
  }
}

function required(value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError('There is nothing to store: type it, or pipe it in.');
  return value;
}
