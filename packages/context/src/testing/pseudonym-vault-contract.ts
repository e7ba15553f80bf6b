import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PseudonymVault, VaultEntry } from '../deidentify/vault.ts';

export interface PseudonymVaultFixture {
  readonly vault: PseudonymVault;
  close?(): Promise<void>;
}

const entry = (pseudonym: string, value: string, over: Partial<VaultEntry> = {}): VaultEntry => ({
  pseudonym,
  kind: 'email',
  value,
  numeric: false,
  ...over,
});
const sorted = (entries: readonly VaultEntry[]) => entries.toSorted((a, b) => (a.pseudonym < b.pseudonym ? -1 : 1));

/** What every vault must do. */
export function pseudonymVaultContract(name: string, make: () => Promise<PseudonymVaultFixture>): void {
  describe(`pseudonym vault: ${name}`, () => {
    let fixture: PseudonymVaultFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(async () => {
      await fixture.close?.();
    });

    test('D9: gives back exactly what was added, per scope', async () => {
      const entries = [
        entry('p1', 'ü "quoted" \u0000 😀\n'),
        entry('p2', '49301234567', { kind: 'phone', numeric: true }),
      ];
      expect(await fixture.vault.add('exact', entries)).toEqual(entries);
      expect(sorted(await fixture.vault.load('exact'))).toEqual(entries);
      expect(await fixture.vault.load('another')).toEqual([]);
    });

    test('D9: an entry never changes: the first of a pseudonym stands, and the later caller sees it', async () => {
      await fixture.vault.add('first', [entry('p1', 'a@b.example')]);
      const answer = await fixture.vault.add('first', [entry('p0', 'new'), entry('p1', 'other@b.example')]);
      expect(answer).toEqual([entry('p0', 'new'), entry('p1', 'a@b.example')]);
      expect(await fixture.vault.load('first')).toHaveLength(2);
    });

    test('D9: of two that add at once, both see the same', async () => {
      const [left, right] = await Promise.all([
        fixture.vault.add('race', [entry('p1', 'left')]),
        fixture.vault.add('race', [entry('p1', 'right')]),
      ]);
      expect(left).toEqual(right);
      expect(await fixture.vault.load('race')).toEqual(left);
    });

    test('D9: what is erased is gone, and no more than that', async () => {
      await fixture.vault.add('erase', [entry('p1', 'one'), entry('p2', 'two'), entry('p3', 'three')]);
      await fixture.vault.add('kept', [entry('p1', 'one')]);
      expect(await fixture.vault.erase('erase', ['p1', 'p9'])).toBe(1);
      expect(sorted(await fixture.vault.load('erase')).map(({ value }) => value)).toEqual(['two', 'three']);
      expect(await fixture.vault.erase('erase')).toBe(2);
      expect(await fixture.vault.load('erase')).toEqual([]);
      expect(await fixture.vault.load('kept')).toHaveLength(1);
    });

    test('an empty list of entries changes nothing', async () => {
      expect(await fixture.vault.add('empty', [])).toEqual([]);
      expect(await fixture.vault.erase('empty', [])).toBe(0);
    });
  });
}
