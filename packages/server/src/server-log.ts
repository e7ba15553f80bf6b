import { join } from 'node:path';
import { type Logger, pino } from 'pino';

export type Log = (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;

/** The log of a process, in its state folder: `server.log`. */
export function serverLog(stateFolder: string): { readonly logger: Logger; readonly log: Log } {
  const logger = pino(
    { level: 'info' },
    pino.destination({ dest: join(stateFolder, 'server.log'), mkdir: true, sync: true }),
  );
  return { logger, log: (level, message, error) => logger[level]({ err: error }, message) };
}
