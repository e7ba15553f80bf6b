import { PortreeveError } from '@portreeve/contract';
import pg from 'pg';

/** How often the database is asked, and how long it may be silent, in milliseconds. */
const BEAT_MS = 500;
const SILENT_MS = 5000;

/** Knows whether the database answers at all. */
export interface Pulse {
  /**
   * Does the work unless the database is silent, and does not wait for it any longer once it falls silent: rejects with
   * `audit_unavailable` then. What was begun may still be done, when the database is back.
   */
  unlessSilent<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/**
 * Asks the database twice a second on a connection of its own. A database that hangs says nothing, not even no: whoever
 * asks for something must not wait with it (requirement G3).
 */
export function startPulse(
  url: string,
  /** Milliseconds of the process's own time. */
  elapsed: () => number = () => performance.now(),
): Pulse {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    application_name: 'portreeve-pulse',
    connectionTimeoutMillis: SILENT_MS,
    query_timeout: SILENT_MS,
  });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  let answered = elapsed();
  let asking = false;
  const waiting = new Set<(error: PortreeveError) => void>();
  const isSilent = () => elapsed() - answered > SILENT_MS;

  const beat = async () => {
    if (isSilent()) for (const giveUp of waiting) giveUp(silent());
    if (asking) return;
    asking = true;
    await pool.query('SELECT 1').then(
      () => {
        answered = elapsed();
      },
      () => undefined,
    );
    asking = false;
  };
  const timer = setInterval(() => void beat(), BEAT_MS);
  timer.unref();

  return {
    async unlessSilent(work) {
      if (isSilent()) throw silent();
      let giveUp: (error: PortreeveError) => void = () => undefined;
      const silence = new Promise<never>((_, reject) => {
        giveUp = reject;
      });
      waiting.add(giveUp);
      try {
        return await Promise.race([work(), silence]);
      } finally {
        waiting.delete(giveUp);
      }
    },
    async stop() {
      clearInterval(timer);
      await pool.end();
    },
  };
}

function silent(): PortreeveError {
  return new PortreeveError('audit_unavailable', `The database has not answered for ${SILENT_MS / 1000} seconds.`, {
    next:
      'Restore the database; work continues by itself. What was asked for may still be done then: look before you ask ' +
      'again. Where a request takes an Idempotency-Key, the same one again is safe.',
  });
}
