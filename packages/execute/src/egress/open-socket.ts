import { connect, isIP, type Socket } from 'node:net';
import { assertAddress, checkedAddresses, guardedLookup, type Resolve } from './lookup.ts';
import { type EgressProxy, openTunnel } from './proxy.ts';
import { bare, type EgressRule, refused } from './rules.ts';

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly rule: EgressRule;
  readonly resolve: Resolve;
  /** For hosts that are not private: those are reached directly. */
  readonly proxy: EgressProxy | null;
  readonly signal: AbortSignal;
}

/**
 * A connected socket to a declared place. The resolved address is checked in the lookup that the connection uses, and
 * once more on the socket itself. Rejects with `egress_refused`, a network error, or the signal's reason.
 */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const { host, port, rule, resolve, proxy, signal } = options;
  const allowPrivate = rule.private === true;
  if (proxy === null || allowPrivate) return direct({ host, port, resolve, allowPrivate, signal });
  const literal = isIP(bare(host)) !== 0;
  const target =
    proxy.resolve === 'proxy' && !literal ? host : (await checkedAddresses(resolve, host, false))[0]!.address;
  // The proxy stands where its operator has put it, as a rule in a private network.
  const socket = await direct({ host: proxy.host, port: proxy.port, resolve, allowPrivate: true, signal });
  return openTunnel(socket, { target, port, proxy, signal });
}

async function direct(options: {
  readonly host: string;
  readonly port: number;
  readonly resolve: Resolve;
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}): Promise<Socket> {
  const { host, port, resolve, allowPrivate, signal } = options;
  signal.throwIfAborted();
  if (isIP(bare(host))) assertAddress(host, bare(host), allowPrivate);
  const socket = connect({ host: bare(host), port, lookup: guardedLookup(resolve, allowPrivate) });
  await connected(socket, signal);
  try {
    assertAddress(host, socket.remoteAddress ?? '', allowPrivate);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  // It may break before its user listens, and that must not end the process; the user is told by its closing.
  socket.on('error', () => undefined);
  return socket;
}

function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: unknown): void => {
      signal.removeEventListener('abort', abort);
      socket.removeListener('connect', ready);
      socket.removeListener('error', settle);
      if (error === null) resolve();
      else {
        // It may fail once more while it goes; nobody listens any longer.
        socket.on('error', () => undefined).destroy();
        reject(error ?? refused('The connection failed.'));
      }
    };
    const ready = (): void => settle(null);
    const abort = (): void => settle(signal.reason);
    socket.once('connect', ready);
    socket.once('error', settle);
    signal.addEventListener('abort', abort, { once: true });
  });
}
