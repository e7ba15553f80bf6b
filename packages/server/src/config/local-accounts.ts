import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Role, SYSTEM_ACTOR } from '@portreeve/contract';
import type { Identity } from '@portreeve/identity';
import { makeSigningKey } from '@portreeve/identity/signing-key';
import { z } from 'zod';

/** The accounts of a laptop: one a role, so that who asks and who approves are two people from the first minute. */
const LOCAL_ACCOUNTS: readonly { name: string; roles: Role[]; approves: boolean }[] = [
  { name: 'analyst', roles: ['requester'], approves: false },
  { name: 'lead', roles: ['approver'], approves: true },
  { name: 'operator', roles: ['operator'], approves: false },
  { name: 'auditor', roles: ['auditor'], approves: false },
  { name: 'admin', roles: ['admin'], approves: false },
];

const localAccountsSchema = z.array(
  z.strictObject({ name: z.string(), password: z.string(), roles: z.array(z.string()) }),
);
export type LocalAccount = z.infer<typeof localAccountsSchema>[number];

const FILE = 'accounts.json';

/**
 * Makes the local accounts at first start (requirement B1: never an open console), with random passwords in
 * `accounts.json` of the state folder, readable by its owner alone. Not in production: there an admin makes accounts.
 */
export async function ensureLocalAccounts(
  identity: Identity,
  stateFolder: string,
  groups: readonly string[],
): Promise<void> {
  // What an interrupted first start wrote is used again: its passwords may be in the database already.
  const known = await readLocalAccounts(stateFolder);
  const accounts =
    known ??
    LOCAL_ACCOUNTS.map(({ name, roles }) => ({ name, roles, password: randomBytes(18).toString('base64url') }));
  if (!known) {
    await writeFile(join(stateFolder, FILE), JSON.stringify(accounts, null, 2), { flag: 'wx', mode: 0o600 });
  }
  const present = new Set((await identity.accounts({ limit: 200 })).map((account) => account.name));
  for (const { name, roles, approves } of LOCAL_ACCOUNTS) {
    const password = accounts.find((account) => account.name === name)?.password;
    if (present.has(name) || !password) continue;
    await identity.createAccount(
      {
        name,
        kind: 'person',
        password,
        roles,
        groups: approves ? [...groups] : [],
        signing_key: await makeSigningKey(password),
      },
      SYSTEM_ACTOR,
    );
  }
}

/** The local accounts of a state folder, or null where there are none. */
export async function readLocalAccounts(stateFolder: string): Promise<LocalAccount[] | null> {
  const text = await readFile(join(stateFolder, FILE), 'utf8').catch(() => null);
  return text === null ? null : localAccountsSchema.parse(JSON.parse(text));
}
