import { readFile } from 'node:fs/promises';
import type { Access, Accesses } from './accesses.ts';

export interface Answer {
  readonly open: boolean;
  readonly why: string;
}

/**
 * Whether somebody may pass now. Having been given access is needed and not enough: each time, Portreeve is asked whether
 * policy would still let it be given (OpenID AuthZEN 1.0), so that a freeze or an incident reaches what was given before
 * it. Whatever goes wrong in asking keeps the door shut.
 */
export function createDoor(options: {
  readonly accesses: Accesses;
  readonly portreeve: URL;
  readonly tokenFile: string;
}): (person: string, entitlement: string) => Promise<Answer> {
  return async (person, entitlement) => {
    const access = options.accesses.holding(person, entitlement);
    if (!access) return { open: false, why: 'no_access' };
    const decision = await ask(options, access).catch((error: unknown) => {
      process.stderr.write(`directory: Portreeve could not be asked: ${error instanceof Error ? error.message : ''}\n`);
      return null;
    });
    if (decision === null) return { open: false, why: 'not_known' };
    return decision ? { open: true, why: access.access } : { open: false, why: 'suspended' };
  };
}

async function ask(options: { portreeve: URL; tokenFile: string }, access: Access): Promise<boolean> {
  const response = await fetch(new URL('/access/v1/evaluation', options.portreeve), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${(await readFile(options.tokenFile, 'utf8')).trim()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      subject: { type: 'user', id: access.by.subject },
      action: { name: 'admit' },
      resource: { type: 'workflow', id: 'access-grant' },
    }),
    signal: AbortSignal.timeout(2000),
  });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  const { decision } = (await response.json()) as { decision?: unknown };
  return decision === true;
}
