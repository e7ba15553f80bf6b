import { once } from 'node:events';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Sink } from '@portreeve/audit';
import type { Egress } from '@portreeve/execute';

/** Facility 13, log audit; severity 6, informational (RFC 5424, 6.2.1). */
const PRIORITY = 13 * 8 + 6;

/**
 * Syslog over TLS (RFC 5425), one connection a batch. Syslog has no answer, so the end of the connection is it: the
 * batch counts as taken when the receiver, told that no more comes, closes without an error after all was written.
 */
export function syslogSink(options: {
  readonly egress: Pick<Egress, 'connect'>;
  readonly host: string;
  readonly port: number;
  /** The name of this installation in the header. */
  readonly hostname: string;
  readonly tls?: Pick<ConnectionOptions, 'ca'>;
}): Sink {
  const { egress, host, port, hostname, tls } = options;
  return {
    async send({ lines }, signal) {
      const plain = await egress.connect({ host, port, plain: false, signal });
      // A name is told to the receiver; an address is only checked against its certificate.
      const named = isIP(host) === 0 ? { servername: host } : {};
      const socket = connect({ ...tls, ...named, socket: plain, host, minVersion: 'TLSv1.2' });
      const stop = () => socket.destroy(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (signal.aborted) stop();
        await once(socket, 'secureConnect');
        // Both are set up before the first byte: a receiver that breaks off is heard at any time.
        const closed = once(socket, 'end');
        closed.catch(() => undefined);
        socket.resume();
        for (const { time, index, text } of lines) {
          const message = Buffer.from(`<${PRIORITY}>1 ${time} ${hostname} portreeve - ${index} - ${text}`, 'utf8');
          if (!socket.write(Buffer.concat([Buffer.from(`${message.length} `), message]))) await once(socket, 'drain');
        }
        socket.end();
        await closed;
        if (socket.writableLength > 0) throw new Error('the receiver closed before it had taken all');
      } finally {
        signal.removeEventListener('abort', stop);
        socket.destroy();
        plain.destroy();
      }
    },
  };
}
