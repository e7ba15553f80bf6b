import { type AddressInfo, connect, createServer } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** Puts TLS before a PostgreSQL that has none, as its protocol asks for it: SSLRequest, `S`, then the handshake. */
export async function startPostgresTls(
  target: { readonly host: string; readonly port: number },
  tls: { readonly key: string; readonly certificate: string },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const secureContext = createSecureContext({ key: tls.key, cert: tls.certificate });
  const server = createServer((raw) => {
    raw.on('error', () => undefined);
    raw.once('data', (request) => {
      // Length 8 and the code 80877103 (PostgreSQL protocol, SSLRequest).
      if (request.length !== 8 || request.readUInt32BE(4) !== 80_877_103) return raw.destroy();
      raw.write('S');
      const secure = new TLSSocket(raw, { isServer: true, secureContext });
      const upstream = connect(target.port, target.host);
      for (const socket of [secure, upstream]) socket.on('error', () => raw.destroy());
      secure.pipe(upstream).pipe(secure);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
