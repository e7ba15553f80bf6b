import { nameSchema } from '@portreeve/contract';
import { z } from 'zod';
import type { SecretStore } from '../ports.ts';
import { parseJson } from './ask-json.ts';
import { type AwsJsonOptions, awsJson } from './aws-json.ts';
import { SECRET_BYTES_MAX, SecretStoreError } from './store-error.ts';

export interface AwsSecretsOptions extends AwsJsonOptions {
  /** Goes before each name, such as `portreeve/production/`. */
  readonly prefix?: string;
}

const valueSchema = z.object({ SecretString: z.string().min(1).optional(), SecretBinary: z.base64().optional() });

/**
 * AWS Secrets Manager: GetSecretValue of the current version. It mints nothing, so there are no leases: rotation is
 * AWS's, and the next call sees it.
 */
export function awsSecrets(options: AwsSecretsOptions): SecretStore {
  const { prefix = '' } = options;
  const service = awsJson('secretsmanager', options);

  return {
    async fetch(name) {
      const asked = { SecretId: prefix + nameSchema.parse(name) };
      const { status, text, fault } = await service.ask('secretsmanager.GetSecretValue', asked);
      // A secret that is marked for deletion is InvalidRequestException: not usable, and not absent.
      if (fault === 'ResourceNotFoundException') return null;
      if (status !== 200)
        throw new SecretStoreError(`AWS answered ${status}${fault ? ` (${fault})` : ''} for the secret ${name}`);
      return { value: secretText(text, name), lease: null };
    },
    renew: () => Promise.reject(new SecretStoreError('AWS Secrets Manager has no leases')),
    revoke: async () => undefined,
    close: async () => service.forget(),
  };
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
