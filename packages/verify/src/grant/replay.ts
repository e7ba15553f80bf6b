/** Remembers which grants were used. It must outlive the process, or a restart lets a grant be used again. */
export interface ReplayStore {
  /**
   * Marks a grant as used. True for the first call with this id, false for every other until `expiresAt`, also when
   * they come at once. Rejects if it cannot remember; the grant then counts as unusable.
   */
  use(jti: string, expiresAt: Date): Promise<boolean>;
}

/**
 * A replay store in memory, for one process whose restart takes longer than a grant lives, and for tests. It forgets
 * grants whose time is over, and refuses (rejects) when it holds `max` others.
 */
export function memoryReplayStore(options: { readonly now?: () => Date; readonly max?: number } = {}): ReplayStore {
  const { now = () => new Date(), max = 100_000 } = options;
  const expiryById = new Map<string, number>();
  return {
    async use(jti, expiresAt) {
      if (expiryById.has(jti)) return false;
      if (expiryById.size >= max) forget();
      if (expiryById.size >= max) throw new Error(`the replay store is full: ${max} grants are still valid`);
      expiryById.set(jti, expiresAt.getTime());
      return true;
    },
  };

  function forget(): void {
    const time = now().getTime();
    for (const [jti, expiry] of expiryById) if (expiry <= time) expiryById.delete(jti);
  }
}
