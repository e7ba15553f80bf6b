import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What becomes of a connection once the client has sent what the proxy waits for. */
export type Tamper =
  /** The server gets it and answers; the client hears nothing of that, because the connection is cut. */
  | { readonly do: 'cut' }
  /** The connection stays, and nothing more comes. */
  | { readonly do: 'silence' }
  /** The server's answer comes one byte every 20 ms. */
  | { readonly do: 'drip' }
  /** In place of the server's answer: `head`, then, if it is given, `more` without end. */
  | { readonly do: 'answer'; readonly head: string; readonly more?: string };

export interface TcpProxy {
  readonly port: number;
  /** From the next connection on. `at`: what the client must have sent; null: nothing, at once. */
  tamper(tamper: Tamper | null, at: RegExp | null, reached?: () => void): void;
  /** Cuts what is open. */
  reset(): void;
  close(): Promise<void>;
}

/** A proxy before a real server, which spoils a conversation at a moment of its choice. */
export async function startTcpProxy(target: { readonly port: number }): Promise<TcpProxy> {
  let plan: { tamper: Tamper; at: RegExp | null; reached: () => void } | null = null;
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on('close', () => open.delete(socket)).on('error', () => undefined);
  };

  const server = createServer((client) => {
    keep(client);
    const mine = plan;
    const upstream = keep(connect(target.port, '127.0.0.1'));
    let said = '';
    let spoiled = false;
    const spoil = (): void => {
      spoiled = true;
      mine?.reached();
      if (mine?.tamper.do === 'answer') answer(client, mine.tamper);
    };
    if (mine && mine.at === null) spoil();
    client.on('data', (chunk) => {
      said += chunk.toString('latin1');
      upstream.write(chunk);
      if (mine?.at?.test(said) && !spoiled) spoil();
    });
    upstream.on('data', (chunk) => {
      if (!spoiled) client.write(chunk);
      else if (mine?.tamper.do === 'cut') client.destroy();
      else if (mine?.tamper.do === 'drip') drip(client, chunk);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      if (!spoiled || mine?.tamper.do === 'cut') client.destroy();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  return {
    port: (server.address() as AddressInfo).port,
    tamper(tamper, at, reached = () => undefined) {
      plan = tamper && { tamper, at, reached };
    },
    reset() {
      plan = null;
      for (const socket of open) socket.destroy();
    },
    close: () =>
      new Promise((done) => {
        for (const socket of open) socket.destroy();
        server.close(() => done());
      }),
  };
}

function answer(client: Socket, { head, more }: { readonly head: string; readonly more?: string }): void {
  client.write(head, 'latin1');
  if (more === undefined) return;
  const go = (): void => {
    if (client.destroyed) return;
    if (client.write(more, 'latin1')) setImmediate(go);
    else client.once('drain', go);
  };
  go();
}

function drip(client: Socket, chunk: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    if (client.destroyed || at >= chunk.length) clearInterval(timer);
    else client.write(chunk.subarray(at, ++at));
  }, 20);
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
