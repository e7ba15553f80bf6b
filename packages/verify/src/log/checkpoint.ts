import { fromBase64 } from './bytes.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The body of a C2SP tlog-checkpoint; `null` for any other text. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin, size, root, ...rest] = text.split('\n');
  if (!origin || !size || !/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !root || rest.at(-1) !== '') return null;
  if (rest.slice(0, -1).some((line) => line === '')) return null;
  const bytes = fromBase64(root);
  return bytes?.length === 32 && Number.isSafeInteger(Number(size))
    ? { origin, size: Number(size), root: bytes }
    : null;
}
