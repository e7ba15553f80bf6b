import { isIP, type Socket } from 'node:net';
import { PortreeveError } from '@portreeve/contract';
import { Agent, buildConnector, type Dispatcher, fetch as undiciFetch } from 'undici';
import { assertAddress, type Resolve, systemResolve } from './lookup.ts';
import { openSocket } from './open-socket.ts';
import type { EgressProxy } from './proxy.ts';
import { bare, type EgressRule, refused, ruleFor, rulesOf, urlHost } from './rules.ts';

/** The only way out of a process that guards its egress. */
export interface Egress {
  /** Throws `egress_refused` unless the address is declared. The resolved address is checked when it is connected to. */
  check(url: URL): void;
  /** Each connection through it is checked; none is kept but by `keep_idle_ms`. It follows no redirect. */
  readonly dispatcher: Dispatcher;
  /**
   * `fetch` over {@link Egress.dispatcher}. A redirect is an error, or with `redirect: 'manual'` an answer; whoever goes
   * on to its target is checked again. Rejects with `egress_refused` where that is why.
   */
  readonly fetch: typeof globalThis.fetch;
  /**
   * A connected socket, for protocols that are not HTTP. `plain`: it will not be encrypted, which only a private host
   * may ask for. Rejects with `egress_refused`, a network error, or the signal's reason.
   */
  connect(place: {
    readonly host: string;
    readonly port: number;
    readonly plain: boolean;
    readonly signal: AbortSignal;
  }): Promise<Socket>;
  close(): Promise<void>;
}

export interface EgressOptions {
  readonly allow: readonly EgressRule[];
  readonly proxy?: EgressProxy | undefined;
  /** Another resolver than the system's. */
  readonly resolve?: Resolve;
  /** For looking up, connecting, and the proxy: 10 seconds. */
  readonly connect_timeout_ms?: number;
  /** Until the first byte of an answer: 2 minutes; a caller with less patience has a signal. */
  readonly headers_timeout_ms?: number;
  /** Between two bytes of an answer: 1 minute. */
  readonly idle_timeout_ms?: number;
  /**
   * Milliseconds that a connection is kept for the next request, which saves its handshakes. Only for requests that may be
   * sent twice, such as questions to a model; without it none is kept.
   */
  readonly keep_idle_ms?: number;
  /** Bytes of an answer at the most: 64 MiB; callers have lower bounds of their own. */
  readonly answer_bytes_max?: number;
}

/**
 * An egress guard: only declared hosts, and of their addresses only those that `refusedAddress` lets pass. The check
 * stands inside the lookup that the connection uses, so that a name that changes its answer (DNS rebinding) changes
 * nothing.
 */
export function createEgress(options: EgressOptions): Egress {
  const { resolve = systemResolve, proxy = null, connect_timeout_ms = 10_000 } = options;
  const rules = rulesOf(options.allow);
  const encrypt = buildConnector({ allowH2: false, timeout: connect_timeout_ms });

  const check = (url: URL): EgressRule => {
    const scheme = url.protocol;
    if (url.username || url.password) throw refused('An address with a name or a password in it is refused.');
    if (scheme !== 'https:' && scheme !== 'http:') throw refused(`The scheme ${scheme} is refused.`);
    const port = Number(url.port || (scheme === 'https:' ? 443 : 80));
    const rule = ruleFor(rules, { host: url.hostname, port, plain: scheme === 'http:' });
    if (isIP(bare(url.hostname))) assertAddress(url.hostname, bare(url.hostname), rule.private === true);
    return rule;
  };

  const open = async (host: string, port: number, rule: EgressRule, signal?: AbortSignal): Promise<Socket> => {
    const limit = new AbortController();
    const late = (): void => limit.abort(Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' }));
    // A busy process finds its timers before its sockets: it looks at those once more before it gives up.
    const timer = setTimeout(() => setImmediate(() => setImmediate(late)), connect_timeout_ms);
    const within = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
    try {
      return await openSocket({ host, port, rule, resolve, proxy, signal: within });
    } finally {
      clearTimeout(timer);
    }
  };

  const connectFor: buildConnector.connector = (target, callback) => {
    const connect = async (): Promise<Socket> => {
      const url = new URL(`${target.protocol}//${urlHost(target.hostname)}:${target.port || ''}`);
      const rule = check(url);
      return open(bare(url.hostname), Number(url.port || (url.protocol === 'https:' ? 443 : 80)), rule);
    };
    connect().then(
      (socket) => {
        if (target.protocol === 'https:') encrypt({ ...target, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };

  const dispatcher = new Agent({
    // One connection a request: a kept one may be closed by the other side just as a request goes out, and then nobody
    // knows whether it arrived. It also has the address of every request checked; of a kept one, when it was opened.
    ...(options.keep_idle_ms === undefined
      ? { pipelining: 0 }
      : { pipelining: 1, keepAliveTimeout: options.keep_idle_ms, keepAliveMaxTimeout: options.keep_idle_ms }),
    allowH2: false,
    headersTimeout: options.headers_timeout_ms ?? 120_000,
    bodyTimeout: options.idle_timeout_ms ?? 60_000,
    maxResponseSize: options.answer_bytes_max ?? 64 * 1024 * 1024,
    connect: connectFor,
  });

  return {
    check(url) {
      check(url);
    },
    dispatcher,
    fetch: (async (input: string | URL, init?: RequestInit) => {
      const redirect = init?.redirect === 'manual' ? 'manual' : 'error';
      try {
        return await undiciFetch(input, { ...init, redirect, dispatcher } as never);
      } catch (error) {
        throw error instanceof Error && error.cause instanceof PortreeveError ? error.cause : error;
      }
    }) as unknown as typeof globalThis.fetch,
    async connect({ host, port, plain, signal }) {
      return open(host, port, ruleFor(rules, { host, port, plain }), signal);
    },
    async close() {
      await dispatcher.destroy();
    },
  };
}
