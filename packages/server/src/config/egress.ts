import type { ProjectConfig } from '@portreeve/contract';
import type { EgressProxy, EgressRule } from '@portreeve/execute';
import { z } from 'zod';
import type { Secrets } from './secrets.ts';

const PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'smtp:': 587,
  'smtps:': 465,
  'syslogs:': 6514,
};

/** The rule that lets an address out, and nothing else. */
export function ruleOf(address: string, allowed: boolean): EgressRule {
  const { hostname, port, protocol } = new URL(address);
  return { host: hostname, port: Number(port) || PORTS[protocol]!, private: allowed };
}

/** What the declared systems let out: their places and no other. */
export function egressRules(systems: ProjectConfig['systems']): EgressRule[] {
  return Object.values(systems).map(({ url, private: allowed }) => ruleOf(url, allowed));
}

const loginSchema = z.object({ username: z.string(), password: z.string() });

/** The proxy of the configuration; its credential is read for each connection. */
export function proxyOf(config: ProjectConfig, secrets: Pick<Secrets, 'read'>): EgressProxy | undefined {
  const { proxy } = config.egress;
  if (!proxy) return undefined;
  const { hostname, port } = new URL(proxy.url);
  const { credential } = proxy;
  return {
    host: hostname,
    port: Number(port) || 80,
    resolve: proxy.resolve,
    async authorization() {
      const secret = credential === undefined ? null : await secrets.read(credential);
      if (secret === null) return null;
      const { username, password } = loginSchema.parse(JSON.parse(secret));
      return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    },
  };
}
