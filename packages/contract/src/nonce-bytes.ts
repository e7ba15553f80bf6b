/** Bytes that the pool holds: a call of the system for each 256 ids in place of one for each. */
const POOL_BYTES = 4096;

/**
 * Random bytes of this process's cryptographic generator for ids and nonces: each byte is handed out once, and the array
 * is the caller's own. Not for keys and secrets: bytes that nobody has asked for yet lie in memory. Throws a `RangeError`
 * for what is no count.
 */
export const nonceBytes: (count: number) => Uint8Array<ArrayBuffer> = bytePool((bytes) =>
  globalThis.crypto.getRandomValues(bytes),
);

/** Hands out what `fill` writes, from a store of `size` bytes. More than that is asked of `fill` directly. */
export function bytePool(
  fill: (bytes: Uint8Array<ArrayBuffer>) => unknown,
  size: number = POOL_BYTES,
): (count: number) => Uint8Array<ArrayBuffer> {
  const pool = new Uint8Array(size);
  let at = size;
  return (count) => {
    // What is no count would come out as an array of another length, and leave the place in the pool at NaN.
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${count} is no count of bytes`);
    if (count > size) {
      const bytes = new Uint8Array(count);
      fill(bytes);
      return bytes;
    }
    if (count > size - at) {
      // The place is set before and after: a generator that breaks off leaves nothing that could be handed out.
      at = size;
      fill(pool);
      at = 0;
    }
    const end = at + count;
    const bytes = pool.slice(at, end);
    // INVARIANT: a byte leaves the pool once; what was handed out cannot be read there by who sees the memory later.
    pool.fill(0, at, end);
    at = end;
    return bytes;
  };
}
