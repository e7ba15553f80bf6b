import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@portreeve/contract';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly namespace: string | undefined;
}

/** Another secrets engine, asked with a valid token before those that are here; `null`: the path is none of its. */
export type VaultEngine = (
  method: string,
  path: string,
  body: Readonly<Record<string, unknown>>,
) => { readonly status: number; readonly data?: object; readonly errors?: readonly string[] } | null;

/**
 * A server that answers as the HTTP API of HashiCorp Vault and OpenBao is documented (KV version 2, database
 * credentials, AppRole and JWT login, token and lease renewal and revocation), with tokens and leases that really end. It
 * stands in for the real one, which cannot be installed here: its shapes are those of the API documentation.
 */
export async function startVaultServer(clock: Clock, engine?: VaultEngine) {
  const asked: Asked[] = [];
  const secretIds = new Set<string>();
  const jwts = new Set<string>();
  const versionsByPath = new Map<string, (Record<string, unknown> | null)[]>();
  const tokens = new Map<string, number>();
  const leases = new Map<string, number>();
  const state = { token_ttl: 3600, lease_ttl: 3600, renewable: true, refuse_revoking: 0, sealed: false };
  const now = () => clock.now().getTime();

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = new URL(request.url ?? '/', 'http://vault').pathname;
      const namespace = request.headers['x-vault-namespace'] as string | undefined;
      asked.push({ method: request.method ?? '', path, namespace });
      const text = Buffer.concat(chunks).toString('utf8');
      answer(request, path, text === '' ? {} : (JSON.parse(text) as Record<string, unknown>), response);
    });
  });

  function answer(
    request: IncomingMessage,
    path: string,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): unknown {
    const send = (status: number, value?: object) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(value === undefined ? undefined : JSON.stringify(value));
    };
    const fault = (status: number, ...errors: string[]) => send(status, { errors });
    if (state.sealed) return fault(503, 'Vault is sealed');
    if (request.headers['x-vault-request'] !== 'true') return fault(412, "missing the 'X-Vault-Request' header");
    const login = () => {
      const token = `hvs.${randomUUID()}`;
      tokens.set(token, now() + state.token_ttl * 1000);
      send(200, envelope({ auth: authOf(token) }));
    };
    if (path === '/v1/auth/approle/login') {
      if (body.role_id === 'role-of-portreeve' && secretIds.has(String(body.secret_id))) return login();
      return fault(400, 'invalid role or secret ID');
    }
    if (path === '/v1/auth/jwt/login') {
      if (body.role === 'portreeve' && jwts.has(String(body.jwt))) return login();
      return fault(400, 'error validating token: invalid audience (aud) claim');
    }
    const token = String(request.headers['x-vault-token'] ?? '');
    const end = tokens.get(token);
    if (end === undefined || end <= now()) return fault(403, 'permission denied');
    if (path === '/v1/auth/token/renew-self') {
      tokens.set(token, now() + state.token_ttl * 1000);
      return send(200, envelope({ auth: authOf(token) }));
    }
    if (path === '/v1/auth/token/revoke-self') {
      tokens.delete(token);
      return send(204);
    }
    if (path === '/v1/sys/leases/revoke') {
      if (state.refuse_revoking > 0) {
        state.refuse_revoking--;
        return fault(500, 'failed to revoke entry: connection refused');
      }
      leases.delete(String(body.lease_id));
      return send(204);
    }
    if (path === '/v1/sys/leases/renew') {
      const lease = String(body.lease_id);
      if ((leases.get(lease) ?? 0) <= now()) return fault(400, 'lease not found');
      const seconds = Math.min(Number(body.increment), state.lease_ttl);
      leases.set(lease, now() + seconds * 1000);
      return send(200, envelope({ lease_id: lease, renewable: true, lease_duration: seconds }));
    }
    if (path.startsWith('/v1/database/creds/')) {
      const lease = `${path.slice('/v1/'.length)}/${randomUUID()}`;
      leases.set(lease, now() + state.lease_ttl * 1000);
      const data = { username: `v-approle-case-${leases.size}`, password: `A1a-${randomUUID()}` };
      return send(200, envelope({ lease_id: lease, renewable: true, lease_duration: state.lease_ttl, data }));
    }
    const other = engine?.(request.method ?? '', path, body);
    if (other?.errors) return fault(other.status, ...other.errors);
    if (other) return send(other.status, other.data ? envelope({ data: other.data }) : undefined);
    const secret = /^\/v1\/secret\/data\/(.+)$/.exec(path)?.[1];
    const versions = secret === undefined ? undefined : versionsByPath.get(secret);
    if (!versions) return fault(404);
    const data = versions.at(-1) ?? null;
    const metadata = {
      created_time: '2026-11-20T02:24:06.945319214Z',
      custom_metadata: null,
      deletion_time: data === null ? '2026-11-20T02:36:43.986212308Z' : '',
      destroyed: false,
      version: versions.length,
    };
    return send(data === null ? 404 : 200, envelope({ data: { data, metadata } }));
  }

  const authOf = (client_token: string) => ({
    client_token,
    accessor: randomUUID(),
    policies: ['default', 'portreeve'],
    token_policies: ['default', 'portreeve'],
    metadata: { role_name: 'portreeve' },
    lease_duration: state.token_ttl,
    renewable: state.renewable,
    entity_id: '',
    token_type: 'service',
    orphan: true,
  });
  const envelope = (change: object) => ({
    request_id: randomUUID(),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: null,
    warnings: null,
    auth: null,
    ...change,
  });

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `http://127.0.0.1:${port}`,
    asked,
    state,
    leases,
    tokens,
    secretIds,
    jwts,
    write(path: string, data: Record<string, unknown> | null) {
      versionsByPath.set(path, [...(versionsByPath.get(path) ?? []), data]);
    },
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
