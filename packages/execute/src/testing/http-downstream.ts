import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { ToolContract } from '@portreeve/contract';
import type { Connector } from '../ports.ts';
import type { Downstream } from './connector-contract.ts';
import { closedPort, startTcpProxy } from './tcp-proxy.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface HttpDownstreamOptions {
  readonly connector: (place: { host: string; ports: readonly number[] }) => Connector;
  readonly contract: (origin: string, timeout_ms: number) => ToolContract;
  /** A tool that takes the same arguments and only reads; {@link keyOf} finds no effect in it. */
  readonly reads?: (origin: string, timeout_ms: number) => ToolContract | Promise<ToolContract>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly args: Downstream['args'];
  readonly result: unknown;
  /** What has an effect, and the key that came with it. Others, such as reading a document, are answered all the same. */
  readonly keyOf: (request: Received) => string | undefined;
  /** A server of its own kind answers; false: the result is sent as it is. */
  readonly respond?: (request: Received, response: ServerResponse) => boolean | Promise<boolean>;
  /** What the client has sent when its request is there. */
  readonly at?: RegExp;
  readonly refuse?: (request: Received, response: ServerResponse) => void;
}

/** A downstream that speaks HTTP and honours keys, behind a proxy that can spoil the conversation. */
export async function httpDownstream(options: HttpDownstreamOptions): Promise<Downstream & { received: Received[] }> {
  const received: Received[] = [];
  const keys: string[] = [];
  let plain: ((request: Received, response: ServerResponse) => void) | null = null;
  const server = createServer(async (incoming, response) => {
    let body = '';
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
    const request = { method: incoming.method!, url: incoming.url!, headers: incoming.headers, body };
    received.push(request);
    const key = options.keyOf(request);
    if (plain && key !== undefined) return plain(request, response);
    if (key !== undefined && !keys.includes(key)) keys.push(key);
    if (await options.respond?.(request, response)) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(options.result));
  });
  const port = await listening(server);
  // A server that takes a connection and cuts it during the TLS handshake: no byte of the request can have left.
  const cutting = createTcpServer((socket) => socket.once('data', () => socket.destroy()).on('error', () => undefined));
  const cut = await listening(cutting);
  const closed = await closedPort();
  const proxy = await startTcpProxy({ port });
  const connector = options.connector({ host: '127.0.0.1', ports: [proxy.port, cut, closed] });
  const { reads } = options;
  const at = options.at ?? /\r\n\r\n/;
  let origin = `http://127.0.0.1:${proxy.port}`;
  const answering = (status: number, headers: Record<string, string>) => () => {
    plain = (_, response) => response.writeHead(status, headers).end('{}');
  };
  const spoil = (tamper: Parameters<typeof proxy.tamper>[0]) => (reached: () => void) =>
    proxy.tamper(tamper, at, reached);
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n';

  return {
    connector,
    received,
    secrets: options.secrets,
    contract: (timeout_ms) => options.contract(origin, timeout_ms),
    args: options.args,
    result: options.result,
    dry_run: { never: 'what was sent by HTTP cannot be taken back' },
    reads: reads ? (timeout_ms) => reads(origin, timeout_ms) : { never: 'it only sends: another connector reads' },
    honours_key: true,
    effects: async () => keys,
    play: {
      refused: options.refuse
        ? () => {
            plain = options.refuse!;
          }
        : answering(403, {}),
      unreachable: () => {
        origin = `http://127.0.0.1:${closed}`;
      },
      'cut-before': () => {
        origin = `https://127.0.0.1:${cut}`;
      },
      'cut-after': spoil({ do: 'cut' }),
      silent: spoil({ do: 'silence' }),
      drip: spoil({ do: 'drip' }),
      oversize: spoil({ do: 'answer', head, more: ' '.repeat(64 * 1024) }),
      malformed: spoil({ do: 'answer', head: '220 mail.example ESMTP\r\n' }),
      redirect: answering(302, { location: 'http://127.0.0.1/elsewhere' }),
      'retry-after': answering(429, { 'retry-after': '7' }),
    },
    async reset() {
      proxy.reset();
      plain = null;
      keys.length = 0;
      received.length = 0;
      origin = `http://127.0.0.1:${proxy.port}`;
    },
    async close() {
      await proxy.close();
      server.closeAllConnections();
      await Promise.all([server, cutting].map((each) => new Promise((done) => each.close(done))));
    },
  };
}

function listening(server: { listen(port: number, host: string, done: () => void): unknown; address(): unknown }) {
  return new Promise<number>((done) => {
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port));
  });
}
