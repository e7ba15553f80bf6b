/**
 * Wraps subject keys by a root key that never leaves its keeper: a file of this installation, Vault transit, AWS KMS.
 * `binding` is authenticated with the key, so that a wrapped key put in another's place does not open.
 */
export interface KeyWrapper {
  /** The root key that wraps now. At most 300 characters, no secret. */
  root(): Promise<string>;
  wrap(key: Uint8Array, binding: string): Promise<{ readonly root: string; readonly wrapped: string }>;
  /** Throws {@link KeyWrapperError} where the root key does not open it, or its keeper cannot be asked. */
  unwrap(key: { readonly root: string; readonly wrapped: string }, binding: string): Promise<Uint8Array>;
  /** Wraps anew by the root key that wraps now: without showing it to this process, where the keeper can. */
  rewrap(
    key: { readonly root: string; readonly wrapped: string },
    binding: string,
  ): Promise<{ readonly root: string; readonly wrapped: string }>;
  /**
   * Makes another root key and wraps with it from now on; what earlier ones wrapped still opens. Gives the new one.
   * Throws `conflict` where the keeper's owner must do it, or it is begun and not done: what is wrapped is wrapped anew then.
   */
  rotate(): Promise<string>;
  /** Takes the earlier root keys out of use, where the keeper can: called when nothing is wrapped by them any more. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

/** A root key that does not open what it should, or a keeper that cannot be asked. Its message quotes no key. */
export class KeyWrapperError extends Error {
  override readonly name = 'KeyWrapperError';
}
