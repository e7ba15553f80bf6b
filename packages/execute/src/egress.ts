import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { PortreeveError } from '@portreeve/contract';
import { Agent, buildConnector, type Dispatcher, fetch as undiciFetch } from 'undici';
import { refusedAddress } from './addresses.ts';

/** One host that may be reached (requirement F13). There are no wildcards. */
export interface EgressRule {
  /** A host name or an IP address, as in a URL. */
  readonly host: string;
  /** Without it, the default port of the scheme. */
  readonly port?: number;
  /** Whether the host may have a private or loopback address, and may be spoken to without TLS. */
  readonly private?: boolean;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** The only way out of a process that guards its egress. */
export interface Egress {
  /** Throws `egress_refused` unless the address is declared. The resolved address is checked when it is connected to. */
  check(url: URL): void;
  /** Each connection through it is checked; none is kept for the next request. It follows no redirect. */
  readonly dispatcher: Dispatcher;
  /** `fetch` over {@link Egress.dispatcher}. A redirect is an error. Rejects with `egress_refused` where that is why. */
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

/**
 * An egress guard: only declared hosts, and of their addresses only those that {@link refusedAddress} lets pass. The
 * check stands inside the lookup that the connection uses, so that a name that changes its answer (DNS rebinding)
 * changes nothing.
 */
export function createEgress(options: {
  readonly allow: readonly EgressRule[];
  /** For tests. */
  readonly resolve?: Resolve;
  readonly connect_timeout_ms?: number;
}): Egress {
  const resolve = options.resolve ?? ((hostname) => systemLookup(hostname, { all: true, order: 'verbatim' }));
  const rulesByPlace = rulesOf(options.allow);
  const connectorsByPrivacy = new Map(
    [true, false].map((allowPrivate) => [
      allowPrivate,
      buildConnector({
        lookup: guardedLookup(resolve, allowPrivate),
        allowH2: false,
        timeout: options.connect_timeout_ms ?? 10_000,
      } as buildConnector.BuildOptions),
    ]),
  );

  const check = (url: URL): EgressRule => {
    if (url.username || url.password) throw refused('An address with a name or a password in it is refused.');
    const rule = ruleFor(url);
    if (isIP(bare(url.hostname))) assertAddress(url.hostname, bare(url.hostname), rule.private === true);
    return rule;
  };

  const dispatcher = new Agent({
    // One connection a request: a kept one may be closed by the other side just as a request goes out, and then nobody
    // knows whether it arrived. It also has the address of every request checked.
    pipelining: 0,
    allowH2: false,
    connect(target, callback) {
      let rule: EgressRule;
      try {
        rule = check(new URL(`${target.protocol}//${urlHost(target.hostname)}:${target.port || ''}`));
      } catch (error) {
        callback(error as Error, null);
        return;
      }
      const allowPrivate = rule.private === true;
      connectorsByPrivacy.get(allowPrivate)!(target, (error, socket) => {
        if (error) {
          callback(error, null);
          return;
        }
        const problem = refusedAddress(socket!.remoteAddress ?? '', allowPrivate);
        if (problem === null) {
          callback(null, socket!);
          return;
        }
        socket!.destroy();
        callback(refused(`The address of ${target.hostname} ${problem}.`), null);
      });
    },
  });

  return {
    check(url) {
      check(url);
    },
    dispatcher,
    fetch: (async (input: string | URL, init?: RequestInit) => {
      try {
        return await undiciFetch(input, { ...init, redirect: 'error', dispatcher } as never);
      } catch (error) {
        throw error instanceof Error && error.cause instanceof PortreeveError ? error.cause : error;
      }
    }) as unknown as typeof globalThis.fetch,
    async close() {
      await dispatcher.destroy();
    },
  };

  function ruleFor(url: URL): EgressRule {
    const scheme = url.protocol;
    if (scheme !== 'https:' && scheme !== 'http:') throw refused(`The scheme ${scheme} is refused.`);
    const port = url.port || (scheme === 'https:' ? '443' : '80');
    const rule = rulesByPlace.get(`${hostKey(url.hostname)}:${port}`);
    if (!rule) throw refused(`${url.hostname}:${port} is not declared.`);
    if (scheme === 'http:' && rule.private !== true) {
      throw refused(`${url.hostname} is not declared as private, so it is reached over https alone.`);
    }
    return rule;
  }
}

function rulesOf(allow: readonly EgressRule[]): Map<string, EgressRule> {
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

/** A `lookup` for sockets: if any address of the name is refused, the name is. */
export function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        try {
          if (addresses.length === 0) throw refused(`${hostname} has no address.`);
          for (const { address } of addresses) assertAddress(hostname, address, allowPrivate);
        } catch (error) {
          callback(error as NodeJS.ErrnoException, '', 0);
          return;
        }
        if (options.all) callback(null, [...addresses]);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

function assertAddress(hostname: string, address: string, allowPrivate: boolean): void {
  const problem = refusedAddress(address, allowPrivate);
  if (problem !== null) throw refused(`The address of ${hostname} ${problem}.`);
}

function refused(detail: string): PortreeveError {
  return new PortreeveError('egress_refused', detail);
}

function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** A trailing dot names the same host. */
function hostKey(hostname: string): string {
  return bare(hostname.toLowerCase()).replace(/\.$/, '');
}
