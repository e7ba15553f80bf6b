import { isIP } from 'node:net';
import { PortreeveError } from '@portreeve/contract';

/** One host that may be reached (requirement F13). There are no wildcards. */
export interface EgressRule {
  /** A host name or an IP address, as in a URL. */
  readonly host: string;
  /** Without it, the default ports of HTTP. */
  readonly port?: number;
  /** Whether the host may have a private or loopback address, and may be spoken to without TLS. */
  readonly private?: boolean;
}

/** The declared places, by `host:port`. */
export type EgressRules = ReadonlyMap<string, EgressRule>;

/** Throws `misconfigured` for a rule that names no host. */
export function rulesOf(allow: readonly EgressRule[]): EgressRules {
  const rules = new Map<string, EgressRule>();
  for (const rule of allow) {
    let host: string;
    try {
      host = hostKey(new URL(`http://${urlHost(rule.host)}/`).hostname);
    } catch (error) {
      throw new PortreeveError('misconfigured', `The egress rule for ${rule.host} names no host.`, { cause: error });
    }
    for (const port of rule.port === undefined ? [443, 80] : [rule.port]) rules.set(`${host}:${port}`, rule);
  }
  return rules;
}

/** The rule for a place. Throws `egress_refused`: not declared, or without encryption and not private. */
export function ruleFor(rules: EgressRules, place: { host: string; port: number; plain: boolean }): EgressRule {
  const rule = rules.get(`${hostKey(place.host)}:${place.port}`);
  if (!rule) throw refused(`${place.host}:${place.port} is not declared.`);
  if (place.plain && rule.private !== true) {
    throw refused(`${place.host} is not declared as private, so it is reached over TLS alone.`);
  }
  return rule;
}

export function refused(detail: string): PortreeveError {
  return new PortreeveError('egress_refused', detail);
}

export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** A trailing dot names the same host. */
function hostKey(hostname: string): string {
  return bare(hostname.toLowerCase()).replace(/\.$/, '');
}
