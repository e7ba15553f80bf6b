import { randomBytes } from 'node:crypto';
import { pseudonymise, restore } from '@portreeve/context';
import { pseudonymVaultContract } from '@portreeve/context/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pseudonymVault } from './pseudonyms.ts';
import { testDatabase } from './testing/database.ts';

pseudonymVaultContract('postgresql', async () => {
  const { database, close } = await testDatabase();
  return { vault: pseudonymVault(database, randomBytes(32)), close };
});

describe('the stored vault', () => {
  let fixture: Awaited<ReturnType<typeof testDatabase>>;
  beforeAll(async () => {
    fixture = await testDatabase();
  });
  afterAll(() => fixture.close());
  const key = randomBytes(32);
  const text = 'Write to canary@corp.example, card 4111 1111 1111 1111.';
  const stored = async () =>
    (
      await sql<{ row: string }>`select p::text || encode(sealed, 'escape') as row from pseudonyms p`.execute(
        fixture.database.read,
      )
    ).rows
      .map(({ row }) => row)
      .join('\n');

  test('D9: values are not in the database; they come back with the key, in another process, and not without it', async () => {
    const vault = pseudonymVault(fixture.database, key);
    const { value } = await pseudonymise(text, { vault, scope: 'run-1', key });
    expect(value).not.toMatch(/canary|4111[ -]?1111/);
    expect(await stored()).not.toMatch(/canary|4111[ -]?1111/);
    const again = pseudonymVault(fixture.database, key);
    expect((await restore(value, { vault: again, scope: 'run-1', allowed: () => true })).value).toBe(text);
    const wrong = pseudonymVault(fixture.database, randomBytes(32));
    await expect(wrong.load('run-1')).rejects.toThrow();
  });

  test('D9: a row that was moved or altered does not open', async () => {
    const vault = pseudonymVault(fixture.database, key);
    await vault.add('moved', [{ pseudonym: 'p1', kind: 'email', value: 'a@b.example', numeric: false }]);
    await sql`update pseudonyms set scope = 'elsewhere' where scope = 'moved'`.execute(fixture.database.read);
    await expect(vault.load('elsewhere')).rejects.toThrow();
    await vault.add('altered', [{ pseudonym: 'p1', kind: 'email', value: 'a@b.example', numeric: false }]);
    await sql`update pseudonyms set sealed = set_byte(sealed, 14, get_byte(sealed, 14) # 1) where scope = 'altered'`.execute(
      fixture.database.read,
    );
    await expect(vault.load('altered')).rejects.toThrow();
  });

  test('D9: two processes at once give one subject one pseudonym', async () => {
    const options = () => ({ vault: pseudonymVault(fixture.database, key), scope: 'both', key });
    const [left, right] = await Promise.all([pseudonymise(text, options()), pseudonymise(text, options())]);
    expect(left.value).toBe(right.value);
  });

  test('a key of another length is refused', () => {
    expect(() => pseudonymVault(fixture.database, randomBytes(16))).toThrow('32 bytes');
  });
});
