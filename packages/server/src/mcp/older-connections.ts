import { randomUUID } from 'node:crypto';
import {
  type AuthInfo,
  type HandleRequestOptions,
  isInitializeRequest,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { type Clock, type Digest, digestOf, type Principal } from '@portreeve/contract';
import { ownerDigest } from '@portreeve/gate';
import type { Authenticated } from '@portreeve/identity';
import type { Changed } from './upstream.ts';

export type RecordConnection = (who: Principal, event: 'opened' | 'ended', client: string | null) => Promise<void>;

/** A request that speaks an older revision, with who makes it. */
interface OlderRequest {
  readonly who: Authenticated;
  readonly body: unknown;
  readonly authInfo: AuthInfo;
  readonly makeServer: () => Server;
}

interface Connection {
  readonly owner: string;
  /** What its handlers were made for. */
  readonly rights: Digest;
  readonly server: Server;
  /** Resources of which it wants to be told. */
  readonly subscribed: ReadonlySet<string>;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  used: number;
}

/** Connections of one owner, and of all, that are open at once. */
const OWNER_MAX = 32;
const ALL_MAX = 1024;
const IDLE_MS = 30 * 60_000;

/**
 * Clients of revisions before 2026-07-28 open a connection with an id. It is a matter of the wire: it belongs to its
 * principal, is worth nothing in other hands, and what was read is remembered elsewhere, by principal. INVARIANT: it is used
 * with the credential and the rights that it was opened with; with others, or with less, it does not exist (the client
 * begins anew, as with any session that is over).
 */
export function olderConnections(clock: Clock, record: RecordConnection) {
  const connections = new Map<string, Connection>();
  const now = () => clock.now().getTime();

  async function close(id: string): Promise<void> {
    const connection = connections.get(id);
    connections.delete(id);
    await connection?.server.close();
  }

  async function makeRoom(owner: string): Promise<void> {
    const idle = [...connections].filter(([, { used }]) => now() - used > IDLE_MS);
    for (const [id] of idle) await close(id);
    // The one that was used longest ago goes: a client that comes back begins anew.
    const oldest = (own: [string, Connection][]) => own.sort(([, a], [, b]) => a.used - b.used)[0]?.[0];
    const own = [...connections].filter(([, connection]) => connection.owner === owner);
    const extra =
      own.length >= OWNER_MAX ? oldest(own) : connections.size >= ALL_MAX ? oldest([...connections]) : undefined;
    if (extra !== undefined) await close(extra);
  }

  async function serve(request: Request, from: OlderRequest): Promise<Response> {
    const { who, body, authInfo } = from;
    const owner = ownerDigest(who.principal);
    const options = { authInfo, ...(body === undefined ? {} : { parsedBody: body }) };
    const id = request.headers.get('mcp-session-id');
    if (id === null) return begin(request, owner, from, options);
    const connection = connections.get(id);
    // Another's connection is one that does not exist.
    if (connection?.owner !== owner || connection.rights !== rightsOf(who))
      return failed(404, 'There is no such session.');
    connection.used = now();
    if (request.method === 'DELETE') await record(who.principal, 'ended', null);
    return connection.transport.handleRequest(request, options);
  }

  async function begin(
    request: Request,
    owner: string,
    { who, body, makeServer }: OlderRequest,
    options: HandleRequestOptions,
  ): Promise<Response> {
    const messages = Array.isArray(body) ? body : [body];
    const opening = request.method === 'POST' ? messages.find(isInitializeRequest) : undefined;
    if (!opening) return failed(400, 'Begin with initialize, or speak revision 2026-07-28.');
    await makeRoom(owner);
    await record(who.principal, 'opened', opening.params.clientInfo.name.slice(0, 128));
    const server = makeServer();
    const subscribed = subscriptionsOf(server);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (session) => {
        connections.set(session, { owner, rights: rightsOf(who), server, subscribed, transport, used: now() });
      },
      onsessionclosed: (session) => void connections.delete(session),
    });
    await server.connect(transport);
    return transport.handleRequest(request, options);
  }

  return {
    serve,
    changed({ resources }: Changed): void {
      for (const { server, subscribed } of connections.values()) {
        const updated = resources.filter((uri) => subscribed.has(uri));
        const told = [
          server.sendToolListChanged(),
          server.sendPromptListChanged(),
          server.sendResourceListChanged(),
          ...updated.map((uri) => server.sendResourceUpdated({ uri })),
        ];
        for (const each of told) each.catch(() => undefined);
      }
    },
    async close(): Promise<void> {
      for (const id of [...connections.keys()]) await close(id);
    },
  };
}

/** Of all by which a request may do more or less than another of the same principal. */
const rightsOf = ({ principal, tools, via }: Authenticated): Digest =>
  digestOf({
    v: 1,
    roles: [...principal.roles].sort(),
    groups: [...principal.groups].sort(),
    tools: tools && [...tools].sort(),
    credential: via.kind === 'workload' ? via.rule : via.id,
  });

/** Resources that one connection may watch. */
const WATCHED_MAX = 1000;

/** `resources/subscribe` of the older revisions: the client is told when a resource is listed otherwise than before. */
function subscriptionsOf(server: Server): ReadonlySet<string> {
  const subscribed = new Set<string>();
  if (!server.getCapabilities().resources) return subscribed;
  server.setRequestHandler('resources/subscribe', ({ params }) => {
    if (subscribed.size < WATCHED_MAX) subscribed.add(params.uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  return subscribed;
}

const failed = (status: number, message: string): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_600, message }, id: null }, { status });
