import { createServer as createHttpsServer, type Server } from 'node:https';
import { type AddressInfo, connect, createServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { selfSigned } from '../testing/certificate.ts';
import { createEgress } from './egress.ts';
import type { EgressProxy } from './proxy.ts';

/** A proxy that goes to this machine whatever it is told, and keeps what it was told. */
describe('F13: a proxy', () => {
  let target: Server;
  let proxy: TcpServer;
  let place: EgressProxy;
  let heads: string[];
  let answer = 'HTTP/1.1 200 Connection established\r\n\r\n';
  const tls = selfSigned();
  const listening = (server: { listen(port: number, host: string, done: () => void): unknown; address(): unknown }) =>
    new Promise<number>((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));

  beforeAll(async () => {
    target = createHttpsServer({ key: tls.key, cert: tls.certificate }, (_, response) => response.end('behind'));
    const port = await listening(target);
    proxy = createServer((client) => {
      client.on('error', () => undefined);
      client.once('data', (head) => {
        heads.push(head.toString('latin1'));
        client.write(answer);
        const upstream = connect(port, '127.0.0.1').on('error', () => undefined);
        client.pipe(upstream).pipe(client);
      });
    });
    place = { host: '127.0.0.1', port: await listening(proxy), resolve: 'here' };
  });
  beforeEach(() => {
    heads = [];
    answer = 'HTTP/1.1 200 Connection established\r\n\r\n';
  });
  afterAll(() => {
    target.closeAllConnections();
    return Promise.all([target, proxy].map((server) => new Promise((done) => server.close(done))));
  });

  const guard = (change: Partial<EgressProxy> = {}, address = '203.0.114.7') =>
    createEgress({
      allow: [{ host: 'cases.test' }, { host: '127.0.0.1', port: 1, private: true }],
      proxy: { ...place, ...change },
      resolve: async () => [{ address, family: 4 }],
    });
  const socket = (egress: ReturnType<typeof guard>, port = 443) =>
    egress.connect({ host: 'cases.test', port, plain: false, signal: AbortSignal.timeout(2_000) });

  test('is told the address that was checked, and the TLS of the target goes through it', async () => {
    const error = await guard()
      .fetch('https://cases.test/')
      .catch((each: unknown) => each);
    // The certificate is not one for cases.test: so far it went, through the proxy.
    expect(error).toMatchObject({ cause: { code: expect.stringMatching(/SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY/) } });
    expect(heads).toEqual(['CONNECT 203.0.114.7:443 HTTP/1.1\r\nhost: 203.0.114.7:443\r\n\r\n']);
  });

  test('is told the name where its operator answers for the addresses, with the credential', async () => {
    (await socket(guard({ resolve: 'proxy', authorization: async () => 'Basic abc' }))).destroy();
    expect(heads).toEqual([
      'CONNECT cases.test:443 HTTP/1.1\r\nhost: cases.test:443\r\nproxy-authorization: Basic abc\r\n\r\n',
    ]);
  });

  test('is told of no address that is refused, and of no host that is not declared', async () => {
    await expect(socket(guard({}, '10.0.0.1'))).rejects.toMatchObject({ code: 'egress_refused' });
    await expect(socket(guard(), 444)).rejects.toMatchObject({ code: 'egress_refused' });
    const literal = createEgress({ allow: [{ host: '169.254.169.254' }], proxy: { ...place, resolve: 'proxy' } });
    const place169 = { host: '169.254.169.254', port: 443, plain: false, signal: AbortSignal.timeout(2_000) };
    await expect(literal.connect(place169)).rejects.toMatchObject({ code: 'egress_refused' });
    expect(heads).toEqual([]);
  });

  test('a private host is reached without it', async () => {
    await expect(
      guard().connect({ host: '127.0.0.1', port: 1, plain: true, signal: AbortSignal.timeout(2_000) }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(heads).toEqual([]);
  });

  test.each([
    ['that refuses', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'],
    ['that is none', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(9000)}`],
  ])('an answer %s is an error', async (_, text) => {
    answer = text;
    await expect(socket(guard())).rejects.toMatchObject({ code: 'EPROXY' });
  });

  test('what the target says at once is not lost', async () => {
    answer = 'HTTP/1.1 200 OK\r\n\r\n220 mail.example ESMTP\r\n';
    const through = await socket(guard());
    await new Promise((later) => setImmediate(later));
    const said = await new Promise<string>((done) => through.once('data', (chunk) => done(chunk.toString())));
    expect(said).toBe('220 mail.example ESMTP\r\n');
    through.destroy();
  });
});
