import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import type { AwsOtherService } from '@portreeve/execute/testing';

interface Key {
  readonly arn: string;
  readonly materials: Buffer[];
}

/**
 * AWS KMS as its API reference documents it (DescribeKey, Encrypt, Decrypt, ReEncrypt, RotateKeyOnDemand), with keys that
 * really encrypt. It stands in for the real one: its shapes are those of the reference.
 */
export function kmsEngine() {
  const fresh = (): Key => ({
    arn: `arn:aws:kms:eu-central-1:111122223333:key/${randomUUID()}`,
    materials: [randomBytes(32)],
  });
  const keys = [fresh()];
  const state = {
    /** What the alias points to. */
    key: keys[0]!,
    spec: 'SYMMETRIC_DEFAULT',
    faults: [] as string[],
    /** Looks that a rotation takes. */
    slow: 0,
    asked: [] as string[],
  };
  let rotating = -1;

  const idOf = (material: Buffer) => createHash('sha256').update(material).digest('hex');
  const find = (id: string) => (id === 'alias/portreeve' ? state.key : keys.find(({ arn }) => arn === id));
  const contextOf = (context: unknown) => Buffer.from(JSON.stringify(Object.entries(context ?? {}).sort()));
  const seal = ({ arn, materials }: Key, plaintext: Buffer, context: unknown) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', materials.at(-1)!, nonce);
    cipher.setAAD(contextOf(context));
    const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    const head = Buffer.from(`${arn} ${materials.length - 1} `);
    return Buffer.concat([head, sealed]).toString('base64');
  };
  const open = (id: string | undefined, blob: string, context: unknown): Buffer | string => {
    const bytes = Buffer.from(blob, 'base64');
    const text = bytes.toString('latin1');
    const [, arn, material] = /^(arn\S+) (\d+) /.exec(text) ?? [];
    const key = keys.find((each) => each.arn === arn);
    if (!key) return 'InvalidCiphertextException';
    if (id !== undefined && find(id) !== key) return 'IncorrectKeyException';
    const sealed = bytes.subarray(`${arn} ${material} `.length);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.materials[Number(material)]!, sealed.subarray(0, 12));
      decipher.setAAD(contextOf(context));
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      return 'InvalidCiphertextException';
    }
  };

  const fault = (type: string) => ({ status: 400, value: { __type: type, message: 'Something of the account.' } });
  const algorithm = { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
  const operations: Record<string, (body: Record<string, string>) => ReturnType<AwsOtherService['answer']>> = {
    DescribeKey({ KeyId }) {
      const key = find(KeyId!);
      if (!key) return fault('NotFoundException');
      if (rotating >= 0 && rotating-- === 0) key.materials.push(randomBytes(32));
      const value = {
        ...{ AWSAccountId: '111122223333', KeyId: key.arn.split('/')[1], Arn: key.arn, CreationDate: 1.7e9 },
        ...{
          Enabled: true,
          KeyUsage: 'ENCRYPT_DECRYPT',
          KeyState: 'Enabled',
          Origin: 'AWS_KMS',
          KeyManager: 'CUSTOMER',
        },
        ...{ KeySpec: state.spec, EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'], MultiRegion: false },
        CurrentKeyMaterialId: idOf(key.materials.at(-1)!),
      };
      return { status: 200, value: { KeyMetadata: value } };
    },
    Encrypt({ KeyId, Plaintext, EncryptionContext }) {
      const key = find(KeyId!);
      if (!key) return fault('NotFoundException');
      const CiphertextBlob = seal(key, Buffer.from(Plaintext!, 'base64'), EncryptionContext);
      return { status: 200, value: { CiphertextBlob, KeyId: key.arn, ...algorithm } };
    },
    Decrypt({ KeyId, CiphertextBlob, EncryptionContext }) {
      const opened = open(KeyId, CiphertextBlob!, EncryptionContext);
      if (typeof opened === 'string') return fault(opened);
      return { status: 200, value: { Plaintext: opened.toString('base64'), KeyId: find(KeyId!)!.arn, ...algorithm } };
    },
    ReEncrypt({
      CiphertextBlob,
      SourceKeyId,
      SourceEncryptionContext,
      DestinationKeyId,
      DestinationEncryptionContext,
    }) {
      const opened = open(SourceKeyId, CiphertextBlob!, SourceEncryptionContext);
      if (typeof opened === 'string') return fault(opened);
      const key = find(DestinationKeyId!)!;
      const value = { CiphertextBlob: seal(key, opened, DestinationEncryptionContext), KeyId: key.arn };
      return { status: 200, value: { ...value, SourceKeyId: find(SourceKeyId!)!.arn } };
    },
    RotateKeyOnDemand({ KeyId }) {
      rotating = state.slow;
      return { status: 200, value: { KeyId } };
    },
  };

  const service: AwsOtherService = {
    name: 'kms',
    answer(target, body) {
      const operation = /^TrentService\.([A-Za-z]+)$/.exec(target)?.[1] ?? '';
      state.asked.push(operation);
      const refused = state.faults.shift();
      if (refused !== undefined) return fault(refused);
      return operations[operation]?.(JSON.parse(body)) ?? fault('UnknownOperationException');
    },
  };
  return {
    service,
    state,
    /** Puts another key behind the alias, as its owner may. */
    another() {
      state.key = fresh();
      keys.push(state.key);
    },
  };
}
