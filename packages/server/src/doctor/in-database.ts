import type { RecordEntry } from '@portreeve/contract';
import type pg from 'pg';
import { assertMigrated } from '../store/migrate.ts';
import { DATABASE_ROLES, groupOf, rightsOf } from '../store/role-rights.ts';
import { grantedRights, hasRoles, presentTables } from '../store/roles.ts';
import { type Finding, fault, well } from './finding.ts';

const CLOCK_MS_MAX = 2000;
const VERSION_MIN = 15;
const UNPLACED_S_MAX = 30;
const QUEUED_MIN_MAX = 5;
/** Of the connections that the database gives to users like ours. */
const TAKEN_SHARE_MAX = 0.9;

type Queries = Pick<pg.Pool, 'query'>;
type Look = (pool: Queries, now: Date) => Promise<Finding>;

/** What only the database knows. One that does not answer is the one fault then. `now` is the clock of this machine. */
export async function diagnoseDatabase(pool: Queries, now: () => Date): Promise<Finding[]> {
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : 'no answer';
    const fix = 'Check DATABASE_URL, that PostgreSQL runs, and that its pg_hba.conf lets this user in.';
    return [fault('database', `The database does not answer: ${why}`, fix)];
  }
  const findings: Finding[] = [well('database', 'answers')];
  const schema = await ofSchema(pool);
  for (const look of [ofVersion, ofClock, ofConnections]) findings.push(await look(pool, now()));
  findings.push(schema);
  // The other questions are to tables that another schema may not have.
  if (schema.ok) for (const look of [ofRights, ofUnplaced, ofQueue]) findings.push(await look(pool, now()));
  return findings;
}

const ofVersion: Look = async (pool) => {
  const { rows } = await pool.query<{ version: string }>("SELECT current_setting('server_version_num') AS version");
  const version = Math.floor(Number(rows[0]!.version) / 10_000);
  if (version >= VERSION_MIN) return well('database-version', `PostgreSQL ${version}`);
  return fault('database-version', `PostgreSQL ${version} is too old.`, `Upgrade it to ${VERSION_MIN} or newer.`);
};

/** Half of the way there and back counts as the way, so that a slow network is no wrong clock. */
const ofClock: Look = async (pool, now) => {
  const asked = performance.now();
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const way = (performance.now() - asked) / 2;
  const skew = Math.round(now.getTime() + way - rows[0]!.now.getTime());
  if (Math.abs(skew) <= CLOCK_MS_MAX) return well('clock', `within ${CLOCK_MS_MAX / 1000} s of the database`);
  const where = skew > 0 ? 'before' : 'behind';
  return fault(
    'clock',
    `This clock is ${Math.abs(skew) / 1000} s ${where} that of the database: grants and tokens end at the wrong time.`,
    'Let both machines follow the same time server (timedatectl set-ntp true, or chronyd).',
  );
};

const ofConnections: Look = async (pool) => {
  const { rows } = await pool.query<{ taken: number; given: number }>(
    `SELECT (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS taken,
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS given`,
  );
  const { taken, given } = rows[0]!;
  if (taken <= given * TAKEN_SHARE_MAX) return well('connections', `${taken} of ${given} are taken`);
  return fault(
    'connections',
    `${taken} of the ${given} connections that the database gives are taken: soon a process gets none.`,
    'Raise max_connections of PostgreSQL, or run fewer processes: each holds up to 50 (docs/guides/deploy.md).',
  );
};

async function ofSchema(pool: Queries): Promise<Finding> {
  try {
    await assertMigrated(pool);
    return well('schema', 'the one that this version needs');
  } catch {
    const fix =
      'Run the same version of Portreeve everywhere, and start the gatekeeper (portreeve serve) first: it migrates.';
    return fault('schema', 'The database has another schema than this version needs.', fix);
  }
}

const ofRights: Look = async (pool) => {
  if (!(await hasRoles(pool)))
    return fault(
      'role-rights',
      'The database does not tell the roles apart: every process has all rights.',
      'Start the gatekeeper once as a user with CREATEROLE (docs/guides/executor-apart.md).',
    );
  const present = new Set(await presentTables(pool));
  const wanted = DATABASE_ROLES.flatMap((role) =>
    rightsOf(role)
      .filter(({ table }) => present.has(table))
      .map(({ table, right, column }) => `${groupOf(role)}: ${right} on ${table}${column ? ` (${column})` : ''}`),
  );
  const held = (await grantedRights(pool)).map(
    ({ role, table, right, column }) => `${role}: ${right} on ${table}${column ? ` (${column})` : ''}`,
  );
  const more = held.filter((right) => !wanted.includes(right));
  const less = wanted.filter((right) => !held.includes(right));
  if (more.length + less.length === 0) return well('role-rights', 'each role has its own, and no other');
  const said = [...more.map((right) => `too much: ${right}`), ...less.map((right) => `missing: ${right}`)];
  return fault(
    'role-rights',
    `Rights were changed by hand: ${said.slice(0, 3).join('; ')}${said.length > 3 ? `, and ${said.length - 3} more` : ''}.`,
    'Restart the gatekeeper: its migration gives each role exactly its rights.',
  );
};

const ofUnplaced: Look = async (pool, now) => {
  const { rows } = await pool.query<{ count: number; entry: string | null }>(
    'SELECT count(*)::int AS count, (SELECT entry FROM audit_pending ORDER BY id LIMIT 1) AS entry FROM audit_pending',
  );
  const { count, entry } = rows[0]!;
  const waits = entry === null ? 0 : (now.getTime() - Date.parse((JSON.parse(entry) as RecordEntry).time)) / 1000;
  if (waits <= UNPLACED_S_MAX) return well('unplaced', `${count} wait`);
  return fault(
    'unplaced',
    `${count} records wait for their place in the log, the oldest for ${Math.floor(waits)} s: what may not act unrecorded stops.`,
    'See whether a gatekeeper runs, and what its log says; restart it if it does not lead the log.',
  );
};

const ofQueue: Look = async (pool, now) => {
  const { rows } = await pool.query<{ count: number; oldest: Date | null }>(
    "SELECT count(*)::int AS count, min(created_at) AS oldest FROM runs WHERE state = 'queued'",
  );
  const { count, oldest } = rows[0]!;
  const minutes = oldest === null ? 0 : Math.floor((now.getTime() - oldest.getTime()) / 60_000);
  if (minutes < QUEUED_MIN_MAX) return well('run-queue', `${count} wait to begin`);
  return fault(
    'run-queue',
    `${count} runs wait to begin, the oldest for ${minutes} min.`,
    'Start more processes, or lower `admission.runs_active_max` so that callers hear it sooner; look for a slow model endpoint or system, behind which all `admission.runs_at_once` places are taken.',
  );
};
