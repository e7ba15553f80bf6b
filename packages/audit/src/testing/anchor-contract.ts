import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnchorStore } from '../ports.ts';

export interface AnchorStoreUnderTest {
  readonly store: AnchorStore;
  /** What lies there, seen from outside, by its path; `null`: nothing. */
  look(path: string): Promise<Buffer | null>;
  /** From now on it does not answer. */
  break(): Promise<void>;
  close?(): Promise<void>;
}

/** What every anchor does. */
export function anchorStoreContract(name: string, make: () => Promise<AnchorStoreUnderTest>): void {
  describe(`anchor store: ${name}`, () => {
    let under: AnchorStoreUnderTest;
    beforeAll(async () => {
      under = await make();
    });
    afterAll(() => under.close?.());

    test('G2: what is written is read, to the byte, by its path, from inside and outside', async () => {
      const bytes = Buffer.from(Array.from({ length: 8192 }, (_, i) => i % 256));
      const paths = [
        'tile/0/000',
        'tile/0/x001/234',
        'tile/0/x001/x234/067.p/7',
        'tile/entries/000.p/255',
        'checkpoint',
      ];
      for (const path of paths) {
        expect(await under.store.read(path)).toBeNull();
        await under.store.write(path, Buffer.concat([bytes, Buffer.from(path)]));
      }
      for (const path of paths) {
        expect(await under.store.read(path)).toEqual(Buffer.concat([bytes, Buffer.from(path)]));
        expect(await under.look(path)).toEqual(Buffer.concat([bytes, Buffer.from(path)]));
      }
    });

    test('a checkpoint is replaced whole, also by a shorter one', async () => {
      await under.store.write('checkpoint', Buffer.alloc(5000, 1));
      await under.store.write('checkpoint', Buffer.from('short'));
      expect(await under.store.read('checkpoint')).toEqual(Buffer.from('short'));
    });

    test('writes at once do not disturb each other', async () => {
      const writes = Array.from({ length: 20 }, (_, i) =>
        under.store.write(`tile/1/${String(i).padStart(3, '0')}`, Buffer.of(i)),
      );
      await Promise.all(writes);
      for (let i = 0; i < 20; i++)
        expect(await under.store.read(`tile/1/${String(i).padStart(3, '0')}`)).toEqual(Buffer.of(i));
    });

    test('one that does not answer is an error, and not an empty one', async () => {
      await under.break();
      await expect(under.store.read('checkpoint')).rejects.toThrow(Error);
      await expect(under.store.write('checkpoint', Buffer.from('x'))).rejects.toThrow(Error);
    });
  });
}
