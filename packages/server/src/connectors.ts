import { type Clock, type ProjectConfig, resolveSystemUrl, type ToolBinding } from '@portreeve/contract';
import {
  type Connector,
  type Egress,
  emailConnector,
  httpConnector,
  mcpConnector,
  openApiConnector,
  postgresConnector,
  webhookConnector,
} from '@portreeve/execute';

/** One connector for each kind of binding, all behind the same guard. */
export function wireConnectors(options: {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly systems: ProjectConfig['systems'];
  /** Where commands of MCP servers run: the project's. */
  readonly folder: string;
}): { readonly [Kind in ToolBinding['connector']]: Connector } {
  const { egress, clock, systems, folder } = options;
  const shared = { egress, clock, locate: (url: string) => resolveSystemUrl(url, systems) };
  return {
    http: httpConnector(shared),
    openapi: openApiConnector(shared),
    postgres: postgresConnector(shared),
    mcp: mcpConnector({ ...shared, folder }),
    email: emailConnector(shared),
    webhook: webhookConnector(shared),
  };
}
