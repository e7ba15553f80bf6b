import { Sha256 } from '@aws-crypto/sha256-js';
import { type Clock, nameSchema } from '@portreeve/contract';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import type { SecretStore } from '../ports.ts';
import { askText, type GuardedFetch, parseJson } from './ask-json.ts';
import { type AwsAuth, awsIdentity } from './aws-role.ts';
import { SECRET_BYTES_MAX, SecretStoreError } from './store-error.ts';

export interface AwsSecretsOptions {
  readonly fetch: GuardedFetch;
  readonly region: string;
  /** Goes before each name, such as `portreeve/production/`. */
  readonly prefix?: string;
  readonly auth: AwsAuth;
  readonly clock: Clock;
  /** Other addresses than those of the region: a VPC endpoint, or a test. */
  readonly endpoint?: string;
  readonly sts_endpoint?: string;
  readonly timeout_ms?: number;
}

/** Where the two services of a region are. */
export function awsEndpoints(options: Pick<AwsSecretsOptions, 'region' | 'endpoint' | 'sts_endpoint'>) {
  const { region, endpoint, sts_endpoint } = options;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return {
    secrets: new URL(endpoint ?? `https://secretsmanager.${region}.${domain}/`),
    sts: new URL(sts_endpoint ?? `https://sts.${region}.${domain}/`),
  };
}

const valueSchema = z.object({ SecretString: z.string().min(1).optional(), SecretBinary: z.base64().optional() });
const faultSchema = z.object({ __type: z.string().max(200) });

/**
 * AWS Secrets Manager: GetSecretValue of the current version, signed with Signature Version 4 by AWS's own signer, through
 * our egress guard. It mints nothing, so there are no leases: rotation is AWS's, and the next call sees it.
 */
export function awsSecrets(options: AwsSecretsOptions): SecretStore {
  const { fetch, region, prefix = '', clock, timeout_ms = 10_000 } = options;
  const { secrets, sts } = awsEndpoints(options);
  const identity = awsIdentity({ fetch, auth: options.auth, sts, clock, timeout_ms });

  return {
    async fetch(name) {
      const { status, text } = await getSecretValue(prefix + nameSchema.parse(name));
      const fault = status === 200 ? null : faultOf(text);
      // A secret that is marked for deletion is InvalidRequestException: not usable, and not absent.
      if (fault === 'ResourceNotFoundException') return null;
      if (status !== 200) {
        if (fault === 'ExpiredTokenException' || status === 403) identity.forget();
        throw new SecretStoreError(`AWS answered ${status}${fault ? ` (${fault})` : ''} for the secret ${name}`);
      }
      return { value: secretText(text, name), lease: null };
    },
    renew: () => Promise.reject(new SecretStoreError('AWS Secrets Manager has no leases')),
    revoke: async () => undefined,
    close: async () => identity.forget(),
  };

  async function getSecretValue(id: string) {
    const body = JSON.stringify({ SecretId: id });
    const signer = new SignatureV4({
      service: 'secretsmanager',
      region,
      credentials: await identity.get(),
      sha256: Sha256,
    });
    const signed = await signer.sign(
      {
        method: 'POST',
        protocol: secrets.protocol,
        hostname: secrets.hostname,
        path: secrets.pathname,
        headers: {
          host: secrets.host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'secretsmanager.GetSecretValue',
        },
        body,
      },
      { signingDate: clock.now() },
    );
    const { host: _, ...headers } = signed.headers;
    return askText(fetch, secrets, { method: 'POST', headers, body }, { what: 'AWS', timeout_ms });
  }
}

function secretText(text: string, name: string): string {
  const parsed = valueSchema.safeParse(parseJson(text, `the secret ${name}`));
  if (!parsed.success) throw new SecretStoreError(`the secret ${name} has not the form of one`);
  const { SecretString, SecretBinary } = parsed.data;
  const value = SecretString ?? utf8(Buffer.from(SecretBinary ?? '', 'base64'), name);
  if (value === '') throw new SecretStoreError(`the secret ${name} is empty`);
  if (Buffer.byteLength(value) > SECRET_BYTES_MAX)
    throw new SecretStoreError(`the secret ${name} has more than ${SECRET_BYTES_MAX} bytes`);
  return value;
}

function utf8(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SecretStoreError(`the secret ${name} is not UTF-8`);
  }
}

/** The name of an AWS error, if it is a plain word: text from outside must not speak in our messages. */
function faultOf(text: string): string | null {
  try {
    const type = faultSchema.parse(JSON.parse(text)).__type.split('#').at(-1) ?? '';
    return /^[A-Za-z]{1,64}$/.test(type) ? type : null;
  } catch {
    return null;
  }
}
