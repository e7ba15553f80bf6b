import { Pool } from 'pg';

/** As many as the engine takes by itself. */
const CONNECTIONS_MAX = 10;
const IDLE_MS_MAX = 60_000;

/**
 * The engine's connections to the database. INVARIANT: each has somebody who hears of its end from its first moment on: one
 * that the server ends in the same packet in which it accepts it would otherwise end the process, since the engine begins to
 * listen an instant later.
 */
export function enginePool(url: string, name: string): Pool {
  const pool = new Pool({
    ...{ connectionString: url, max: CONNECTIONS_MAX, application_name: name },
    idle_in_transaction_session_timeout: IDLE_MS_MAX,
  });
  // Whoever uses a connection is told by its query.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
