import type { Socket } from 'node:net';
import { urlHost } from './rules.ts';

/** An HTTP proxy that tunnels by CONNECT (RFC 9110, 9.3.6). */
export interface EgressProxy {
  readonly host: string;
  readonly port: number;
  /**
   * Who looks names up. `here`: we do, and the proxy is told the address that was checked. `proxy`: it is told the name,
   * and its operator answers for the addresses behind it.
   */
  readonly resolve: 'here' | 'proxy';
  /** The value of `Proxy-Authorization`, read for each connection. */
  readonly authorization?: () => Promise<string | null>;
}

const HEAD_BYTES_MAX = 8192;

/** Makes of a connection to a proxy one to the target. The socket is destroyed where that fails. */
export async function openTunnel(
  socket: Socket,
  options: {
    readonly target: string;
    readonly port: number;
    readonly proxy: EgressProxy;
    readonly signal: AbortSignal;
  },
): Promise<Socket> {
  const { target, port, proxy, signal } = options;
  const place = `${urlHost(target)}:${port}`;
  try {
    const authorization = (await proxy.authorization?.()) ?? null;
    if (authorization !== null && !/^[\x20-\x7e]{1,4096}$/.test(authorization)) {
      throw new TypeError('the credential of the proxy cannot stand in a header');
    }
    const head = [`CONNECT ${place} HTTP/1.1`, `host: ${place}`];
    if (authorization !== null) head.push(`proxy-authorization: ${authorization}`);
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    const status = await readHead(socket, signal);
    if (status < 200 || status > 299) throw networkError('EPROXY', `the proxy answered ${status}`);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}

/** The status of the proxy's answer. */
function readHead(socket: Socket, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const settle = (error: unknown, status = 0): void => {
      socket.removeListener('readable', read);
      socket.removeListener('error', settle);
      socket.removeListener('close', closed);
      signal.removeEventListener('abort', abort);
      if (error === null) resolve(status);
      else reject(error);
    };
    const closed = (): void => settle(networkError('ECONNRESET', 'the proxy closed the connection'));
    const abort = (): void => settle(signal.reason);
    // Read on demand and not as it flows: whoever gets the socket then finds it as if it were new.
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        head = Buffer.concat([head, chunk]);
      }
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) {
        if (head.length > HEAD_BYTES_MAX) settle(networkError('EPROXY', 'the answer of the proxy has no end'));
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(head.toString('latin1', 0, end + 2));
      const rest = head.subarray(end + 4);
      if (status) settle(null, Number(status[1]));
      else settle(networkError('EPROXY', 'the answer of the proxy is not HTTP'));
      // A server such as SMTP speaks first: what it said travels behind the proxy's answer.
      if (rest.length > 0) socket.unshift(rest);
    };
    socket.on('readable', read);
    socket.once('error', settle);
    socket.once('close', closed);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function networkError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
