import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENVIRONMENTS, type EnvironmentName, PortreeveError } from '@portreeve/contract';
import type pg from 'pg';
import { writeWhole } from './write-whole.ts';

/**
 * A state folder with its keys, and a database with its identities, belong to one environment from their first start on
 * (requirement B6). Throws `misconfigured` where the configuration names another.
 */
export async function bindEnvironment(options: {
  readonly stateFolder: string;
  readonly pool: pg.Pool;
  readonly environment: EnvironmentName;
}): Promise<void> {
  const { stateFolder, pool, environment } = options;
  const ofFolder = await environmentOf(stateFolder);
  assertSame('This state folder', ofFolder ?? environment, environment);
  const look = () => pool.query<{ environment: string }>('SELECT environment FROM installation');
  let { rows } = await look();
  if (rows.length === 0) {
    // Looked at before: an executor apart may read this row and not write it.
    await pool.query('INSERT INTO installation (one, environment) VALUES (true, $1) ON CONFLICT DO NOTHING', [
      environment,
    ]);
    ({ rows } = await look());
  }
  assertSame('This database', rows[0]?.environment ?? '', environment);
  if (ofFolder === null) await writeWhole(fileOf(stateFolder), `${environment}\n`);
}

/** The environment that a state folder belongs to; null before its first start. */
export async function environmentOf(stateFolder: string): Promise<EnvironmentName | null> {
  const text = await readFile(fileOf(stateFolder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const found = ENVIRONMENTS.find((name) => name === text.trim());
  if (!found) throw new PortreeveError('misconfigured', `${fileOf(stateFolder)} names no environment.`);
  return found;
}

const fileOf = (stateFolder: string): string => join(stateFolder, 'environment');

function assertSame(what: string, belongs: string, environment: EnvironmentName): void {
  if (belongs === environment) return;
  throw new PortreeveError(
    'misconfigured',
    `${what} belongs to ${belongs}, and the configuration says ${environment}.`,
    {
      next: 'Give each environment a state folder and a database of its own: keys, identities and secrets are never shared.',
    },
  );
}
