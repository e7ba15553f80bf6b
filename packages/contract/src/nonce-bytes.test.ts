import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytePool, nonceBytes } from './nonce-bytes.ts';

/** Writes 1, 2, 3, …, and keeps what it was asked to fill. */
function counting() {
  let next = 0;
  const filled: Uint8Array[] = [];
  return {
    filled,
    fill(bytes: Uint8Array) {
      filled.push(bytes);
      for (let i = 0; i < bytes.length; i++) bytes[i] = 1 + (next++ % 255);
    },
  };
}

test('no byte is handed out twice, whatever is asked for across the edge of the pool', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 60 }), fc.integer({ min: 1, max: 33 }), (counts, size) => {
      let fillings = 0;
      const take = bytePool((bytes) => {
        if (bytes.length === size) fillings++;
        // A byte says its place, and how often the pool was filled says the rest.
        for (let i = 0; i < bytes.length; i++) bytes[i] = i + 1;
      }, size);
      const places: string[] = [];
      for (const count of counts) {
        const bytes = take(count);
        expect(bytes).toHaveLength(count);
        expect(bytes).not.toContain(0);
        if (count <= size) places.push(...Array.from(bytes, (byte) => `${fillings}:${byte}`));
      }
      expect(new Set(places).size).toBe(places.length);
    }),
    { verbose: 1 },
  );
});

test('what does not fit into the rest of the pool comes from a new filling, in order', () => {
  const generator = counting();
  const take = bytePool(generator.fill, 8);
  expect([...take(5)]).toEqual([1, 2, 3, 4, 5]);
  expect([...take(3)]).toEqual([6, 7, 8]);
  expect([...take(6)]).toEqual([9, 10, 11, 12, 13, 14]);
  expect([...take(0)]).toEqual([]);
  expect([...take(3)]).toEqual([17, 18, 19]);
  expect([...take(8)]).toEqual([25, 26, 27, 28, 29, 30, 31, 32]);
  expect(generator.filled).toHaveLength(4);
});

test('what was handed out is zero in the pool, and belongs to the caller alone', () => {
  const generator = counting();
  const take = bytePool(generator.fill, 8);
  const first = take(3);
  const [pool] = generator.filled;
  expect([...pool!]).toEqual([0, 0, 0, 4, 5, 6, 7, 8]);
  expect(first.buffer).not.toBe(pool!.buffer);
  expect(first.buffer.byteLength).toBe(3);
  first.fill(255);
  expect([...take(5)]).toEqual([4, 5, 6, 7, 8]);
  expect([...pool!]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

test('more than the pool holds goes straight to the generator and leaves the pool as it is', () => {
  const generator = counting();
  const take = bytePool(generator.fill, 4);
  expect([...take(1)]).toEqual([1]);
  const large = take(5);
  expect([...large]).toEqual([5, 6, 7, 8, 9]);
  expect(generator.filled[1]).toBe(large);
  expect([...take(3)]).toEqual([2, 3, 4]);
});

test('a generator that breaks off is asked again, and nothing of before is handed out', () => {
  let broken = false;
  let from = 0;
  const take = bytePool((bytes) => {
    bytes.fill(++from);
    if (broken) throw new Error('no entropy');
  }, 4);
  take(3);
  broken = true;
  expect(() => take(2)).toThrow('no entropy');
  expect(() => take(1)).toThrow('no entropy');
  broken = false;
  expect([...take(1)]).toEqual([4]);
});

test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4' as never])('%s is no count of bytes', (count) => {
  const take = bytePool(counting().fill, 4);
  expect(() => take(count)).toThrow(RangeError);
  expect([...take(2)]).toEqual([1, 2]);
});

test('the bytes of this process are random', () => {
  const seen = new Set<string>();
  const counts = new Map<number, number>();
  for (let i = 0; i < 4000; i++) {
    const bytes = nonceBytes(16);
    seen.add(bytes.join());
    for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  }
  expect(seen.size).toBe(4000);
  // 64,000 bytes: each value 250 times, give or take; eight standard deviations are 126.
  for (let byte = 0; byte < 256; byte++) expect(Math.abs((counts.get(byte) ?? 0) - 250)).toBeLessThan(126);
  expect(nonceBytes(5000).some((byte) => byte !== 0)).toBe(true);
});
