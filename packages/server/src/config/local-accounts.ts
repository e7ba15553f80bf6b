import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isPortreeveError, PortreeveError, type Role, SYSTEM_ACTOR } from '@portreeve/contract';
import type { Identity } from '@portreeve/identity';
import { makeSigningKey } from '@portreeve/identity/signing-key';
import { z } from 'zod';
import { writeWhole } from './write-whole.ts';

/** The accounts of a laptop: one a role, so that who asks and who approves are two people from the first minute. */
const LOCAL_ACCOUNTS: readonly { name: string; roles: Role[]; groups?: keyof LocalGroups }[] = [
  { name: 'analyst', roles: ['requester'] },
  { name: 'lead', roles: ['approver'], groups: 'approve' },
  { name: 'operator', roles: ['operator'], groups: 'work' },
  { name: 'auditor', roles: ['auditor'] },
  { name: 'admin', roles: ['admin'] },
];

/** The groups of a project: those that approve, and those whose work hand-offs are. */
export interface LocalGroups {
  readonly approve: readonly string[];
  readonly work: readonly string[];
}

const localAccountsSchema = z.array(
  z.strictObject({ name: z.string(), password: z.string(), roles: z.array(z.string()) }),
);
export type LocalAccount = z.infer<typeof localAccountsSchema>[number];

const FILE = 'accounts.json';

/**
 * Makes the local accounts at first start (requirement B1: never an open console), with random passwords in
 * `accounts.json` of the state folder, readable by its owner alone. In production none, or, where local accounts are allowed,
 * `admin` alone, who makes the others. Those that are there join the groups of the project that they are not in yet: it may be
 * another one than at first, or ask other groups.
 */
export async function ensureLocalAccounts(
  identity: Identity,
  stateFolder: string,
  groups: LocalGroups,
  names: readonly string[] = LOCAL_ACCOUNTS.map(({ name }) => name),
): Promise<void> {
  const present = new Map((await identity.accounts({ limit: 200 })).map(({ name, id }) => [name, id]));
  const wanted = LOCAL_ACCOUNTS.filter(({ name }) => names.includes(name));
  const missing = wanted.filter(({ name }) => !present.has(name));
  const kept = await readLocalAccounts(stateFolder);
  for (const { name, groups: which } of wanted) {
    const id = present.get(name);
    // Only whom this folder made: somebody else may have the name.
    if (id && which && kept?.some((account) => account.name === name))
      await identity.joinGroups(id, groups[which], SYSTEM_ACTOR);
  }
  if (missing.length === 0) return;
  // What an interrupted first start wrote is used again: its passwords may be in the database already.
  const accounts = kept ?? newPasswords(missing);
  await writeWhole(join(stateFolder, FILE), JSON.stringify(accounts, null, 2));
  const elsewhere = new Set<string>();
  for (const { name, roles, groups: which } of missing) {
    const password = accounts.find((account) => account.name === name)?.password;
    if (!password) continue;
    const account = { name, kind: 'person' as const, password, roles, groups: which ? [...groups[which]] : [] };
    await identity
      .createAccount({ ...account, signing_key: await makeSigningKey(password) }, SYSTEM_ACTOR)
      .catch((error: unknown) => {
        // Another process of this house makes them at this moment: its file has the password, and this one must not.
        if (!isPortreeveError(error, 'conflict')) throw error;
        elsewhere.add(name);
      });
  }
  if (elsewhere.size === 0) return;
  const own = accounts.filter(({ name }) => !elsewhere.has(name));
  if (own.length === 0) await rm(join(stateFolder, FILE));
  else await writeWhole(join(stateFolder, FILE), JSON.stringify(own, null, 2));
}

function newPasswords(of: readonly { name: string; roles: Role[] }[]): LocalAccount[] {
  return of.map(({ name, roles }) => ({ name, roles, password: randomBytes(18).toString('base64url') }));
}

/** The local accounts of a state folder, or null where there are none. Throws `misconfigured` for another file. */
export async function readLocalAccounts(stateFolder: string): Promise<LocalAccount[] | null> {
  const path = join(stateFolder, FILE);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return localAccountsSchema.parse(JSON.parse(text));
  } catch {
    throw new PortreeveError('misconfigured', `${path} is not the list of local accounts that Portreeve wrote.`, {
      next: 'Restore the file, or move it away and sign in with accounts whose passwords you know.',
    });
  }
}
