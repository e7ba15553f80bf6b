import { type Clock, type ProjectConfig, resolveSystemUrl, type ToolBinding } from '@portreeve/contract';
import {
  type Connector,
  type Egress,
  type EgressRule,
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

const PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'smtp:': 587,
  'smtps:': 465,
};

/** What the declared systems let out: their places and no other. */
export function egressRules(systems: ProjectConfig['systems']): EgressRule[] {
  return Object.values(systems).map(({ url, private: allowed }) => {
    const { hostname, port, protocol } = new URL(url);
    return { host: hostname, port: Number(port) || PORTS[protocol]!, private: allowed };
  });
}
