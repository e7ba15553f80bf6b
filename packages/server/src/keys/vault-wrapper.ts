import { createHash, timingSafeEqual } from 'node:crypto';
import { type KeyWrapper, KeyWrapperError, PortreeveError } from '@portreeve/contract';
import { type VaultSessionOptions, vaultSession } from '@portreeve/execute';
import { z } from 'zod';
import { askKeeper, KEEPER_TIMEOUT_MS, type Pause } from './ask-keeper.ts';
import { RETIRE_AFTER_MS } from './retire-after.ts';

export interface VaultWrapperOptions extends VaultSessionOptions {
  /** Where the transit engine is mounted. */
  readonly mount: string;
  /** The name of the transit key. */
  readonly key: string;
  readonly pause?: Pause;
}

const DIGEST_BYTES = 32;
/** Authenticated ciphers that transit has, and OpenBao. With any other a wrapped key could be changed unseen. */
const CIPHERS = ['aes128-gcm96', 'aes256-gcm96', 'chacha20-poly1305', 'xchacha20-poly1305'];
const version = z.int().min(0).max(1_000_000);
const keySchema = z.object({
  data: z.object({
    type: z.string(),
    derived: z.boolean().default(false),
    latest_version: version.min(1),
    min_decryption_version: version,
    /** Seconds since the epoch when each version was made. */
    keys: z.record(z.string(), z.number()),
  }),
});
type TransitKey = z.infer<typeof keySchema>['data'];
const CIPHERTEXT = /^vault:v([1-9][0-9]{0,5}):[A-Za-z0-9+/]{1,400}={0,2}$/;
const sealedSchema = z.object({ data: z.object({ ciphertext: z.string().regex(CIPHERTEXT) }) });
const openedSchema = z.object({ data: z.object({ plaintext: z.base64() }) });

/**
 * A root key in the transit engine of HashiCorp Vault or OpenBao, which it never leaves; the shapes are those of its HTTP
 * API documentation. A version of the transit key is one root key. The binding is sealed with each key as its SHA-256
 * digest, and not given as associated data, because transit's `rewrap` takes none: so a rotation shows no key to anybody.
 */
export function vaultKeyWrapper(options: VaultWrapperOptions): KeyWrapper {
  const { mount, key: name, clock, pause } = options;
  const session = vaultSession({ timeout_ms: KEEPER_TIMEOUT_MS, ...options });
  const prefix = `vault:${mount}/${name}:v`;
  let checked = false;
  /** The version for which the vault did not let us retire its predecessors: that is its owner's affair then. */
  let notOurs = 0;

  const ask = (method: 'GET' | 'POST', path: string, body?: object) =>
    askKeeper(
      () => session.ask(method, `${mount}/${path}`, body),
      ({ status }) => status === 429,
      pause,
    );
  const post = async (action: 'encrypt' | 'decrypt' | 'rewrap', body: object): Promise<string> => {
    const { status, text } = await ask('POST', `${action}/${name}`, body);
    if (status === 400 && action !== 'encrypt')
      throw new KeyWrapperError(`the transit key ${name} of the vault does not open it`);
    return accepted(status, text, `${action} by the transit key ${name}`);
  };

  async function read(): Promise<TransitKey> {
    const { status, text } = await ask('GET', `keys/${name}`);
    if (status === 404)
      throw new PortreeveError('misconfigured', `The vault has no transit key ${name} under ${mount}.`, {
        next: `Make it, for this alone: vault write -f ${mount}/keys/${name} type=aes256-gcm96`,
      });
    const key = parsed(keySchema, accepted(status, text, `the transit key ${name}`)).data;
    if (!CIPHERS.includes(key.type) || key.derived)
      throw new PortreeveError('misconfigured', `The transit key ${name} cannot wrap keys: it is ${key.type}.`, {
        next: `Use a key of type ${CIPHERS[1]} that is not derived.`,
      });
    checked = true;
    return key;
  }

  const rooted = (answer: string) => {
    const { ciphertext } = parsed(sealedSchema, answer).data;
    return { root: `${prefix}${CIPHERTEXT.exec(ciphertext)?.[1]}`, wrapped: ciphertext };
  };

  return {
    root: async () => `${prefix}${(await read()).latest_version}`,
    async wrap(key, binding) {
      // Transit makes a key at the first use of its name, where its policy lets it: never here.
      if (!checked) await read();
      const plaintext = Buffer.concat([digest(binding), key]);
      return rooted(await post('encrypt', { plaintext: plaintext.toString('base64') }));
    },
    async unwrap({ wrapped }, binding) {
      const answer = await post('decrypt', { ciphertext: wrapped });
      const bytes = Buffer.from(parsed(openedSchema, answer).data.plaintext, 'base64');
      if (bytes.length <= DIGEST_BYTES || !timingSafeEqual(bytes.subarray(0, DIGEST_BYTES), digest(binding)))
        throw new KeyWrapperError('what the vault opened was wrapped for another place');
      return bytes.subarray(DIGEST_BYTES);
    },
    rewrap: async ({ wrapped }) => rooted(await post('rewrap', { ciphertext: wrapped })),
    async rotate() {
      const { status, text } = await ask('POST', `keys/${name}/rotate`, {});
      if (status === 403)
        throw new PortreeveError('conflict', `The vault does not let Portreeve rotate the transit key ${name}.`, {
          next: `Let its owner do it: vault write -f ${mount}/keys/${name}/rotate. Every key is then wrapped anew within minutes.`,
        });
      if (status !== 204) accepted(status, text, `the rotation of the transit key ${name}`);
      return `${prefix}${(await read()).latest_version}`;
    },
    async retire() {
      const { latest_version: latest, min_decryption_version: least, keys } = await read();
      const made_ms = (keys[latest] ?? Number.POSITIVE_INFINITY) * 1000;
      if (least >= latest || notOurs === latest || clock.now().getTime() - made_ms < RETIRE_AFTER_MS) return;
      const { status, text } = await ask('POST', `keys/${name}/config`, { min_decryption_version: latest });
      if (status === 403) notOurs = latest;
      else if (status !== 204) accepted(status, text, `the settings of the transit key ${name}`);
    },
    close: () => session.close(),
  };
}

function digest(binding: string): Buffer {
  return createHash('sha256').update(binding, 'utf8').digest();
}

function accepted(status: number, text: string, what: string): string {
  if (status !== 200) throw new KeyWrapperError(`the vault answered ${status} for ${what}`);
  return text;
}

/** Nothing of an answer is quoted: it may hold a key. */
function parsed<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new KeyWrapperError('the answer of the vault has not the form that is documented');
  }
}
