import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PortreeveError, type SourceContract } from '@portreeve/contract';
import { Agent, type Dispatcher, MockAgent } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { httpSource, sourceUrl } from './read-http.ts';
import { memorySecretReader, sourceReaderContract } from './testing/index.ts';

async function serve(listener: RequestListener): Promise<{ server: Server; base: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    server,
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

sourceReaderContract('http', async (text, shape) => {
  const { base, close } = await serve((_request, response) => {
    if (text === null) response.writeHead(404).end('{"code":"not_found"}');
    else response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(text);
  });
  const dispatcher = new Agent();
  return {
    reader: httpSource({ dispatcher, secrets: memorySecretReader({}) }),
    request: {
      contract: {
        ...shape,
        query: { type: 'object' },
        binding: { kind: 'http', url: `${base}/cases/{case_id}/logs` },
      },
      query: { case_id: 'CASE-1' },
      attachments: [],
    },
    close: async () => {
      await dispatcher.destroy();
      await close();
    },
  };
});

describe('the HTTP reader', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const contract = (url: string, credential?: string, timeout_ms = 5000): SourceContract => ({
    name: 'case-logs',
    version: '1.0',
    title: 'Logs',
    integrity: 'untrusted',
    confidentiality: 'internal',
    categories: [],
    query: { type: 'object' },
    fields: [{ name: 'n', max_chars: 10 }],
    limits: { max_items: 10, max_bytes: 1000, timeout_ms },
    binding: { kind: 'http', url, ...(credential === undefined ? {} : { credential }) },
  });
  const read = async (listener: RequestListener, options: { credential?: string; timeout_ms?: number } = {}) => {
    const { base, close } = await serve(listener);
    const dispatcher = new Agent();
    closers.push(close, () => dispatcher.destroy());
    return httpSource({ dispatcher, secrets: memorySecretReader({ 'log-token': 's3cret-token', broken: 'a\r\nb: c' }) })
      .read({
        contract: contract(`${base}/cases/{case_id}/logs`, options.credential, options.timeout_ms),
        query: { case_id: 'CASE-1' },
        attachments: [],
      })
      .catch((error: unknown) => error as PortreeveError);
  };

  test('sends one GET with the credential of that name as a bearer token', async () => {
    const seen: unknown[] = [];
    await read(
      (request, response) => {
        seen.push([request.method, request.url, request.headers.authorization]);
        response.end('{"n":1}');
      },
      { credential: 'log-token' },
    );
    expect(seen).toEqual([['GET', '/cases/CASE-1/logs', 'Bearer s3cret-token']]);
  });

  test('E9: a missing or unusable secret fails before anything is sent, and no error tells a secret', async () => {
    let calls = 0;
    for (const credential of ['unknown', 'broken']) {
      const error = await read((_request, response) => void response.end(String(calls++)), { credential });
      expect(error).toMatchObject({ code: 'source_failed' });
      expect(JSON.stringify(error)).not.toContain('b: c');
    }
    expect(calls).toBe(0);
  });

  test('a credential is not sent in clear text to another machine', async () => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    closers.push(() => agent.close());
    const reader = httpSource({ dispatcher: agent, secrets: memorySecretReader({ 'log-token': 'x' }) });
    await expect(
      reader.read({ contract: contract('http://logs.example/{id}', 'log-token'), query: { id: 'a' }, attachments: [] }),
    ).rejects.toThrow('without encryption');
  });

  test('F13: a redirect is not followed', async () => {
    const paths: unknown[] = [];
    const error = await read((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(error).toMatchObject({ code: 'source_failed' });
    expect(paths).toEqual(['/cases/CASE-1/logs']);
  });

  test.each([500, 403, 204, 206])('status %i is a failed source', async (status) => {
    expect(await read((_request, response) => void response.writeHead(status).end())).toMatchObject({
      code: 'source_failed',
    });
  });

  test('an endless answer, a silent one, a broken one and a compressed one each fail', async () => {
    const endless = await read((_request, response) => {
      response.writeHead(200);
      const more = () => response.write('{"n":1}\n'.repeat(100)) && setImmediate(more);
      more();
    });
    expect(endless).toMatchObject({ code: 'source_failed', detail: expect.stringContaining('1000 bytes') });
    const silent = await read(() => undefined, { timeout_ms: 100 });
    expect(silent).toMatchObject({ code: 'source_failed', detail: expect.stringContaining('100 ms') });
    const slow = await read((_request, response) => void response.writeHead(200).write('{"n":'), { timeout_ms: 100 });
    expect(slow).toMatchObject({ code: 'source_failed', detail: expect.stringContaining('100 ms') });
    const broken = await read((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"n":1}\n');
      response.socket?.destroy();
    });
    expect(broken).toMatchObject({ code: 'source_failed' });
    const compressed = await read(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    );
    expect(compressed).toMatchObject({ code: 'source_failed' });
  });

  test('F13: the refusal of the egress guard comes through as it is', async () => {
    const refusal = new PortreeveError('egress_refused', 'not declared');
    const guard = new Agent({ connect: (_options, callback) => callback(refusal, null) });
    closers.push(() => guard.destroy());
    const reader = httpSource({ dispatcher: guard as Dispatcher, secrets: memorySecretReader({}) });
    await expect(
      reader.read({ contract: contract('http://logs.example/{id}'), query: { id: 'a' }, attachments: [] }),
    ).rejects.toMatchObject({ code: 'egress_refused' });
  });
});

describe('the address of a query', () => {
  const template = 'https://logs.example/cases/{case_id}/logs?from={from}';

  test('values are percent-encoded', () => {
    expect(sourceUrl('logs', template, { case_id: 'a b%2f?#&', from: 'x&y=z/é' }).href).toBe(
      'https://logs.example/cases/a%20b%252f%3F%23%26/logs?from=x%26y%3Dz%2F%C3%A9',
    );
    expect(sourceUrl('logs', template, { case_id: 7, from: 1 }).pathname).toBe('/cases/7/logs');
  });

  test.each(['..', '.', '', 'a/b', '..\\x', '\ud800', null, 1.5, true, ['x']])('%j is refused', (case_id) => {
    expect(() => sourceUrl('logs', template, { case_id, from: 'x' })).toThrow(PortreeveError);
  });

  test.each([
    ['https://{case_id}/logs', 'evil.example'],
    ['https://logs.{case_id}/logs', 'example'],
    ['https://user@logs.example/{case_id}', 'x'],
    ['file:///etc/{case_id}', 'passwd'],
    ['https://logs.example:{case_id}/x', '80'],
  ])('the template %s is refused', (bad, case_id) => {
    expect(() => sourceUrl('logs', bad, { case_id })).toThrow();
  });
});
