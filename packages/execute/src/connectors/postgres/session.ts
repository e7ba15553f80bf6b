import type { Socket } from 'node:net';
import pg from 'pg';
import type { Login } from '../login.ts';

export interface SessionOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly login: Login;
  /** Certificates to trust besides those of the system, as PEM; `null`: no TLS. */
  readonly tls: { readonly ca?: string } | null;
  /** Bytes that the server may send in all. */
  readonly bytes_max: number;
  readonly signal: AbortSignal;
}

/** The server sent more than it may. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

export type Row = { readonly [column: string]: unknown };

export interface Session {
  /** One statement by the extended protocol, which takes no second one. Values as text; NULL as null. */
  query(text: string, values?: readonly (string | null)[]): Promise<{ rows: Row[]; command: string; count: number }>;
  close(): void;
}

/** A session over a connected socket. Everything in it ends with the signal. Nothing is read from the environment. */
export async function openSession(socket: Socket, options: SessionOptions): Promise<Session> {
  const { host, port, database, login, tls, bytes_max, signal } = options;
  let stopped: unknown = null;
  // The socket is connected and its address is checked: the driver's own connecting is nothing but a tick.
  socket.connect = () => {
    process.nextTick(() => socket.emit('connect'));
    return socket;
  };
  const client = new pg.Client({
    stream: () => socket,
    host,
    port,
    database,
    user: login.username,
    password: login.password,
    ssl: tls === null ? false : { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...tls },
    application_name: 'portreeve',
    client_encoding: 'UTF8',
    // The settings of a session are made inside its transaction; poolers know none of those at the start.
    options: '-c datestyle=ISO',
  } as pg.ClientConfig);
  const stop = (reason: unknown): void => {
    stopped ??= reason;
    socket.destroy();
  };
  const abort = (): void => stop(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const close = (): void => {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  };
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw stopped ?? error;
    }
  };
  client.on('error', (error) => stop(error));
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > bytes_max) stop(new TooMuch(`an answer of more than ${bytes_max} bytes`));
  };
  const { connection } = client as unknown as {
    connection: { stream: Socket; once(event: string, f: () => void): void };
  };
  if (tls === null) socket.on('data', count);
  else connection.once('sslconnect', () => connection.stream.on('data', count));
  try {
    await guarded(client.connect());
  } catch (error) {
    close();
    throw error;
  }
  return {
    close,
    async query(text, values = []) {
      const config = { text, values: [...values], types: TYPES, queryMode: 'extended' };
      const result = await guarded(client.query(config as pg.QueryConfig));
      return { rows: result.rows as Row[], command: result.command, count: result.rowCount ?? 0 };
    },
  };
}

const BOOL = 16;
const INT2 = 21;
const INT4 = 23;
const JSON_TYPES = [114, 3802];

/** Only what JSON carries exactly becomes another thing than text: bigint and numeric stay as the server wrote them. */
const TYPES = {
  getTypeParser:
    (oid: number) =>
    (text: string): unknown => {
      if (oid === BOOL) return text === 't';
      if (oid === INT2 || oid === INT4) return Number(text);
      return JSON_TYPES.includes(oid) ? JSON.parse(text) : text;
    },
};
