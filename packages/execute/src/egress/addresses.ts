import ipaddr from 'ipaddr.js';

/** Ranges that a declaration with `private: true` opens. */
const PRIVATE = new Set(['loopback', 'private', 'carrierGradeNat', 'uniqueLocal']);

/** Ranges of IPv6 that carry an IPv4 address: judged by what they carry, and never as public. */
const CARRIERS = new Set(['ipv4Mapped', 'rfc6145', 'rfc6052', '6to4']);

/**
 * Where clouds keep their metadata and agents. Some lie in ranges that look public or private: they are refused even
 * where private addresses are declared.
 */
const METADATA = new Set(['169.254.169.254', '100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd00:ec2::254']);

/**
 * Why a connection to this address is refused, or `null` if it may be made. Only global unicast passes; with
 * `allowPrivate` loopback, private, shared (RFC 6598) and unique local addresses too, never link-local, metadata,
 * multicast or reserved ones.
 */
export function refusedAddress(address: string, allowPrivate: boolean): string | null {
  if (!ipaddr.isValid(address)) return 'is not an IP address';
  const parsed = ipaddr.parse(address);
  if (METADATA.has(parsed.toString())) return 'is a metadata address';
  const range: string = parsed.range();
  if (parsed instanceof ipaddr.IPv6 && CARRIERS.has(range)) {
    if (!allowPrivate) return `carries an IPv4 address (${range})`;
    return refusedAddress(carriedIPv4(parsed, range), true);
  }
  if (range === 'unicast') {
    // The library calls all of unassigned IPv6 unicast; only 2000::/3 is global.
    const global = !(parsed instanceof ipaddr.IPv6) || (parsed.parts[0]! & 0xe000) === 0x2000;
    return global ? null : 'is not in a global range';
  }
  if (allowPrivate && PRIVATE.has(range)) return null;
  return `is ${range}`;
}

function carriedIPv4(address: ipaddr.IPv6, range: string): string {
  const bytes = address.toByteArray();
  return (range === '6to4' ? bytes.slice(2, 6) : bytes.slice(12, 16)).join('.');
}
