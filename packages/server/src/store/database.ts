import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { PortreeveError, type Tx, type UnitOfWork } from '@portreeve/contract';
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { ask, together } from './packets.ts';
import type { Tables } from './tables.ts';
import { createTurns, type Turns } from './turns.ts';

interface OpenTransaction {
  readonly client: pg.ClientBase;
  readonly kysely: Kysely<Tables>;
  /** What was sent and not waited for. */
  readonly sent: Promise<unknown>[];
  /** What is written at the end, by its name. */
  readonly gathered: Map<string, { readonly items: unknown[]; write(items: never[]): Promise<unknown> }>;
  /** The first statement that failed of those that nobody waited for: why the later ones do. */
  failure: { readonly error: unknown } | null;
  done: boolean;
}

/** What Kysely makes a statement of. */
export interface Statement {
  compile(kysely: Kysely<Tables>): CompiledQuery;
}

/** How long one statement of a state change may take, in milliseconds: one that hangs must not hold up who asked for it. */
export const STATEMENT_MS_MAX = 10_000;
/** How long a connection may be waited for, in milliseconds, also behind others that wait: a crowd is no fault. */
const CONNECT_MS_MAX = 30_000;
const CONNECTIONS_MAX = 20;
/** How long what is under way may take where the database is closed: as long as its longest statement, and its end. */
const CLOSE_MS_MAX = 15_000;
/** Of the connections, one in so many is never a transaction's. */
const BESIDES_SHARE = 5;

