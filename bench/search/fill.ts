import { auditStore, type Database } from '@portreeve/server/internals';
import pg from 'pg';

export const LOG = 'bench.example/audit';
const START = Date.UTC(2025, 10, 21);
const YEAR_MS = 365 * 86_400_000;
/** Records of a partition (`0033_audit_partitions.sql`). */
const WIDTH = 2 ** 20;
const STEP = 2 ** 16;

/** How many different values there are; a few of them make most of the records. */
export const DISTINCT = {
  actor: 20_000,
  agent: 60,
  workflow: 40,
  tool: 150,
  model: 12,
  prompt: 50,
  code: 60,
  policy: 200,
  release: 400,
  word: 60_000,
} as const;

/** The records are spread over a year. */
export const timeOf = (index: number, total: number): Date => new Date(START + Math.floor((index / total) * YEAR_MS));

/** A number from 0 to 1 for a record and a salt, the same in every run. */
const u = (salt: number) => `((hashint8extended(n, ${salt}) & 1048575) / 1048576.0::float8)`;
/** A value of `count`, of which the first ones are common. */
const skewed = (count: number, salt: number) => `floor(${count} * power(${u(salt)}, 4))::int`;
const digest = (kind: string, salt: number, count: number) =>
  `'sha256:' || encode(sha256(convert_to('${kind}' || ${skewed(count, salt)}, 'UTF8')), 'hex')`;
const id = (prefix: string, expression: string) => `'${prefix}_' || lpad((${expression})::text, 26, '0')`;

const TYPES = `(ARRAY['source.read','source.read','prompt.assembled','model.answered','model.answered','output.validated',
  'proposal.submitted','decision.made','decision.made','grant.issued','execution.intent','execution.result','api.read',
  'audit.read','approval.requested','approval.verdict'])[1 + n % 16]`;
const OUTCOMES = `(ARRAY['permit','permit','permit','permit','permit','valid','read','approve','refuse','failed'])
  [1 + floor(10 * ${u(3)})::int]`;
/** Forty words (their keyed tokens, in a log), skewed as in a language; one record in ten thousand has a rare one besides. */
const NOTE = `(SELECT string_agg('w' || floor(${DISTINCT.word}
    * power((hashint8extended(n * 64 + k, 12) & 1048575) / 1048576.0::float8, 5))::int, ' ') FROM generate_series(1, 40) AS k)
  || CASE WHEN hashint8extended(n, 13) % 10000 = 0 THEN ' needle' ELSE '' END`;

/** Twenty-five records of one run follow each other; what a record has depends on its type. */
const ROWS = `
  SELECT n, ${TYPES} AS type, ${OUTCOMES} AS outcome, ${NOTE} AS note,
    to_timestamp(${START} / 1000.0 + n * $3::float8 / 1000.0) AS time,
    ${id('prn', skewed(DISTINCT.actor, 1))} AS actor_id, 'agent:flow-' || ${skewed(DISTINCT.agent, 2)} AS agent,
    ${id('run', 'n / 25')} AS run, 'flow-' || ${skewed(DISTINCT.workflow, 4)} AS workflow,
    CASE WHEN n % 16 BETWEEN 6 AND 11 THEN 'tool_' || ${skewed(DISTINCT.tool, 5)} END AS tool,
    CASE WHEN n % 16 BETWEEN 6 AND 11 THEN ${id('prop', 'n / 8')} END AS proposal,
    CASE WHEN n % 16 IN (3, 4) THEN 'claude-model-' || ${skewed(DISTINCT.model, 6)} END AS model,
    CASE WHEN n % 16 BETWEEN 2 AND 5 THEN 'prompt-' || ${skewed(DISTINCT.prompt, 7)} END AS prompt,
    CASE WHEN n % 16 BETWEEN 2 AND 5 THEN '1.' || ${skewed(20, 8)} END AS prompt_version,
    CASE WHEN n % 16 IN (7, 8) THEN ARRAY['code_' || ${skewed(DISTINCT.code, 9)}] ELSE '{}' END AS codes,
    CASE WHEN n % 16 IN (7, 8) THEN ${digest('p', 10, DISTINCT.policy)} END AS policy_version,
    ${digest('r', 11, DISTINCT.release)} AS release
  FROM generate_series($1::bigint, $2::bigint - 1) AS n`;

