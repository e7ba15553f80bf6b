import type { CursorStore } from '@portreeve/audit';
import type { Clock } from '@portreeve/contract';
import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface StreamState {
  readonly name: string;
  /** The origin of the log. */
  readonly log: string;
  readonly next: number;
  readonly delivered_at: Date | null;
  readonly problem: string | null;
  readonly failed_at: Date | null;
}

export interface StreamStore extends CursorStore {
  states(): Promise<StreamState[]>;
  failed(stream: string, log: string, problem: string): Promise<void>;
}

/** The row of a stream in a log is locked for one delivery: a process that dies lets it go, and the cursor stands where it was. */
export function streamStore(database: Database, clock: Clock): StreamStore {
  return {
    async advance(stream, log, deliver) {
      await sql`INSERT INTO audit_streams (name, log) VALUES (${stream}, ${log}) ON CONFLICT DO NOTHING`.execute(
        database.read,
      );
      return database.transaction(async (tx) => {
        const db = database.on(tx);
        const { rows } = await sql<{ next: string }>`
          SELECT next FROM audit_streams WHERE name = ${stream} AND log = ${log} FOR UPDATE SKIP LOCKED`.execute(db);
        if (!rows[0]) return false;
        const before = Number(rows[0].next);
        const { next } = await deliver({ next: before });
        if (next !== before)
          await sql`UPDATE audit_streams SET next = ${String(next)}::bigint, delivered_at = ${clock.now()},
            problem = NULL, failed_at = NULL WHERE name = ${stream} AND log = ${log}`.execute(db);
        return true;
      });
    },
    async states() {
      const { rows } = await sql<Omit<StreamState, 'next'> & { next: string }>`
        SELECT name, log, next, delivered_at, problem, failed_at FROM audit_streams ORDER BY name, log`.execute(
        database.read,
      );
      return rows.map((row) => ({ ...row, next: Number(row.next) }));
    },
    async failed(stream, log, problem) {
      await sql`UPDATE audit_streams SET problem = ${problem.slice(0, 500)}, failed_at = ${clock.now()}
        WHERE name = ${stream} AND log = ${log}`.execute(database.read);
    },
  };
}
