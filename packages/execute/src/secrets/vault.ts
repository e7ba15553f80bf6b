import { type Clock, canonicalJson, nameSchema } from '@portreeve/contract';
import { z } from 'zod';
import type { Lease, Secret, SecretStore } from '../ports.ts';
import { parseJson } from './ask-json.ts';
import { SECRET_BYTES_MAX, SecretStoreError } from './store-error.ts';
import { type VaultSessionOptions, vaultSession } from './vault-session.ts';

export interface VaultOptions extends VaultSessionOptions {
  /** Where the KV version 2 engine is mounted: `secret` without it. */
  readonly kv_mount?: string;
  /** Goes before each name, such as `portreeve/production/`. */
  readonly prefix?: string;
  /** Names whose credential is minted for each use: the path that mints it, such as `database/creds/case-writer`. */
  readonly dynamic?: Readonly<Record<string, string>>;
}

const members = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const kvSchema = z.object({ data: z.object({ data: members }) });
const mintedSchema = z.object({
  lease_id: z.string().min(1).max(512),
  lease_duration: z.number().min(0),
  data: members,
});
const renewedSchema = z.object({ lease_id: z.string(), lease_duration: z.number().min(0) });

/**
 * HashiCorp Vault or OpenBao over its HTTP API: static secrets of KV version 2, and dynamic ones with a lease. A secret
 * with one member is that member's text, any other the RFC 8785 text of the object.
 */
export function vaultStore(options: VaultOptions): SecretStore {
  const { clock, kv_mount = 'secret', prefix = '', dynamic = {} } = options;
  const session = vaultSession(options);

  return {
    async fetch(name) {
      nameSchema.parse(name);
      return Object.hasOwn(dynamic, name) ? minted(name, dynamic[name] as string) : standing(name);
    },
    async renew(lease, seconds) {
      const { status, text } = await session.ask('POST', 'sys/leases/renew', { lease_id: lease, increment: seconds });
      if (status !== 200) throw new SecretStoreError(`the vault answered ${status} to the renewal of a lease`);
      const parsed = renewedSchema.safeParse(parseJson(text, 'the renewal of a lease'));
      if (!parsed.success || parsed.data.lease_id !== lease)
        throw new SecretStoreError('the renewal of a lease has not the form of one');
      return leaseOf(lease, parsed.data.lease_duration, clock);
    },
    async revoke(lease) {
      // `sync`: the answer says that the credential is gone, and not that it will be.
      const { status } = await session.ask('POST', 'sys/leases/revoke', { lease_id: lease, sync: true });
      if (status !== 200 && status !== 204)
        throw new SecretStoreError(`the vault answered ${status} to the revocation of a lease`);
    },
    close: () => session.close(),
  };

  async function standing(name: string): Promise<Secret | null> {
    const { status, text } = await session.ask('GET', `${kv_mount}/data/${prefix}${name}`);
    // A version that was deleted is answered with 404 as well, and with its metadata.
    if (status === 404) return null;
    if (status !== 200) throw new SecretStoreError(`the vault answered ${status} for the secret ${name}`);
    const parsed = kvSchema.safeParse(parseJson(text, `the secret ${name}`));
    if (!parsed.success) throw new SecretStoreError(`the secret ${name} has not the form of KV version 2`);
    return { value: secretText(parsed.data.data.data, name), lease: null };
  }

  async function minted(name: string, path: string): Promise<Secret | null> {
    const { status, text } = await session.ask('GET', path);
    if (status === 404) return null;
    if (status !== 200) throw new SecretStoreError(`the vault answered ${status} for the secret ${name}`);
    const parsed = mintedSchema.safeParse(parseJson(text, `the secret ${name}`));
    if (!parsed.success) throw new SecretStoreError(`the secret ${name} has not the form of a credential with a lease`);
    const { lease_id, lease_duration, data } = parsed.data;
    return { value: secretText(data, name), lease: leaseOf(lease_id, lease_duration, clock) };
  }
}

function leaseOf(id: string, seconds: number, clock: Clock): Lease {
  return { id, expires_at: new Date(clock.now().getTime() + seconds * 1000) };
}

function secretText(data: z.infer<typeof members>, name: string): string {
  const values = Object.values(data);
  const [only] = values;
  const value = values.length === 1 && typeof only === 'string' ? only : canonicalJson(data);
  if (value === '' || values.length === 0) throw new SecretStoreError(`the secret ${name} is empty`);
  if (Buffer.byteLength(value) > SECRET_BYTES_MAX)
    throw new SecretStoreError(`the secret ${name} has more than ${SECRET_BYTES_MAX} bytes`);
  return value;
}
