import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enginePool } from './engine-pool.ts';

/** A message of PostgreSQL's protocol (version 3): a letter, the length with itself, and the body. */
const message = (letter: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const LET_IN = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const ENDED = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'));

let server: Server;
beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    // In one packet: it is let in, and it is ended.
    socket.once('data', () => socket.end(Buffer.concat([LET_IN, ENDED])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => new Promise((done) => server.close(done)));

test('J2: a connection that is ended in the packet that accepts it fails its query, and nothing else', async () => {
  const { port } = server.address() as AddressInfo;
  const pool = enginePool(`postgresql://u:p@127.0.0.1:${port}/d`, 'test');
  await expect(pool.query('SELECT 1')).rejects.toThrow(/terminated|not queryable|terminating/);
  // As the engine does it: it listens an instant after it has the connection.
  const client = await pool.connect();
  await expect(client.query('SELECT 1')).rejects.toThrow(/terminated|not queryable|terminating/);
  client.release(true);
  await pool.end();
});
