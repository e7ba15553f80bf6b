import type { IncomingMessage } from 'node:http';
import type { MessageReply } from './message.ts';

export interface ErrorReply {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly error_code?: string;
}

/** A request that passed the checks of its API. */
export interface Asked<Body> {
  readonly body: Body;
  readonly stream: boolean;
}

/** What one vendor's wire looks like: its routes, credentials, bodies, frames and errors. */
export interface Dialect<Body> {
  /** Checks route, credential and body as the API does. */
  read(incoming: IncomingMessage, text: string): Asked<Body> | ErrorReply;
  /** Headers of every answer. */
  headers(n: number): Readonly<Record<string, string>>;
  message(reply: MessageReply, n: number): unknown;
  readonly stream_type: string;
  /** The whole stream of a message, frame by frame. */
  frames(reply: MessageReply, n: number): (string | Uint8Array)[];
  error(reply: ErrorReply, n: number): { readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };
}

/** The JSON of a body, or what the API says where it is none. */
export function jsonBody(text: string): { readonly data: unknown } | ErrorReply {
  try {
    return { data: JSON.parse(text) };
  } catch {
    return { status: 400, message: 'the request body is not valid JSON' };
  }
}

export const isError = (read: object): read is ErrorReply => 'status' in read;
