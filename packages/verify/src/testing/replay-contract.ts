import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReplayStore } from '../grant/replay.ts';

/** What every {@link ReplayStore} must do. `breakIt` makes it unable to remember. */
export function replayStoreContract(
  name: string,
  make: () => Promise<{ stores: readonly ReplayStore[]; breakIt?: () => Promise<void>; close?: () => Promise<void> }>,
): void {
  describe(`replay store: ${name}`, () => {
    let under: Awaited<ReturnType<typeof make>>;
    let serial = 0;
    const later = () => new Date(Date.now() + 60_000);
    beforeAll(async () => {
      under = await make();
    });
    afterAll(() => under?.close?.());
    const jti = () => `grt_${Date.now()}_${++serial}`;

    test('F11: a grant is used once, whoever asks', async () => {
      const [id, other] = [jti(), jti()];
      const [first, ...rest] = under.stores;
      expect(await first!.use(id, later())).toBe(true);
      for (const store of under.stores) expect(await store.use(id, later())).toBe(false);
      expect(await (rest[0] ?? first!).use(other, later())).toBe(true);
    });

    test('F11: of 500 that use one grant at once, one gets it', async () => {
      const id = jti();
      const uses = Array.from({ length: 500 }, (_, i) => under.stores[i % under.stores.length]!.use(id, later()));
      expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
    });

    test('an id with anything in it is that id and no other', async () => {
      const odd = [`${jti()}'; DROP TABLE x; --`, `${jti()}\r\nFLUSHALL\r\n`, `${jti()} \u00e9\u{1f511}`, `${jti()}*`];
      for (const id of odd) {
        expect(await under.stores[0]!.use(id, later())).toBe(true);
        expect(await under.stores.at(-1)!.use(id, later())).toBe(false);
      }
    });

    test('F11: one that cannot remember rejects', async () => {
      if (!under.breakIt) return expect(under.stores).toHaveLength(1);
      await under.breakIt();
      await expect(under.stores[0]!.use(jti(), later())).rejects.toThrow();
    });
  });
}
