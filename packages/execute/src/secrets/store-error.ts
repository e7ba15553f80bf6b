/**
 * A secret store cannot answer. The reason is a sentence of ours: no value, no token and no text of an answer stands in
 * it, and there is no `cause`, because an error below may quote what was sent.
 */
export class SecretStoreError extends Error {
  override readonly name = 'SecretStoreError';
}

/** Bytes of one secret at the most. */
export const SECRET_BYTES_MAX = 64 * 1024;
