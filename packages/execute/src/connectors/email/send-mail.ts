import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Login } from '../login.ts';
import type { Message } from './compose.ts';

/** How far one message came. Everything but `not-sent` and `refused` may have been delivered. */
export type Delivery =
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'no-answer'; readonly reason: string }
  | { readonly kind: 'partial'; readonly accepted: number; readonly of: number }
  | { readonly kind: 'accepted' };

/** Bytes of one reply of the server at the most. */
const REPLY_BYTES_MAX = 64 * 1024;

export interface MailServer {
  readonly host: string;
  /** Where TLS begins: with the connection, by STARTTLS, or never. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** Certificates to trust besides those of the system, as PEM. */
  readonly ca?: string;
  readonly login: Login | null;
}

/** Gives one message to a server over a connected socket, once, and never rejects. */
export function sendMail(socket: Socket, message: Message, server: MailServer, signal: AbortSignal): Promise<Delivery> {
  return new Promise((resolve) => {
    // The text of a message leaves only after the server's 354. Before that nothing can have been delivered.
    let begun = false;
    let settled = false;
    const connection = new SMTPConnection({
      connection: socket,
      host: server.host,
      secure: server.tls === 'implicit',
      requireTLS: server.tls === 'starttls',
      ignoreTLS: server.tls === 'none',
      tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(server.ca === undefined ? {} : { ca: server.ca }) },
      name: message.from.slice(message.from.indexOf('@') + 1),
      maxResponseSize: REPLY_BYTES_MAX,
      socketCloseTimeout: 0,
      logger: false,
    });
    const settle = (delivery: Delivery): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', stop);
      if (delivery.kind === 'accepted') connection.quit();
      else connection.close();
      if (delivery.kind !== 'accepted') socket.destroy();
      resolve(delivery);
    };
    const stop = (): void => broken((signal.reason as Error).message);
    const broken = (reason: string): void => settle({ kind: begun ? 'no-answer' : 'not-sent', reason });
    const failed = (error: unknown): void => {
      const { responseCode } = error as { responseCode?: unknown };
      if (typeof responseCode === 'number' && responseCode >= 400 && responseCode <= 599) {
        settle({ kind: 'refused', reason: `the mail server refused: ${responseCode}` });
      } else broken('the connection to the mail server broke');
    };
    const text = new Readable({
      read() {
        begun = true;
        this.push(message.raw);
        this.push(null);
      },
    });
    const send = (): void => {
      connection.send({ from: message.from, to: [...message.to] }, text, (error, info) => {
        if (error) failed(error);
        else if (info === undefined || info.rejected.length > 0) {
          settle({ kind: 'partial', accepted: info?.accepted.length ?? 0, of: message.to.length });
        } else settle({ kind: 'accepted' });
      });
    };
    connection.on('error', failed);
    connection.once('end', () => broken('the connection to the mail server broke'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) return stop();
    connection.connect((error) => {
      if (error) return failed(error);
      if (server.login === null) return send();
      const { username: user, password: pass } = server.login;
      connection.login({ user, pass }, (refused) => (refused ? failed(refused) : send()));
    });
  });
}
