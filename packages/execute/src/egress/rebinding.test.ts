import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetch as undiciFetch } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type DnsServer, startDnsServer } from '../testing/dns-server.ts';
import { createEgress, type Egress } from './egress.ts';

const refused = { name: 'PortreeveError', code: 'egress_refused' };

describe('F13: a resolver that changes its answer', () => {
  let server: Server;
  let port: number;
  let connections = 0;
  let dns: DnsServer;
  let egress: Egress;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: `http://other.test:${port}/` }).end();
      else response.end('here');
    });
    server.on('connection', () => connections++);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    await egress.close();
    await dns.close();
    connections = 0;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  const guard = async (rule: { private?: boolean }, ...answers: string[][]) => {
    dns = await startDnsServer(answers);
    egress = createEgress({ allow: [{ host: 'cases.test', port, ...rule }], resolve: dns.resolve });
  };
  const connect = () => egress.connect({ host: 'cases.test', port, plain: false, signal: AbortSignal.timeout(2_000) });

  test('is asked once for a connection, and what it said is what is connected to', async () => {
    await guard({ private: true }, ['127.0.0.1'], ['169.254.169.254']);
    expect(await (await egress.fetch(`http://cases.test:${port}/`)).text()).toBe('here');
    expect(dns.asked).toEqual(['cases.test']);
    await expect(egress.fetch(`http://cases.test:${port}/`)).rejects.toMatchObject(refused);
    expect(dns.asked).toHaveLength(2);
    expect(connections).toBe(1);
  });

  test('a public name that turns to this machine is refused at the connection', async () => {
    await guard({}, ['127.0.0.1']);
    await expect(egress.fetch(`https://cases.test:${port}/`)).rejects.toMatchObject(refused);
    await expect(connect()).rejects.toMatchObject(refused);
    expect(connections).toBe(0);
  });

  test('one bad address among good ones refuses the name, for sockets too', async () => {
    await guard({ private: true }, ['127.0.0.1', '169.254.169.254']);
    await expect(connect()).rejects.toMatchObject(refused);
    expect(connections).toBe(0);
  });

  test('F13: a name that nobody answers for is given up in time', async () => {
    await guard({ private: true }, ['127.0.0.1']);
    const hasty = createEgress({
      allow: [{ host: 'cases.test', port, private: true }],
      resolve: () => new Promise(() => undefined),
      connect_timeout_ms: 50,
    });
    const place = { host: 'cases.test', port, plain: true, signal: new AbortController().signal };
    await expect(hasty.connect(place)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(hasty.fetch(`http://cases.test:${port}/`)).rejects.toMatchObject({ cause: { code: 'ETIMEDOUT' } });
    await hasty.close();
  });

  test('a client that follows redirects by itself is checked at each hop', async () => {
    await guard({ private: true }, ['127.0.0.1']);
    const { dispatcher } = egress;
    await expect(
      undiciFetch(`http://cases.test:${port}/away`, { dispatcher, redirect: 'follow' }),
    ).rejects.toMatchObject({
      cause: refused,
    });
    expect(dns.asked).toEqual(['cases.test']);
    expect(connections).toBe(1);
    const manual = await egress.fetch(`http://cases.test:${port}/away`, { redirect: 'manual' });
    expect(manual.status).toBe(302);
    await expect(egress.fetch(manual.headers.get('location')!)).rejects.toMatchObject(refused);
  });
});
