import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { refusedAddress } from './addresses.ts';
import { bare, refused } from './rules.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

export const systemResolve: Resolve = (hostname) => systemLookup(hostname, { all: true, order: 'verbatim' });

/** The addresses of a name, all of them checked: if any is refused, the name is. Throws `egress_refused`. */
export async function checkedAddresses(
  resolve: Resolve,
  hostname: string,
  allowPrivate: boolean,
): Promise<readonly ResolvedAddress[]> {
  const literal = bare(hostname);
  const addresses = isIP(literal) ? [{ address: literal, family: isIP(literal) }] : await resolve(hostname);
  if (addresses.length === 0) throw refused(`${hostname} has no address.`);
  for (const { address } of addresses) assertAddress(hostname, address, allowPrivate);
  return addresses;
}

/** A `lookup` for sockets: the addresses that were checked are those that are connected to. */
export function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    checkedAddresses(resolve, hostname, allowPrivate).then(
      (addresses) => {
        if (options.all) callback(null, [...addresses]);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

export function assertAddress(hostname: string, address: string, allowPrivate: boolean): void {
  const problem = refusedAddress(address, allowPrivate);
  if (problem !== null) throw refused(`The address of ${hostname} ${problem}.`);
}