const FILED = 'type,actor_id,agent,outcome,workflow,tool,model,prompt,prompt_version,policy_version,release'.split(',');
/** As `audit-terms.ts` writes them. */
const TERMS = `concat_ws(' ', ${FILED.map((name) => `quote_literal('=${name}:' || ${name})`).join(', ')},
  (SELECT string_agg(quote_literal('=code:' || c), ' ') FROM unnest(codes) AS c),
  ${[13, 16, 19, 22].map((bits) => `quote_literal('=${bits}:' || (n >> ${bits}))`).join(', ')})::tsvector`;
const ENTRY = `json_build_object('v', 1, 'id', 'rec_' || n, 'log', '${LOG}', 'index', n, 'time', time, 'type', type,
  'actor', json_build_object('id', actor_id, 'kind', 'person',
    'act', json_build_array(json_build_object('id', agent, 'kind', 'agent'))),
  'refs', json_strip_nulls(json_build_object('run', run, 'workflow', workflow, 'tool', tool, 'proposal', proposal,
    'model', model, 'release', release)),
  'outcome', outcome, 'payload_digest', 'sha256:' || encode(sha256(payload::bytea), 'hex'))::text`;

const insert = (records: string, index: string) => `
  WITH made AS MATERIALIZED (
    SELECT *, json_build_object('data', json_build_object('note', note), 'nonce', 'AAAAAAAAAAAAAAAAAAAAAA')::text AS payload
    FROM (${ROWS}) AS rows
  ), kept AS (
    INSERT INTO ${records} (log, index, entry, payload, leaf)
    SELECT '${LOG}', n, ${ENTRY}, payload, sha256(payload::bytea) FROM made
  )
  INSERT INTO ${index} (log, index, type, time, actor_id, agent, outcome, codes, run, workflow, tool, proposal, model,
    prompt, prompt_version, policy_version, release, keys, words)
  SELECT '${LOG}', n, type, time, actor_id, agent, outcome, codes, run, workflow, tool, proposal, model,
    prompt, prompt_version, policy_version, release, '{}', to_tsvector('simple', note) || ${TERMS}
  FROM made`;

/** Fills the log with `total` records: into tables without indexes, which then become partitions. */
export async function fill(database: Database, url: string, total: number, say: (line: string) => void): Promise<void> {
  await auditStore(database).prepare(LOG, 0, 0);
  const { rows } = await database.pool.query<{ mark: string }>('SELECT audit_mark($1) AS mark', [LOG]);
  const { mark } = rows[0]!;
  const parts = Array.from({ length: Math.ceil(total / WIDTH) }, (_, part) => part);
  const worker = async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`SET maintenance_work_mem = '1GB'; SET synchronous_commit = off; SET jit = off`);
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const leaves = {
        audit_records: `audit_records_${mark}_${part * WIDTH}`,
        audit_index: `audit_index_${mark}_${part * WIDTH}`,
      };
      for (const [table, leaf] of Object.entries(leaves)) {
        await client.query(`DROP TABLE IF EXISTS ${leaf}`);
        await client.query(`CREATE TABLE ${leaf} (LIKE ${table} INCLUDING CONSTRAINTS)`);
      }
      const to = Math.min(total, (part + 1) * WIDTH);
      for (let from = part * WIDTH; from < to; from += STEP)
        await client.query(insert(leaves.audit_records, leaves.audit_index), [
          from,
          Math.min(to, from + STEP),
          YEAR_MS / total,
        ]);
      for (const [table, leaf] of Object.entries(leaves)) {
        await client.query(`ALTER TABLE ${table}_${mark} ATTACH PARTITION ${leaf}
          FOR VALUES FROM (${part * WIDTH}) TO (${(part + 1) * WIDTH})`);
        await client.query(`VACUUM ANALYZE ${leaf}`);
      }
      say(`partition ${part} is filled, up to record ${to}`);
    }
    await client.end();
  };
  await Promise.all([worker(), worker()]);
  await database.pool.query('ANALYZE audit_index');
}