/** A PostgreSQL database: the unit of work of every stage, and Kysely for the adapters. */
export class Database implements UnitOfWork {
  readonly pool: pg.Pool;
  /** For reading outside a transaction. */
  readonly read: Kysely<Tables>;
  /** For what must be known also while every connection of the pool is taken: a connection of its own. */
  readonly vital: Kysely<Tables>;
  readonly #open = new WeakMap<object, OpenTransaction>();
  readonly #inside = new AsyncLocalStorage<true>();
  readonly #url: string;
  /**
   * INVARIANT: what is read inside a transaction by `read` needs a connection besides its own. Where transactions had all of
   * them, each would wait for another one to end, and none would.
   */
  readonly #turns: Turns;
  readonly #dedicated = new Set<pg.Client>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(url: string, options: { max?: number } = {}) {
    this.#url = url;
    const { max = CONNECTIONS_MAX } = options;
    this.#turns = createTurns(max - Math.ceil(max / BESIDES_SHARE));
    this.pool = new pg.Pool({
      connectionString: url,
      max,
      application_name: 'portreeve',
      pipeline: true,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    // An idle connection that breaks must not end the process: the next query fails by itself and says why.
    this.pool.on('error', () => undefined);
    // One in use that breaks tells its query, and besides whoever listens: where nobody does, that would end the process.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
    this.read = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.pool }) });
    const single = new pg.Pool({ connectionString: url, max: 1, application_name: 'portreeve-vital' });
    single.on('error', () => undefined);
    single.on('connect', (client) => client.on('error', () => undefined));
    this.vital = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: single }) });
  }

  async transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    // What is waited for tells nobody how it ended, so that a failure which no caller looks at is still one.
    const { promise, resolve: ended } = Promise.withResolvers<void>();
    this.#underWay.add(promise);
    try {
      return await this.#transaction(fn);
    } finally {
      this.#underWay.delete(promise);
      ended();
    }
  }

  async #transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    // A transaction inside another would wait for the rows that the outer one holds, for ever.
    if (this.#inside.getStore()) throw new TypeError('a transaction is open already: pass its tx on');
    const giveBack = await this.#turns.take(CONNECT_MS_MAX);
    if (!giveBack) throw new PortreeveError('audit_unavailable', 'The database does not answer.');
    const client = await this.pool.connect().catch((error: unknown) => {
      giveBack();
      throw new PortreeveError('audit_unavailable', 'The database does not answer.', { cause: error });
    });
    let broken: Error | undefined;
    const handle = Object.freeze({});
    const state: OpenTransaction = {
      ...{ client, kysely: bound(client), sent: [], gathered: new Map(), failure: null, done: false },
    };
    this.#open.set(handle, state);
    try {
      // Not waited for: the first statement goes with it, and fails if it did.
      this.#keep(state, ask(client, `BEGIN; SET LOCAL statement_timeout = ${STATEMENT_MS_MAX}`));
      const result = await this.#inside.run(true, () => fn(handle as unknown as Tx));
      for (const { items, write } of state.gathered.values()) this.#keep(state, write(items as never[]));
      const committed = ask(client, 'COMMIT');
      committed.catch(() => undefined);
      await Promise.all(state.sent);
      const { command } = await committed;
      // PostgreSQL answers so, and with no error, where a statement failed and nobody looked.
      if (command !== 'COMMIT') throw new TypeError('a statement of this transaction failed: nothing was written');
      return result;
    } catch (thrown) {
      const error = state.failure ? state.failure.error : thrown;
      await client.query('ROLLBACK').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      throw error;
    } finally {
      state.done = true;
      client.release(broken);
      giveBack();
    }
  }

  /** Kysely inside an open transaction. */
  on(tx: Tx): Kysely<Tables> {
    return this.#state(tx).kysely;
  }

  /**
   * The rows of a statement that is asked over and over: prepared once in each connection, and given as text, for to make it
   * anew each time costs as much as to ask it. It names its columns (see {@link ask}). In `tx`, or where that is null by
   * itself.
   */
  async rows<Row extends object>(tx: Tx | null, text: string, values: readonly unknown[]): Promise<Row[]> {
    if (tx) return rowsOn<Row>(this.#state(tx).client, text, values);
    const client = await this.pool.connect();
    try {
      return await rowsOn<Row>(client, text, values);
    } finally {
      client.release();
    }
  }

  /**
   * A transaction of one statement, which goes in one packet with its beginning and its end: what it locks is locked for as
   * long as the database takes, and not for as long as this process has other work. For rows that everybody wants.
   */
  async atOnce<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    // In an object, so that it is not waited for before the commit is sent.
    const { rows } = await this.transaction(async (tx) => {
      const state = this.#state(tx);
      const sent = rowsOn<Row>(state.client, text, values);
      this.#keep(state, sent);
      return { rows: sent };
    });
    return rows;
  }

  /**
   * A statement of an open transaction whose answer nobody needs: it goes in one packet with what follows it, in this order,
   * and if it fails the transaction does, with its error.
   */
  async send(tx: Tx, statement: Statement): Promise<void> {
    const state = this.#state(tx);
    this.#keep(state, run(state, statement));
  }

  /**
   * Gathers what an open transaction writes at its end: of all that was given under one name `statement` makes one, which
   * goes in one packet with the commit. `failed` says what to throw where it could not be written.
   */
  async gather<T>(
    tx: Tx,
    name: string,
    items: readonly T[],
    statement: (items: readonly T[]) => Statement,
    failed: (cause: unknown) => Error,
  ): Promise<void> {
    const state = this.#state(tx);
    const known = state.gathered.get(name);
    if (known) known.items.push(...items);
    else {
      const write = (all: T[]) =>
        run(state, statement(all)).catch((cause: unknown) => {
          throw failed(cause);
        });
      state.gathered.set(name, { items: [...items], write });
    }
  }

  /** The connection of an open transaction, for the durable engine, which writes into the same one. */
  clientOf(tx: Tx): pg.ClientBase {
    return this.#state(tx).client;
  }

  /**
   * A connection apart from the pool, for what rests on the connection itself, as a lock of the session. Queries on it
   * follow each other without waiting. It ends with the database, if not before.
   */
  async dedicate(name: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: `portreeve-${name}`,
      pipeline: true,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.once('end', () => this.#dedicated.delete(client));
    this.#dedicated.add(client);
    await client.connect();
    return client;
  }

  /** Ends all connections, once the transactions that are under way have come to their end. */
  async close(): Promise<void> {
    // INVARIANT: before any pool ends. One under way may need a connection besides its own, and a pool that ends gives none.
    await Promise.race([this.#quiet(), delay(CLOSE_MS_MAX, undefined, { ref: false })]);
    await Promise.all([...this.#dedicated].map((client) => client.end().catch(() => undefined)));
    await this.vital.destroy();
    await this.read.destroy();
    // Kysely ends the pool only where it has used it.
    if (!this.pool.ended) await this.pool.end();
  }

  async #quiet(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #keep(state: OpenTransaction, sent: Promise<unknown>): void {
    sent.catch((error: unknown) => {
      state.failure ??= { error };
    });
    state.sent.push(sent);
  }

  #state(tx: Tx): OpenTransaction {
    const state = this.#open.get(tx);
    if (!state || state.done) throw new TypeError('this transaction is not open');
    return state;
  }
}

/** INVARIANT: sent before this returns, so that what is sent later is later. */
async function rowsOn<Row extends object>(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const { rows } = await ask(client, text, values);
  return rows as Row[];
}

/** INVARIANT: sent before this returns, so that what is sent later is later. */
function run({ client, kysely }: Pick<OpenTransaction, 'client' | 'kysely'>, statement: Statement): Promise<unknown> {
  const { sql, parameters } = statement.compile(kysely);
  return ask(client, sql, parameters);
}

/**
 * A database as one connection sees it, inside the transaction that is open there: for stores that read by themselves. It
 * opens no transaction.
 */
export function databaseOn(client: pg.ClientBase): Database {
  const kysely = bound(client);
  const on: Pick<Database, 'read' | 'vital' | 'on' | 'rows' | 'send' | 'gather'> = {
    ...{ read: kysely, vital: kysely, on: () => kysely },
    rows: (_tx, text, values) => rowsOn(client, text, values),
    async send(_tx, statement) {
      await run({ client, kysely }, statement);
    },
    async gather(_tx, _name, items, statement, failed) {
      await run({ client, kysely }, statement(items)).catch((cause: unknown) => {
        throw failed(cause);
      });
    },
  };
  return on as Database;
}

/** A Kysely that runs everything on one connection, inside the transaction that is open there. */
function bound(client: pg.ClientBase): Kysely<Tables> {
  const query = (text: string, values?: unknown[]) => {
    together(client);
    return client.query(text, values);
  };
  const lent = { query, release: () => undefined };
  const pool = { connect: async () => lent, end: async () => undefined };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as unknown as pg.Pool }) });
}
