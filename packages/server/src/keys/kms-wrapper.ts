import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type KeyWrapper, KeyWrapperError, PortreeveError } from '@portreeve/contract';
import { type AwsJsonAnswer, type AwsJsonOptions, awsJson } from '@portreeve/execute';
import { z } from 'zod';
import { askKeeper, KEEPER_TIMEOUT_MS, type Pause } from './ask-keeper.ts';

export interface KmsWrapperOptions extends AwsJsonOptions {
  /** A key id, its ARN, or `alias/NAME`. */
  readonly key_id: string;
  readonly pause?: Pause;
}

/** How often, and after how many milliseconds each, it is looked whether a rotation is done. */
const LOOKS = 10;
const LOOK_EVERY_MS = 500;

const arn = z.string().regex(/^arn:[a-z0-9-]{1,20}:kms:[a-z0-9-]{1,40}:[0-9]{1,20}:key\/[A-Za-z0-9-]{1,100}$/);
const describedSchema = z.object({
  KeyMetadata: z.object({
    Arn: arn,
    KeyUsage: z.string(),
    KeySpec: z.string(),
    /** Of a key whose material rotates. */
    CurrentKeyMaterialId: z
      .string()
      .regex(/^[0-9a-f]{1,128}$/)
      .optional(),
  }),
});
const sealedSchema = z.object({ KeyId: arn, CiphertextBlob: z.base64().min(1) });
const openedSchema = z.object({ KeyId: arn, Plaintext: z.base64().min(1) });
const BUSY = [
  ...['ThrottlingException', 'KMSInternalException', 'DependencyTimeoutException', 'KeyUnavailableException'],
  ...['RequestLimitExceeded', 'LimitExceededException'],
];
/** What AWS answers where what it was given is not what this key wrapped for this place. */
const NOT_OPENED = ['InvalidCiphertextException', 'IncorrectKeyException'];

interface Current {
  readonly arn: string;
  readonly root: string;
}

/**
 * A root key in AWS KMS, which it never leaves; the shapes are those of the API reference (2014-11-01, JSON 1.1). One root
 * key is one material of one key: both another key behind an alias and a rotation on demand make another one. What is
 * wrapped is bound by the encryption context to the SHA-256 digest of its place; CloudTrail shows that digest.
 */
export function kmsKeyWrapper(options: KmsWrapperOptions): KeyWrapper {
  const { key_id, pause } = options;
  const service = awsJson('kms', { timeout_ms: KEEPER_TIMEOUT_MS, ...options });
  let current: Current | null = null;

  async function ask(operation: string, body: object): Promise<string> {
    const { status, text, fault } = await askKeeper<AwsJsonAnswer>(
      () => service.ask(`TrentService.${operation}`, body),
      (answer) => BUSY.includes(answer.fault ?? ''),
      pause,
    );
    if (status === 200) return text;
    if (fault === 'NotFoundException')
      throw new PortreeveError('misconfigured', `AWS KMS has no key ${key_id}.`, {
        next: 'Name a symmetric key of this account and region under `root_keys.keeper.key_id`.',
      });
    if (NOT_OPENED.includes(fault ?? '')) throw new KeyWrapperError(`the key ${key_id} of AWS KMS does not open it`);
    if (operation === 'RotateKeyOnDemand' && status === 400) throw notRotated(key_id, fault);
    throw new KeyWrapperError(`AWS KMS answered ${status}${fault ? ` (${fault})` : ''} to ${operation}`);
  }

  async function look(): Promise<Current> {
    const { KeyMetadata: key } = parsed(describedSchema, await ask('DescribeKey', { KeyId: key_id }));
    if (key.KeyUsage !== 'ENCRYPT_DECRYPT' || key.KeySpec !== 'SYMMETRIC_DEFAULT')
      throw new PortreeveError(
        'misconfigured',
        `The key ${key_id} of AWS KMS cannot wrap keys: it is ${key.KeySpec}.`,
        {
          next: 'Use a symmetric key for encryption (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT).',
        },
      );
    const material = key.CurrentKeyMaterialId;
    current = { arn: key.Arn, root: `aws-kms:${key.Arn}${material === undefined ? '' : `#${material}`}` };
    return current;
  }

  /**
   * INVARIANT: the name was looked up before the wrapping, so that it is never newer than what wrapped: at worst something
   * is wrapped anew once more.
   */
  const rooted = (before: Current, { KeyId, CiphertextBlob }: z.infer<typeof sealedSchema>) => ({
    root: KeyId === before.arn ? before.root : `aws-kms:${KeyId}`,
    wrapped: CiphertextBlob,
  });

  return {
    root: async () => (await look()).root,
    async wrap(key, binding) {
      const before = current ?? (await look());
      const body = {
        KeyId: key_id,
        Plaintext: Buffer.from(key).toString('base64'),
        EncryptionContext: context(binding),
      };
      return rooted(before, parsed(sealedSchema, await ask('Encrypt', body)));
    },
    async unwrap({ root, wrapped }, binding) {
      const body = { KeyId: arnOf(root), CiphertextBlob: wrapped, EncryptionContext: context(binding) };
      return Buffer.from(parsed(openedSchema, await ask('Decrypt', body)).Plaintext, 'base64');
    },
    async rewrap({ root, wrapped }, binding) {
      const before = current ?? (await look());
      const [SourceEncryptionContext, DestinationEncryptionContext] = [context(binding), context(binding)];
      const ends = { SourceKeyId: arnOf(root), DestinationKeyId: key_id };
      const body = { CiphertextBlob: wrapped, ...ends, SourceEncryptionContext, DestinationEncryptionContext };
      return rooted(before, parsed(sealedSchema, await ask('ReEncrypt', body)));
    },
    async rotate() {
      const before = await look();
      await ask('RotateKeyOnDemand', { KeyId: before.arn });
      for (let looked = 0; looked < LOOKS; looked++) {
        const { root } = await look();
        if (root !== before.root) return root;
        await (pause ?? wait)(LOOK_EVERY_MS);
      }
      throw new PortreeveError('conflict', 'AWS KMS has begun to rotate the key and is not done.', {
        next: 'Nothing more needs to be done: every key is wrapped anew within minutes once it is.',
      });
    },
    // KMS keeps every material as long as the key: an earlier key is scheduled for deletion by its owner.
    retire: async () => undefined,
    close: async () => service.forget(),
  };
}

function notRotated(key_id: string, fault: string | null): PortreeveError {
  return new PortreeveError('conflict', `AWS KMS does not rotate the key ${key_id}${fault ? ` (${fault})` : ''}.`, {
    next: 'Let its owner rotate it, or point the alias at another key. Every key is then wrapped anew within minutes.',
  });
}

function context(binding: string): Record<string, string> {
  return { 'portreeve:place': createHash('sha256').update(binding, 'utf8').digest('hex') };
}

function arnOf(root: string): string {
  const found = /^aws-kms:(arn:[^#]+)/.exec(root)?.[1];
  if (found === undefined) throw new KeyWrapperError(`${root} is no key of AWS KMS`);
  return found;
}

/** Nothing of an answer is quoted: it may hold a key. */
function parsed<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new KeyWrapperError('the answer of AWS KMS has not the form that is documented');
  }
}
