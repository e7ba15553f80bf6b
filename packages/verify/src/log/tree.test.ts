import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64, fromBase64Url, toBase64 } from './bytes.ts';
import { sha256 } from './sha256.ts';
import { pathOf, rootOf } from './testing/make-export.ts';
import { leafHash, RootBuilder, verifyConsistency, verifyInclusion } from './tree.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('SHA-256', () => {
  test('FIPS 180-4 examples', () => {
    const text = (value: string) => new TextEncoder().encode(value);
    expect(hex(sha256(text('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(sha256(text('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hex(sha256(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
    expect(hex(sha256(text('a'.repeat(1_000_000))))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  test('agrees with OpenSSL, at every length around a block', () => {
    for (let length = 0; length <= 300; length++) {
      const bytes = Buffer.alloc(length, length);
      expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
        expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'));
      }),
    );
  });
});

describe('base 64', () => {
  test('each value has one text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(fromBase64Url(Buffer.from(bytes).toString('base64url'))).toEqual(bytes);
      }),
    );
    for (const bad of ['A', 'AA', 'AB==', 'AAA', 'AA=A', 'A-==', 'AA==\n', ' AA=', '===='])
      expect(fromBase64(bad), bad).toBeNull();
    for (const bad of ['A', 'AB', 'AA==', 'A+A']) expect(fromBase64Url(bad), bad).toBeNull();
  });
});

/** Consistency proofs by RFC 6962 section 2.1.2. */
function consistencyOf(m: number, leaves: readonly Uint8Array[], whole = true): Buffer[] {
  if (m === leaves.length) return whole ? [] : [rootOf(leaves)];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m <= k
    ? [...consistencyOf(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))]
    : [...consistencyOf(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))];
}

describe('G2: RFC 6962 and RFC 9162', () => {
  const entries = Array.from({ length: 64 }, (_, i) => `entry ${i}`);
  const leaves = entries.map((entry) => Buffer.from(leafHash(entry)));
  const roots = Array.from({ length: 65 }, (_, n) => rootOf(leaves.slice(0, n)));

  test('the certificate-transparency reference vector', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const builder = new RootBuilder();
    for (const input of inputs) builder.add(leafHash(Buffer.from(input, 'hex')));
    expect(hex(builder.root())).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
  });

  test('roots, and every inclusion proof up to size 64; no other claim passes', () => {
    const builder = new RootBuilder();
    expect(hex(builder.root())).toBe(hex(roots[0]!));
    for (let size = 1; size <= 64; size++) {
      builder.add(leaves[size - 1]!);
      const root = roots[size]!;
      expect(hex(builder.root())).toBe(hex(root));
      for (let index = 0; index < size; index++) {
        const proof = pathOf(index, leaves.slice(0, size));
        const claim = { entry: entries[index]!, index, size, root, proof };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, entry: 'another' })).toBe(false);
        expect(verifyInclusion({ ...claim, root: roots[size - 1]! })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, root] })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(size === 1);
        expect(verifyInclusion({ ...claim, index: size })).toBe(false);
        if (size > 1) expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(false);
      }
    }
    const claim = { entry: entries[0]!, index: 0, size: 1, root: roots[1]!, proof: [] };
    for (const index of [-1, 0.5, Number.NaN]) expect(verifyInclusion({ ...claim, index })).toBe(false);
  });

  test('every consistency proof up to size 64; no other claim passes', () => {
    for (let n = 1; n <= 64; n++)
      for (let m = 0; m <= n; m++) {
        const proof = m === 0 ? [] : consistencyOf(m, leaves.slice(0, n));
        const first = { size: m, root: roots[m]! };
        const second = { size: n, root: roots[n]! };
        expect(verifyConsistency({ first, second, proof })).toBe(true);
        expect(verifyConsistency({ first: { ...first, root: Buffer.alloc(32) }, second, proof })).toBe(false);
        if (m > 0)
          expect(verifyConsistency({ first, second: { ...second, root: Buffer.alloc(32) }, proof })).toBe(false);
        expect(verifyConsistency({ first, second, proof: [...proof, Buffer.alloc(32)] })).toBe(false);
        if (proof.length > 0) expect(verifyConsistency({ first, second, proof: proof.slice(0, -1) })).toBe(false);
        if (m < n) expect(verifyConsistency({ first: second, second: first, proof })).toBe(false);
      }
  });

  test('random larger trees', () => {
    fc.assert(
      fc.property(fc.integer({ min: 65, max: 600 }), fc.nat(), fc.nat(), (size, a, b) => {
        const all = Array.from({ length: size }, (_, i) => leafHash(`entry ${i}`));
        const root = rootOf(all);
        const index = a % size;
        const first = 1 + (b % size);
        expect(verifyInclusion({ entry: `entry ${index}`, index, size, root, proof: pathOf(index, all) })).toBe(true);
        const proof = consistencyOf(first, all);
        const claim = { first: { size: first, root: rootOf(all.slice(0, first)) }, second: { size, root }, proof };
        expect(verifyConsistency(claim)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
