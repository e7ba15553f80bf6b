import type { Approvals } from '@portreeve/approve';
import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type McpUpstream,
  PortreeveError,
  type ProjectConfig,
  resolveSystemUrl,
  type UnitOfWork,
} from '@portreeve/contract';
import { type Egress, readMcpCatalogue, withoutNetwork } from '@portreeve/execute';
import type { Outside } from '@portreeve/gate';
import type { ChangeStore } from '@portreeve/govern';
import type { Secrets } from './config/secrets.ts';
import { mcpHosts } from './http/mcp-guard.ts';
import { mcpEndpoint } from './mcp/endpoint.ts';
import type { CallFollowers } from './mcp/follow-calls.ts';
import { createGateway } from './mcp/gateway.ts';
import type { DeclaredToolset } from './mcp/toolsets.ts';
import type { Services } from './services.ts';
import type { Database } from './store/database.ts';
import { definitionStore } from './store/mcp-definitions.ts';
import { VERSION } from './version.ts';
import { mcpResource } from './wire-identity.ts';

/** An upstream that does not answer holds nobody up: its lists are read aside, for so long at the most. */
const LISTS_TIMEOUT_MS = 10_000;

/** Joins the gateway for agents outside to the gate, to its store and to the servers behind it. */
export function wireMcp(options: {
  readonly database: Database;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  readonly config: ProjectConfig;
  readonly systems: ProjectConfig['systems'];
  /** At least 32 bytes; what it signs is for this face alone. */
  readonly key: Buffer;
  /** Whether tools are called from this process. */
  readonly executes: boolean;
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly outside: Outside;
  readonly approvals: Approvals;
  readonly followers: CallFollowers;
  readonly toolsets: readonly DeclaredToolset[];
  readonly folder: string;
  readonly changes: ChangeStore;
  readonly log: (level: 'warn' | 'error', message: string, error?: unknown) => void;
}) {
  const { database, audit, clock, config, systems, secrets, egress, folder, followers, approvals, outside } = options;
  const stage = { audit, uow: options.uow, clock };
  if (config.mcp.upstreams.length > 0 && !options.executes)
    throw new PortreeveError(
      'misconfigured',
      'mcp.upstreams: an executor that runs apart takes its tools from files alone.',
      {
        next: 'Let this process execute (`portreeve up`), or declare the tools in a toolset.',
      },
    );
  for (const { name, server, credentials } of config.mcp.upstreams) {
    const addresses = [
      ...(server.transport === 'http' ? [server.url] : []),
      credentials?.exchange.token_endpoint ?? [],
    ];
    const unknown = addresses.flat().find((url) => resolveSystemUrl(url, systems) === null);
    if (unknown !== undefined)
      throw new PortreeveError('misconfigured', `mcp: ${name} names ${unknown}, and no such system is configured.`, {
        next: 'Add it under `systems` in portreeve.config.ts.',
      });
  }
  warnOfNetworks(config.mcp.upstreams, options.log);
  const reaching = { egress, folder, locate: (url: string) => resolveSystemUrl(url, systems) };
  const definitions = definitionStore(database);
  const gateway = createGateway({
    ...{ ...stage, changes: options.changes },
    ...{ config: config.mcp, toolsets: options.toolsets, definitions },
    log: (error) => options.log('error', 'an MCP upstream could not be looked at', error),
    read: async ({ server, credential, timeout_ms }: McpUpstream) => {
      const secret = credential === undefined ? null : await secrets.read(credential);
      return readMcpCatalogue(reaching, {
        server,
        credential: secret,
        timeout_ms: Math.min(timeout_ms, LISTS_TIMEOUT_MS),
      });
    },
  });
  const endpoint = mcpEndpoint({
    ...{ gateway, outside, followers, clock, version: VERSION, key: options.key },
    record: (who, event, client) =>
      audit.record([draft({ type: 'mcp.connection', actor: actorOf(who), data: { event, client } })]),
    withdraw: (approval, by) => approvals.withdraw(approval, by),
    log: (error) => options.log('error', 'an MCP request failed', error),
  });
  const services: Services['mcp'] = {
    ...{
      endpoint,
      gateway,
      definitions,
      changes: options.changes,
      resource: mcpResource(config),
      hosts: mcpHosts(config),
    },
    per_minute: config.mcp.per_minute,
  };
  return { services, close: () => endpoint.close() };
}

/** Says which servers have a network that nobody has declared, because this system takes it from no program of ours. */
function warnOfNetworks(upstreams: readonly McpUpstream[], log: (level: 'warn', message: string) => void): void {
  const isolated = upstreams.filter(({ server }) => server.transport === 'stdio' && server.network !== true);
  if (isolated.length === 0) return;
  void withoutNetwork().then((way) => {
    const names = isolated.map(({ name }) => name).join(', ');
    if (way === null) log('warn', `mcp.upstreams: this system lets us take no network away from programs: ${names}`);
  });
}
