import { type KeyWrapper, KeyWrapperError } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';

interface Keeper {
  /** A keeper as another process opens it. */
  open(): KeyWrapper;
  /** From now on it cannot be asked. */
  break(): Promise<void>;
  /** Lets so many milliseconds pass. */
  advance(ms: number): void;
  /** Whether an earlier root key stops opening once it is retired. */
  readonly retires: boolean;
  close(): Promise<void>;
}

/** What every keeper of root keys does. */
export function keyWrapperContract(name: string, make: () => Promise<Keeper>): void {
  const key = Buffer.alloc(32, 7);
  const each = (title: string, body: (keeper: Keeper) => Promise<void>) =>
    test(title, async () => {
      const keeper = await make();
      try {
        await body(keeper);
      } finally {
        await keeper.close();
      }
    });

  describe(`G6: root keys kept by ${name}`, () => {
    each('what one process wraps another opens, under a name that fits the record and holds no key', async (keeper) => {
      const wrapped = await keeper.open().wrap(key, 'place');
      expect(wrapped.root).toBe(await keeper.open().root());
      expect(wrapped.root.length).toBeLessThanOrEqual(300);
      expect(wrapped.wrapped).not.toContain(key.toString('base64').slice(0, 20));
      expect(Buffer.from(await keeper.open().unwrap(wrapped, 'place'))).toEqual(key);
    });

    each('what was wrapped for one place opens at no other, and nothing that was changed opens', async (keeper) => {
      const open = keeper.open();
      const { root, wrapped } = await open.wrap(key, 'place');
      await expect(open.unwrap({ root, wrapped }, 'elsewhere')).rejects.toThrow(KeyWrapperError);
      const at = wrapped.length - 8;
      const changed = wrapped.slice(0, at) + (wrapped[at] === 'A' ? 'B' : 'A') + wrapped.slice(at + 1);
      await expect(open.unwrap({ root, wrapped: changed }, 'place')).rejects.toThrow(KeyWrapperError);
      // Also where it was wrapped anew in between: that does not make it fit.
      const again = await open.rewrap({ root, wrapped }, 'place');
      await expect(open.unwrap(again, 'elsewhere')).rejects.toThrow(KeyWrapperError);
    });

    each(
      'rotates: other processes wrap with the new root key, what the old one wrapped opens and is wrapped anew',
      async (keeper) => {
        const [one, other] = [keeper.open(), keeper.open()];
        const before = await other.wrap(key, 'place');
        const root = await one.rotate();
        expect(root).not.toBe(before.root);
        expect(await other.root()).toBe(root);
        expect((await other.wrap(key, 'place')).root).toBe(root);
        expect(Buffer.from(await other.unwrap(before, 'place'))).toEqual(key);
        const after = await other.rewrap(before, 'place');
        expect(after.root).toBe(root);
        expect(Buffer.from(await one.unwrap(after, 'place'))).toEqual(key);
      },
    );

    each('an earlier root key is retired a minute after the newest was made, and not before', async (keeper) => {
      const open = keeper.open();
      const before = await open.wrap(key, 'place');
      await open.rotate();
      const after = await open.rewrap(before, 'place');
      await open.retire();
      expect(Buffer.from(await keeper.open().unwrap(before, 'place'))).toEqual(key);
      keeper.advance(120_000);
      await open.retire();
      if (keeper.retires) await expect(keeper.open().unwrap(before, 'place')).rejects.toThrow(KeyWrapperError);
      expect(Buffer.from(await keeper.open().unwrap(after, 'place'))).toEqual(key);
    });

    each('a keeper that cannot be asked is an error without a word of its answer', async (keeper) => {
      const open = keeper.open();
      const wrapped = await open.wrap(key, 'place');
      await keeper.break();
      const fresh = keeper.open();
      for (const ask of [() => open.wrap(key, 'place'), () => fresh.unwrap(wrapped, 'place'), () => fresh.root()])
        await expect(ask()).rejects.toSatisfy(
          (error) => error instanceof KeyWrapperError && !/sealed|account|server side/.test(error.message),
        );
    });
  });
}
