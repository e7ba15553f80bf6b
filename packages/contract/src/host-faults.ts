import { type ProjectConfig, resolveSystemUrl } from './project.ts';

export interface HostFault {
  readonly rule: 'host' | 'plain';
  readonly message: string;
  readonly fix: string;
}

/** What is wrong with where a contract reaches out to: no declared system is there, or it is reached in clear text. */
export function hostFaults(address: string, systems: ProjectConfig['systems'], clear = false): HostFault[] {
  const places = new Map(Object.values(systems).map(({ url, private: allowed }) => [new URL(url).host, allowed]));
  const located = resolveSystemUrl(address, systems);
  // A placeholder is no host; the host stands before the first slash.
  const url = located === null ? null : URL.parse(located.replaceAll(/[{}]/g, ''));
  if (!url || !places.has(url.host)) {
    const fix = 'Add it under `systems` in portreeve.config.ts.';
    return [{ rule: 'host', message: `${address} is at no declared system`, fix }];
  }
  if ((url.protocol !== 'http:' && !clear) || places.get(url.host) === true) return [];
  const fix = 'Use TLS, or declare the system as private.';
  return [{ rule: 'plain', message: `${address} is reached without encryption`, fix }];
}
