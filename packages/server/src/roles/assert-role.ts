import { PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { checkRole } from '../store/check-role.ts';
import type { Database } from '../store/database.ts';
import type { DatabaseRole } from '../store/role-rights.ts';

/** Refuses a database user with other rights than its role's: fewer do not do, and more undo the separation. */
export async function assertRole(
  role: DatabaseRole,
  database: Pick<Database, 'pool'>,
  environment: ProjectConfig['environment'],
  warn: (message: string) => void,
): Promise<void> {
  const { more, less } = await checkRole(database.pool, role);
  const next = `Give it a user of its own that is a member of portreeve_${role} and of nothing else.`;
  const list = (rights: readonly string[]) =>
    `${rights.slice(0, 5).join(', ')}${rights.length > 5 ? ` and ${rights.length - 5} more` : ''}`;
  const one = role === 'executor' || role === 'api' ? `an ${role}` : `a ${role}`;
  if (less.length > 0)
    throw new PortreeveError('misconfigured', `The database user lacks rights of ${one}: ${list(less)}.`, { next });
  if (more.length === 0) return;
  const detail = `The database user has rights that are not ${one}'s: ${list(more)}.`;
  if (environment === 'production') throw new PortreeveError('misconfigured', detail, { next });
  warn(`${detail} ${next}`);
}
