import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusedAddress } from './addresses.ts';

const GLOBAL = ['8.8.8.8', '1.1.1.1', '2606:4700::1', '2a00:1450:4001:81b::200e'];

const PRIVATE = [
  '127.0.0.1',
  '127.8.9.10',
  '10.0.0.1',
  '172.16.3.4',
  '192.168.1.1',
  '100.64.0.1',
  '::1',
  'fc00::1',
  'fd12::1',
];

/** Refused under every declaration. */
const NEVER = [
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '::ffff:169.254.169.254',
  '::ffff:168.63.129.16',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  '0.0.0.0',
  '::',
  '255.255.255.255',
  '224.0.0.1',
  'ff02::1',
  '240.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '2001:db8::1',
  '2001::1',
  '100::1',
  'fec0::1',
  '4000::1',
  '',
  'localhost',
  '127.0.0.1 ',
];

/** Refused unless private addresses are declared, and then judged by the IPv4 address inside. */
const CARRYING = [
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '::ffff:0:127.0.0.1',
];

describe('F13: an address', () => {
  test.each(GLOBAL)('%s passes', (address) => {
    expect(refusedAddress(address, false)).toBeNull();
  });

  test.each(PRIVATE)('%s passes only where private addresses are declared', (address) => {
    expect(refusedAddress(address, false)).not.toBeNull();
    expect(refusedAddress(address, true)).toBeNull();
  });

  test.each(CARRYING)('%s carries IPv4 and is judged by it', (address) => {
    expect(refusedAddress(address, false)).not.toBeNull();
    expect(refusedAddress(address, true)).toBeNull();
  });

  test.each(NEVER)('%j never passes', (address) => {
    expect(refusedAddress(address, false)).not.toBeNull();
    expect(refusedAddress(address, true)).not.toBeNull();
  });

  test('any address that is refused even as private is refused as public', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        if (refusedAddress(address, true) !== null) expect(refusedAddress(address, false)).not.toBeNull();
      }),
    );
  });
});
