import type { RecordType } from '@portreeve/contract';
import type { Authenticated } from '@portreeve/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Services } from '../services.ts';

type Shape = z.ZodType;
type Parsed<T> = T extends Shape ? z.output<T> : undefined;

export interface Call<P, Q, B> {
  readonly services: Services;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Who asks. A public route has none, and its handler must not need one. */
  readonly who: Authenticated;
  /** The client's own name for what it asks, where the route takes one and the client gave one. */
  readonly key: string | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/**
 * A route as data. `operation` is what policy is asked before the handler runs; `public` routes stand in a list of their
 * own (`routes/public.ts`), which a test keeps short. `records` says what the route leaves in the log: `read` writes
 * `api.read` before the handler runs, otherwise the types that the stages write.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly operation: string;
  readonly summary: string;
  readonly records: 'read' | 'none' | readonly RecordType[];
  readonly params?: Shape;
  readonly query?: Shape;
  readonly body?: Shape;
  /** Takes `Idempotency-Key`: the same key and the same request again is no second action. */
  readonly takes_key?: true;
  /** In a browser's session it asks for a proof of who one is that is minutes old: it gives rights, or stops the house. */
  readonly fresh_proof?: true;
  readonly answers: { readonly [status: number]: Shape };
  readonly bodyLimit?: number;
  /** Requests a minute and address, where that is not what it is for everything else. */
  readonly per_minute?: number | ((services: Services) => number);
  /** A resource of its own (RFC 8707) behind its own checks of `Host` and `Origin`: it tells clients how to get a token. */
  readonly resource?: true;
  /** Takes form-encoded parameters and answers errors as RFC 6749 has it. */
  readonly oauth?: true;
  /** A page that links of other sites lead to. */
  readonly page?: true;
  /** An answer that is written as it arises (events, files): not checked against a schema. */
  readonly stream?: string;
  // biome-ignore lint/suspicious/noExplicitAny: each route knows its own shapes; `route` checks them
  readonly handler: (call: Call<any, any, any>) => Promise<unknown>;
}

/** Types a route's handler by its own schemas. */
export function route<P extends Shape | undefined, Q extends Shape | undefined, B extends Shape | undefined>(
  spec: Omit<Route, 'handler' | 'params' | 'query' | 'body'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly handler: (call: Call<Parsed<P>, Parsed<Q>, Parsed<B>>) => Promise<unknown>;
  },
): Route {
  return spec as unknown as Route;
}
