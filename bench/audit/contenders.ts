import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { createRedactor, payloadBinding, Sequencer, seal, stageRecord } from '@portreeve/audit/internals';
import { draft, newId, type RecordActor, type RecordDraft, systemClock } from '@portreeve/contract';
import { auditStore, type Database } from '@portreeve/server/internals';
import pg from 'pg';

export interface Contender {
  readonly name: string;
  readonly note: string;
  /** Resolves when one record is durable. */
  append(index: number): Promise<unknown>;
  close(): Promise<void>;
}

const actor: RecordActor = { id: 'prn_01jd3k5v9q8r7s6t5u4w3x2y1z', kind: 'person', name: 'analyst', act: [] };

/** A record as a governed call writes it: about 1.25 KB with its entry. */
function sampleDraft(index: number): RecordDraft {
  return draft({
    type: 'handoff.closed',
    actor,
    refs: { workflow: 'incident-summary', tool: 'publish_case_note' },
    outcome: 'closed',
    data: { note: `${index} `.padEnd(600, 'what was seen and done, in words that mean nothing ') },
  });
}

const stagedParts = {
  key: { ids: [newId('key', systemClock)], key: createSecretKey(randomBytes(32)) },
  log: 'bench.example/audit',
  redactor: createRedactor({ key: Buffer.alloc(32, 1) }),
  clock: systemClock,
};
const POOL = Array.from({ length: 512 }, (_, i) => stageRecord(sampleDraft(i), stagedParts));
const sample = (index: number) => POOL[index % POOL.length]!;

/** Ours with what every record costs besides: AES-256-GCM under the cached keys of 64 subjects, as many as act at once. */
export function encryptedSequencer(database: Database): Contender {
  const origin = 'bench.example/sealed';
  const ours = new Sequencer({ store: auditStore(database), origin });
  ours.start();
  const keys = Array.from({ length: 64 }, () => createSecretKey(randomBytes(32)));
  const plain = Array.from({ length: 512 }, (_, i) => ({
    ...sample(i),
    id: newId('record', systemClock),
    text: JSON.stringify(sampleDraft(i).data),
  }));
  return {
    name: 'portreeve, hashed and encrypted',
    note: 'the same, each payload sealed on the way: AES-256-GCM, a cached key a subject',
    async append(index) {
      const { key, entry, text, id } = plain[index % plain.length]!;
      const payload = seal(keys[index % keys.length]!, payloadBinding({ log: origin, id }), text);
      if (!(await ours.append([{ key, entry, payload }]))) throw new Error('does not lead');
    },
    close: () => ours.close(),
  };
}

/** Ours, from records that are made: place, hash, write. */
export function sequencer(database: Database): Contender {
  const parts = { store: auditStore(database), origin: stagedParts.log };
  const ours = new Sequencer(parts);
  ours.start();
  return {
    name: 'portreeve, hashed',
    note: 'the sequencer: RFC 6962 tree, one leader, group commit',
    async append(index) {
      if (!(await ours.append([sample(index)]))) throw new Error('does not lead');
    },
    close: () => ours.close(),
  };
}

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 16 });
  // A connection that is still closing when the server ends is no failure of the bench.
  pool.on('error', () => undefined);
  return pool;
}

/** One row, one statement, one commit. */
export async function bareInsert(url: string): Promise<Contender> {
  const pool = poolOf(url);
  await pool.query('CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, entry text, payload text)');
  return {
    name: 'bare INSERT',
    note: 'one row a commit, 16 connections',
    async append(index) {
      const { entry, payload } = sample(index);
      await pool.query({
        name: 'bare',
        text: 'INSERT INTO bare VALUES ($1, $2, $3)',
        values: [newId('record', systemClock), entry, payload],
      });
    },
    close: () => pool.end(),
  };
}

/** The same rows in multi-row INSERTs as large as the callers allow, three on their way at once, and nothing else. */
export async function rawMultiRow(url: string): Promise<Contender> {
  const client = new pg.Client({ connectionString: url, pipeline: true });
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS raw (n bigint PRIMARY KEY, entry text, payload text)');
  const waiting: { entry: string; payload: string; done(): void; failed(error: unknown): void }[] = [];
  let under_way = 0;
  let next = 0;
  const pump = () => {
    while (waiting.length > 0 && under_way < 3) {
      const batch = waiting.splice(0, 256);
      const from = next;
      next += batch.length;
      under_way++;
      client
        .query({
          name: 'raw',
          text: 'INSERT INTO raw SELECT $1 + n - 1, e, p FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS r (e, p, n)',
          values: [from, batch.map(({ entry }) => entry), batch.map(({ payload }) => payload)],
        })
        .then(
          () => {
            for (const { done } of batch) done();
          },
          (error: unknown) => {
            for (const { failed } of batch) failed(error);
          },
        )
        .finally(() => {
          under_way--;
          pump();
        });
    }
  };
  return {
    name: 'raw multi-row INSERT',
    note: 'the same rows, no hash, no log',
    append(index) {
      const { entry, payload } = sample(index);
      const written = new Promise<void>((done, failed) => waiting.push({ entry, payload, done, failed }));
      // As ours: everything that came in this turn goes together.
      setImmediate(pump);
      return written;
    },
    close: () => client.end(),
  };
}

/** What a first version usually is: the hash of the one before, read under a lock. */
export async function naiveChain(url: string): Promise<Contender> {
  const pool = poolOf(url);
  await pool.query('CREATE TABLE IF NOT EXISTS chain (n bigserial PRIMARY KEY, entry text, payload text, hash text)');
  await pool.query(`CREATE TABLE IF NOT EXISTS chain_head (one int PRIMARY KEY, hash text)`);
  await pool.query(`INSERT INTO chain_head VALUES (1, '') ON CONFLICT DO NOTHING`);
  return {
    name: 'naive locked chain',
    note: 'SELECT … FOR UPDATE of the head, hash, INSERT, UPDATE',
    async append(index) {
      const { entry, payload } = sample(index);
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const { rows } = await client.query('SELECT hash FROM chain_head WHERE one = 1 FOR UPDATE');
        const hash = createHash('sha256').update(rows[0].hash).update(entry).digest('hex');
        await client.query('INSERT INTO chain (entry, payload, hash) VALUES ($1, $2, $3)', [entry, payload, hash]);
        await client.query('UPDATE chain_head SET hash = $1 WHERE one = 1', [hash]);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}
