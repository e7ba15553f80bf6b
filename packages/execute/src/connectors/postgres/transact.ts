import type { PostgresBinding } from '@portreeve/contract';
import type { Row, Session } from './session.ts';

/** How far one transaction came. Only `no-answer` may have had an effect. */
export type Transacted =
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'no-answer'; readonly error: unknown }
  | { readonly kind: 'done'; readonly rows: readonly Row[]; readonly count: number };

const BEGIN = {
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  write: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
  rollback: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
} as const;

const SETTINGS = `SELECT
  set_config('statement_timeout', $1, true),
  set_config('lock_timeout', $1, true),
  set_config('idle_in_transaction_session_timeout', $1, true),
  set_config('TimeZone', 'UTC', true),
  set_config('portreeve.execution', $2, true),
  set_config('portreeve.proposal', $3, true),
  set_config('portreeve.principal', $4, true),
  current_setting('is_superuser') AS superuser`;

export interface Caller {
  readonly execution: string;
  readonly proposal: string;
  readonly principal: string;
}

/**
 * One statement in one transaction that is taken back unless all is as declared. Until COMMIT has left, nothing can have
 * happened: whatever is thrown before it means that. The triggers and policies of the database see who acts for whom as
 * `current_setting('portreeve.principal')`.
 */
export async function transact(
  session: Session,
  binding: Pick<PostgresBinding, 'statement' | 'mode' | 'rows_max'>,
  values: readonly (string | null)[],
  options: { readonly timeout_ms: number; readonly caller: Caller },
): Promise<Transacted> {
  const { mode, rows_max } = binding;
  await session.query(BEGIN[mode]);
  const { execution, proposal, principal } = options.caller;
  const settings = await session.query(SETTINGS, [String(options.timeout_ms), execution, proposal, principal]);
  if (settings.rows[0]?.superuser !== 'off') {
    return { kind: 'refused', reason: 'the role of the credential is a superuser' };
  }
  const { rows, count } = await session.query(binding.statement, values);
  if (count > rows_max || rows.length > rows_max) {
    const what = mode === 'read' ? 'more rows were found' : 'more rows would change';
    return { kind: 'refused', reason: `${what} than the ${rows_max} that are allowed, so it was taken back` };
  }
  if (mode !== 'write') {
    await session.query('ROLLBACK');
    return { kind: 'done', rows, count };
  }
  let command: string;
  try {
    ({ command } = await session.query('COMMIT'));
  } catch (error) {
    // The server's own word that it did not commit (a deferred constraint, say) is certain; a broken connection is not.
    if (sqlState(error) !== null) throw error;
    return { kind: 'no-answer', error };
  }
  if (command !== 'COMMIT') return { kind: 'refused', reason: 'the database took the transaction back' };
  return { kind: 'done', rows, count };
}

/** The SQLSTATE of an error that the server sent as such; its text never goes anywhere. */
export function sqlState(error: unknown): string | null {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return null;
  // FATAL and PANIC end the session, and may come while a commit is under way.
  return severity === 'ERROR' ? code : null;
}
