import { systemClock } from '@portreeve/contract';
import pg from 'pg';
import type { Finding } from './finding.ts';
import { diagnoseDatabase } from './in-database.ts';

const CONNECT_MS_MAX = 5000;

/** What can be seen of a database where no server answers. Connects once, and changes nothing. */
export async function diagnoseAt(databaseUrl: string): Promise<Finding[]> {
  const pool = new pg.Pool({
    ...{ connectionString: databaseUrl, max: 1, application_name: 'portreeve-doctor' },
    connectionTimeoutMillis: CONNECT_MS_MAX,
  });
  pool.on('error', () => undefined);
  try {
    return await diagnoseDatabase(pool, () => systemClock.now());
  } finally {
    await pool.end();
  }
}
