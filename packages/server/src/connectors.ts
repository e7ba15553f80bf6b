import { type Clock, type ProjectConfig, resolveSystemUrl, type ToolBinding } from '@portreeve/contract';
import {
  type Connector,
  type Egress,
  emailConnector,
  httpConnector,
  type McpFollower,
  mcpConnector,
  nothingConnector,
  openApiConnector,
  postgresConnector,
  webhookConnector,
} from '@portreeve/execute';

export interface ConnectorsOptions {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly systems: ProjectConfig['systems'];
  /** Where commands of MCP servers run: the project's. */
  readonly folder: string;
  /** Who follows a call of a gateway's. */
  readonly follower?: (key: string) => McpFollower | null;
  /** Stands in for every connector: nothing is called. */
  readonly rehearsal?: { readonly connector: Connector } | undefined;
}

/** One connector for each kind of binding, all behind the same guard. */
export function wireConnectors(options: ConnectorsOptions): {
  readonly [Kind in ToolBinding['connector']]: Connector;
} {
  const { egress, clock, systems, folder, follower = () => null } = options;
  const shared = { egress, clock, locate: (url: string) => resolveSystemUrl(url, systems) };
  const instead = options.rehearsal?.connector;
  if (instead) {
    const nothing = nothingConnector();
    const outside = {
      http: instead,
      openapi: instead,
      postgres: instead,
      mcp: instead,
      email: instead,
      webhook: instead,
    };
    return { ...outside, relabel: nothing, caller: nothing };
  }
  return {
    http: httpConnector(shared),
    openapi: openApiConnector(shared),
    postgres: postgresConnector(shared),
    mcp: mcpConnector({ ...shared, folder, follower }),
    email: emailConnector(shared),
    webhook: webhookConnector(shared),
    relabel: nothingConnector(),
    caller: nothingConnector(),
  };
}
